// `auth_hmac` of an instance (keepalived.conf(5), since 2.4): its keys, the signing key, and which adverts are accepted.
import { hexOf } from '../../../../model/hex.js';
import type { Authentication } from '../../../../model/keepalived/instance.js';
import { type Report, reportProblem } from '../../diagnostics/report.js';
import type { Value, Values, Word } from '../../keyword.js';
import { readWhole } from '../../values/number.js';
import { allOf, lastOf, nameOf, numberOf, textOf } from '../../values/values.js';

type Hmac = Extract<Authentication, { kind: 'hmac' }>;
type Key = Hmac['keys'][number];

/** The maximum size of a key file: 64 bytes as `hex:` digits, with line ends. */
export const KEY_FILE_BYTES_MAX = 138;
const KEY_BYTES = { min: 32, max: 64 } as const;

/** The contents of a key file. `exposed`: others than its owner may read or write it. */
export type KeyFile =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly exposed: boolean }
  /** It is larger than KEY_FILE_BYTES. */
  | { readonly kind: 'large'; readonly exposed: boolean }
  | { readonly kind: 'failed'; readonly reason: string };

/** Reads the host's file for `key ID file:PATH`. */
export type ReadKeyFile = (path: string) => KeyFile;

interface Reading {
  readonly name: string;
  readonly report: Report;
  readonly keyFile: ReadKeyFile | undefined;
}

/** Pairs of hexadecimal digits, with or without blanks in between; a single digit before a blank or the end is a byte. */
function readDigits(text: string): Uint8Array {
  const pairs = text.match(/[^ \t](?:[^ ])?/g) ?? [];
  return pairs.every((pair) => /^[0-9a-f]{1,2}$/i.test(pair))
    ? Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16))
    : new Uint8Array(0);
}

const HEX_PREFIX = 'hex:';

/** The bytes of a key: `hex:` and digits, or the characters themselves. */
function readKeyBytes(written: Uint8Array): Uint8Array {
  const text = String.fromCharCode(...written);
  return text.startsWith(HEX_PREFIX) ? readDigits(text.slice(HEX_PREFIX.length)) : written;
}

/** The contents of a file up to a NUL, without trailing line ends. */
function lineOf(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d)) end--;
  const nul = bytes.indexOf(0);
  return bytes.subarray(0, nul === -1 ? end : Math.min(nul, end));
}

/** The key in a file; undefined, and reported, if it is unusable. */
function readFromFile(path: string, at: Word, { name, report, keyFile }: Reading): Uint8Array {
  const none = new Uint8Array(0);
  const file = keyFile?.(path);
  if (file === undefined) return none;
  if (file.kind === 'failed') {
    report('hmac-key-file-unreadable', at.at, { name, path, hint: file.reason });
    return none;
  }
  if (file.exposed) report('hmac-key-file-open-to-others', at.at, { name, path });
  if (file.kind === 'bytes') return readKeyBytes(lineOf(file.bytes));
  report('hmac-key-file-large', at.at, { name, path, max: KEY_BYTES.max });
  return none;
}

const FILE_PREFIX = 'file:';

/** `key ID KEY`; undefined, and reported, if it is invalid. */
function readKey(value: Value, reading: Reading): Key | undefined {
  const [idWord, keyWord] = value.value as readonly Word[];
  if (idWord === undefined || keyWord === undefined) return undefined;
  const { name, report, keyFile } = reading;
  const { value: id, problem } = readWhole(idWord.text, { min: 1, max: 255 });
  if (id === undefined) {
    if (problem !== undefined) reportProblem(report, idWord.at, problem);
    report('hmac-key-id-range', idWord.at, { name, word: idWord.text });
    return undefined;
  }
  const file = keyWord.text.startsWith(FILE_PREFIX) ? keyWord.text.slice(FILE_PREFIX.length) : undefined;
  if (file !== undefined && keyFile === undefined) return { id, file };
  const bytes = file === undefined ? readKeyBytes(new TextEncoder().encode(keyWord.text)) : readFromFile(file, keyWord, reading);
  if (bytes.length >= KEY_BYTES.min && bytes.length <= KEY_BYTES.max) {
    return { id, hex: hexOf(bytes), ...(file === undefined ? {} : { file }) };
  }
  report('hmac-key-invalid', keyWord.at, { name, id, length: bytes.length, min: KEY_BYTES.min, max: KEY_BYTES.max });
  return undefined;
}

/** The keys in the order of the file; of two with one id, the first counts. */
function readKeys(block: Values, reading: Reading): readonly Key[] {
  const keys: Key[] = [];
  for (const value of allOf(block, 'key')) {
    const key = readKey(value, reading);
    if (key === undefined) continue;
    if (keys.some(({ id }) => id === key.id)) {
      reading.report('hmac-key-id-twice', value.at, { name: reading.name, id: key.id });
    } else keys.push(key);
  }
  return keys;
}

function modeOf(instance: Values, block: Values, strict: boolean, report: Report): Hmac['mode'] {
  const mode = textOf(block, 'mode') as Hmac['mode'] | undefined;
  if (!strict || mode === undefined || mode === 'enforce') return mode ?? 'enforce';
  report('hmac-strict-mode', lastOf(block, 'mode')?.at ?? block.at, { name: nameOf(instance) });
  return 'enforce';
}

/** Undefined, and reported, if there is no key to sign with: the instance then runs without. `timeWindowUs` 0: see withTimeWindow. */
export function buildHmac(
  instance: Values,
  block: Values,
  { strict, keyFile, report }: { readonly strict: boolean; readonly keyFile: ReadKeyFile | undefined; readonly report: Report },
): Hmac | undefined {
  const name = nameOf(instance);
  const keys = readKeys(block, { name, report, keyFile });
  const activeKey = numberOf(block, 'active_key') ?? 0;
  if (!keys.some((key) => key.id === activeKey)) {
    report('hmac-active-key-missing', lastOf(block, 'active_key')?.at ?? block.at, { name, key: activeKey });
    return undefined;
  }
  const antiReplay = textOf(block, 'anti_replay') === 'monotonic' ? 'monotonic' : 'time';
  const timeWindowUs = (numberOf(block, 'time_window') ?? 0) * 1_000_000;
  return { kind: 'hmac', keys, activeKey, antiReplay, timeWindowUs, mode: modeOf(instance, block, strict, report) };
}

/** Sets a time_window that the file does not name: three advert intervals in whole seconds, 5 to 300. */
export function withTimeWindow(authentication: Authentication, advertUs: number): Authentication {
  if (authentication.kind !== 'hmac' || authentication.timeWindowUs > 0) return authentication;
  const window = Math.min(Math.max(3 * Math.floor(advertUs / 1_000_000), 5), 300);
  return { ...authentication, timeWindowUs: window * 1_000_000 };
}
