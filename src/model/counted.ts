// A number with its noun, as people write it: `1 service`, `2 services`, `0 addresses`.

/** `many`: the noun's plural, where it is not the noun with an s. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
