// Access to JSON of unknown shape, such as that of nft.

export type Json = unknown;

export const isRecord = (value: Json): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Undefined: the text is no JSON. */
export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The value at the end of a path of names; undefined where the path ends before. */
export const field = (value: Json, ...path: readonly string[]): Json =>
  path.reduce((at: Json, name) => (isRecord(at) ? at[name] : undefined), value);

export const textOf = (value: Json): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');
export const listOf = (value: Json): readonly Json[] => (Array.isArray(value) ? value : [value]);
