// The Call-ID of a SIP message (RFC 3261, 20.8 and 25.1), by which the persistence engine for SIP (--pe sip) knows a call.

const latin1 = new TextDecoder('latin1');
/** Bytes of a message that are searched. */
const SEARCHED_BYTES = 4096;
const ID_MAX_BYTES = 255;
/** Characters behind the names of its headers that are looked at. */
const STEPS_MAX = 512;

/** What a word of a header is made of. */
const WORD = '[A-Za-z0-9\\-.!%*_+`\'~()<>:\\\\"/[\\]?{}]';

/** Of a header behind the first line. Lines end with CR, LF or both. */
const NAME = /(?<=[\r\n])(?:call-id|i(?=[ \t:]))/gi;

/** As much as can stand behind the name; the value may begin in a folded line. The next character decides. */
const REST = new RegExp(`[ \\t]*(?::(?:[ \\t]|[\\r\\n]+[ \\t])*(?:[\\r\\n]+|(${WORD}+(?:@${WORD}*)?))?)?`, 'y');

const isWhole = (id: string): boolean => id !== '' && !id.endsWith('@') && id.length <= ID_MAX_BYTES;

/** undefined: the datagram is no SIP message with a Call-ID. */
export function callIdOf(message: Uint8Array): string | undefined {
  const text = latin1.decode(message.subarray(0, SEARCHED_BYTES));
  let steps = 0;
  NAME.lastIndex = 0;
  while (NAME.test(text)) {
    REST.lastIndex = NAME.lastIndex;
    const [rest, id = ''] = REST.exec(text) ?? [''];
    NAME.lastIndex += rest.length;
    steps += rest.length - Math.max(0, id.length - ID_MAX_BYTES) + 1;
    if (steps > STEPS_MAX) return undefined;
    if (isWhole(id) && /[\r\n]/.test(text[NAME.lastIndex] ?? '')) return id;
  }
  return undefined;
}
