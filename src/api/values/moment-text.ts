// A moment as the API sends it: RFC 3339, of milliseconds since 1970.
export const momentText = (ms: number): string => new Date(ms).toISOString();
