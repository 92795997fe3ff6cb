// Optional properties: absent rather than undefined, as exactOptionalPropertyTypes wants them.

/** An object with `key` where there is a value, else an empty one. */
export const optional = <K extends string, T>(key: K, value: T | undefined): { readonly [P in K]?: T } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: T };
