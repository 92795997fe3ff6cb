// Words of a shell's command line, for commands that a person copies: the name of an interface may hold `;` or `$(…)`.

/** Quotes a text, so that a shell reads it as one word whatever stands in it. */
export const shellQuoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** A text as one word of a shell: quoted only where a character of it may have a meaning to the shell. */
export const shellWord = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : shellQuoted(word));
