// What the first bytes of a connection ask for: bpf/director/switch-text.h and switch-hello.h again, as the rules have it and not as the program goes.

export interface Asked {
  readonly host: string;
  /** As far as the table of paths goes. */
  readonly path: string;
}

const NAME_MAX = 63;
export const PATH_MAX = 128;
const EXTENSIONS_MAX = 40;
const NAME = /^[a-z0-9._-]+$/;

/** A field's line: its name, a token (RFC 9110 §5.6.2), and its value, without controls. */
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t -~\x80-\xff]*)$/;
const HOST = /^[ \t]*([A-Za-z0-9._-]*[A-Za-z0-9_-])(?::[0-9]{0,5})?$/;

/** A whole head: a request line, then fields, one of which is Host. Bytes stand as characters. undefined: undecided. */
export function askedByHttp(text: string): Asked | undefined {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = end < 0 ? [] : text.slice(0, end).split('\r\n');
  const [, target] = /^[A-Z]{1,16} (\/[!-~]*) HTTP\/1\.[01]$/.exec(first) ?? [];
  if (target === undefined || target.includes('#')) return undefined;
  const query = target.indexOf('?');
  const path = query < 0 ? target : target.slice(0, query);
  if (/[%\\]|\/[/.]/.test(path)) return undefined;
  const fields = lines.map((line) => FIELD.exec(line));
  if (fields.includes(null)) return undefined;
  const [host, ...others] = fields.flatMap((field) => (field?.[1]?.toLowerCase() === 'host' ? [field[2] ?? ''] : []));
  const [, name] = HOST.exec(host ?? '') ?? [];
  if (name === undefined || others.length > 0 || name.length > NAME_MAX) return undefined;
  return { host: name.toLowerCase(), path: path.slice(0, PATH_MAX) };
}

const RECORDS_MAX = 32;

/** The contents of records of a handshake (RFC 8446, 5.1), one behind the other; undefined: there are others. */
function handshakeOf(bytes: Uint8Array): Uint8Array | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let found = new Uint8Array(0);
  for (let at = 0, k = 0; bytes.length - at > 5 && k < RECORDS_MAX; k++) {
    const length = view.getUint16(at + 3);
    if (bytes[at] !== 22 || bytes[at + 1] !== 3 || length === 0 || length > 16384) return undefined;
    found = Uint8Array.from([...found, ...bytes.subarray(at + 5, at + 5 + length)]);
    at += 5 + length;
    if (found.length >= 4 && found.length >= wholeLength(found)) break;
  }
  return found;
}

const wholeLength = ([, high = 0, middle = 0, low = 0]: Uint8Array): number => 4 + ((high << 16) | (middle << 8) | low);

/** By the structure of a ClientHello (RFC 8446, 4.1.2), of which the first segment may have a part alone. */
export function askedByTls(segment: Uint8Array): Asked | undefined {
  const bytes = handshakeOf(segment);
  if (bytes === undefined || bytes.length < 41 || bytes[0] !== 1) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 38;
  const skip = (size: 1 | 2): boolean => {
    if (at + size > bytes.length) return false;
    at += size + (size === 1 ? view.getUint8(at) : view.getUint16(at));
    return true;
  };
  if (!skip(1) || !skip(2) || !skip(1) || at + 2 > bytes.length) return undefined;
  const end = at + 2 + view.getUint16(at);
  if (end !== wholeLength(bytes)) return undefined;
  at += 2;
  const names: string[] = [];
  for (let k = 0; k < EXTENSIONS_MAX && at + 4 <= Math.min(end, bytes.length); k++) {
    const [kind, length, data] = [view.getUint16(at), view.getUint16(at + 2), at + 4];
    at = data + length;
    if (at > end) return undefined;
    if (kind !== 0) continue;
    if (at > bytes.length || length < 5) return undefined;
    const size = view.getUint16(data + 3);
    if (view.getUint16(data) !== length - 2 || bytes[data + 2] !== 0 || size !== length - 5) return undefined;
    names.push(
      Buffer.from(bytes.subarray(data + 5, data + 5 + size))
        .toString('latin1')
        .toLowerCase(),
    );
  }
  const [name = '', ...others] = names;
  return others.length === 0 && name.length <= NAME_MAX && NAME.test(name) ? { host: name, path: '' } : undefined;
}
