// What was thrown, in words.

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Of a mistake of weir's own: all that is known, for the log. */
export const mistakeText = (error: unknown): string =>
  `unexpected error, please report it: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
