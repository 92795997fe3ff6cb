// Optional properties that are absent instead of undefined, as exactOptionalPropertyTypes requires.

/** An object with `key` if there is a value, else an empty one. */
export const optional = <K extends string, T>(key: K, value: T | undefined): { readonly [P in K]?: T } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: T };
