// Words, arguments and times of a haproxy.cfg. Three grammars lie in each other: the words of a line (as a shell's), the arguments of a sample
// expression in a word, and log formats.

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what no quotes can hold
const CONTROLS = /([\x01-\x1f\x7f]+)/;
const isPlain = (text: string): boolean => /^[A-Za-z0-9_./:,+=@^*?-]+$/.test(text);

/** One word of a line. */
export function word(text: string): string {
  if (isPlain(text)) return text;
  const pieces = text.split(CONTROLS).map((piece, index) => {
    if (index % 2 === 0) return piece === '' ? '' : `'${piece.replaceAll("'", "'\\''")}'`;
    return Array.from(piece, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`).join('');
  });
  return pieces.join('') || "''";
}

/** A text as an argument of a converter, within a word. */
export const argument = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** A name as an argument of a sample, within a word. */
export const nameArgument = (name: string): string => (/^[A-Za-z0-9_.-]+$/.test(name) ? name : argument(name));

/** `of`, with everything that matches replaced, all of it with `g`. An expression of PCRE. */
export const replaced = (of: string, pattern: string, by: string, flags = ''): string =>
  `${of},regsub(${argument(pattern)},${argument(by)}${flags === '' ? '' : `,${flags}`})`;

/** A text in a log format. */
export const formatText = (text: string): string => text.replaceAll('%', '%%');

export const timeWord = (us: number): string => `${Math.ceil(us / 1000)}ms`;

/** A condition: a sample is one of these. `method`: str, beg, end, reg, int …; `flags`: such as `-i`. */
export const is = (sample: string, method: string, values: readonly (string | number)[], flags = ''): string =>
  `{ ${word(sample)} -m ${method}${flags === '' ? '' : ` ${flags}`} -- ${values.map((one) => word(String(one))).join(' ')} }`;

export const found = (sample: string): string => `{ ${word(sample)} -m found }`;
export const not = (condition: string): string => `!${condition}`;
