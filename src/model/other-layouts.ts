// What differs between two builds' tables, in words for people.

/** `maps`: their names; none: it is not known which. Empty text then. */
export function otherLayouts(maps: readonly string[]): string {
  if (maps.length === 0) return '';
  const last = maps.at(-1);
  return maps.length === 1 ? `map ${last} has another layout` : `maps ${maps.slice(0, -1).join(', ')} and ${last} have other layouts`;
}
