// A number with its noun, as people write it: `1 service`, `2 services`, `0 addresses`; and a long list: `A, B and 3 more`.

/** `many`: the noun's plural, where it is not the noun with an s. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** The first `max` of a list; how many more there are is counted. */
export const someOf = (texts: readonly string[], max: number): string =>
  `${texts.slice(0, max).join(', ')}${texts.length > max ? ` and ${texts.length - max} more` : ''}`;
