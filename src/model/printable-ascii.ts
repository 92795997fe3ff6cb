// Text of others in an answer or a log line: printable ASCII alone.

/** Each other character, also of a line's end, is shown as `?`. */
export const printableAscii = (text: string): string => text.replace(/[^ -~]/g, '?');
