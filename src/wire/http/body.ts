// How long a body is: a number of bytes, or one of these.

/** Its end is in its coding. */
export const CHUNKED = -1;
/** It ends with the connection: responses alone (RFC 9112 §6.3, 8). */
export const UNTIL_CLOSE = -2;
