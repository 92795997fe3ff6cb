// What the name and the value of a header field may be (RFC 9110 §5).

export const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Of each connection or message, and made by each hop itself, in lower case: none can be set. */
export const HOP_FIELDS: readonly string[] = [
  'connection',
  'content-length',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
/** What no value can have: ends of lines and other controls. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be in it
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;

export const isFieldText = (text: string): boolean => !CONTROL.test(text);
