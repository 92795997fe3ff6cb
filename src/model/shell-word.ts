// Words of a shell's command line, for commands that a person copies: the name of an interface may hold `;` or `$(…)`.

/** As one word, whatever stands in it. */
export const shellQuoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** The same, bare where nothing in it has a meaning to the shell. */
export const shellWord = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : shellQuoted(word));
