// Values compared by their texts.

/** Equal texts for equal values. */
export function valueText(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));
}
