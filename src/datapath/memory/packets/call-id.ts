// The Call-ID of a SIP message (RFC 3261, 20.8 and 25.1), by which the persistence engine for SIP (--pe sip) knows a call.

const latin1 = new TextDecoder('latin1');
/** Bytes of a message that are searched. */
const SEARCHED_BYTES = 4096;
const ID_MAX_BYTES = 255;

/** What a word of a header is made of. */
const WORD = '[A-Za-z0-9\\-.!%*_+`\'~()<>:\\\\"/[\\]?{}]+';

/** A header behind the first line; its value may begin in a folded line. Lines end with CR, LF or both. */
const HEADER = new RegExp(`(?<=[\\r\\n])(?:call-id|i)[ \\t]*:[ \\t]*(?:[\\r\\n]+[ \\t]+)*(${WORD}(?:@${WORD})?)(?=[\\r\\n])`, 'gi');

/** undefined: the datagram is no SIP message with a Call-ID. */
export function callIdOf(message: Uint8Array): string | undefined {
  const text = latin1.decode(message.subarray(0, SEARCHED_BYTES));
  for (const [, id = ''] of text.matchAll(HEADER)) if (id.length <= ID_MAX_BYTES) return id;
  return undefined;
}
