/** What a table has of a name that a file or a user has chosen: none of `constructor` and the like. */
export const entryOf = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;
