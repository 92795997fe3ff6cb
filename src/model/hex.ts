// Bytes in hexadecimal.

/** Two lower-case digits a byte, with nothing in between unless it is given. */
export function hexOf(bytes: Iterable<number>, between = ''): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(between);
}
