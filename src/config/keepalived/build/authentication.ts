// `authentication` (VRRPv2) and `auth_hmac` of an instance (keepalived.conf(5)).
import type { Authentication } from '../../../model/keepalived/instance.js';
import type { Report, Value, Values, Word } from '../keyword.js';
import { readWhole } from '../number.js';
import { tellError } from './tell.js';
import { allOf, blocksOf, has, lastOf, nameOf, numberOf, placeOf, textOf, wordsOf } from './values.js';

const NONE: Authentication = { kind: 'none' };

/** The bytes of the text, as the file has them (UTF-8), one character each. */
const latin1Bytes = (text: string): string => String.fromCharCode(...new TextEncoder().encode(text));

function passwordOf(block: Values, report: Report): string | undefined {
  const text = textOf(block, 'auth_pass');
  if (text === undefined) return undefined;
  const bytes = latin1Bytes(text);
  if (bytes.length <= 8) return bytes;
  tellError(
    report,
    placeOf(block, 'auth_pass'),
    'Truncating auth_pass to 8 characters',
    'VRRPv2 has room for eight bytes; the rest is not compared',
  );
  return bytes.slice(0, 8);
}

function typeOf(block: Values, name: string, report: Report): 'pass' | 'ah' | undefined {
  const [word] = wordsOf(block, 'auth_type') ?? [];
  if (word === undefined) return undefined;
  if (word.text === 'PASS') return 'pass';
  if (word.text === 'AH') return 'ah';
  tellError(report, word.at, `(${name}) unknown authentication type '${word.text}'`, 'PASS or AH');
  return undefined;
}

/** The password of VRRPv2; version 3 and strict mode have none. */
function buildPassword(instance: Values, version: 2 | 3, strict: boolean, report: Report): Authentication {
  const name = nameOf(instance);
  let [kind, password]: [ReturnType<typeof typeOf>, string | undefined] = [undefined, undefined];
  for (const block of blocksOf(instance, 'authentication')) {
    kind = typeOf(block, name, report) ?? kind;
    password = passwordOf(block, report) ?? password;
  }
  if (kind === undefined) return NONE;
  const say = (text: string, hint?: string): void => tellError(report, placeOf(instance, 'authentication'), `(${name}) ${text}`, hint);
  if (version === 3)
    say('VRRP version 3 does not support authentication. Ignoring.', 'both nodes must agree; auth_hmac authenticates version 3');
  else if (strict) say('Strict mode does not support authentication. Ignoring.', 'both nodes must agree, or each will be master');
  else if (password === undefined || password === '') say('Authentication specified but no password given. Ignoring');
  else return { kind, password };
  return NONE;
}

/** `key ID KEY`: text, `hex:` digits or `file:` path, 32 to 64 bytes. */
function readKey(
  value: Value,
  name: string,
  report: Report,
): { readonly id: number; readonly hex?: string; readonly file?: string } | undefined {
  const [idWord, keyWord] = value.value as readonly Word[];
  if (idWord === undefined || keyWord === undefined) return undefined;
  const { value: id, problem } = readWhole(idWord.text, { min: 0, max: 255 });
  if (id === undefined) {
    tellError(report, idWord.at, problem ?? '');
    return undefined;
  }
  const text = keyWord.text;
  if (text.startsWith('file:')) return { id, file: text.slice('file:'.length) };
  const bytes = text.startsWith('hex:') ? text.slice('hex:'.length) : hexOf(text);
  if (/^(?:[0-9a-fA-F]{2}){32,64}$/.test(bytes)) return { id, hex: bytes.toLowerCase() };
  tellError(
    report,
    keyWord.at,
    `(${name}) auth_hmac key ${id} is not 32 to 64 bytes - ignoring`,
    'make one with: openssl rand -hex 32, and write hex:DIGITS',
  );
  return undefined;
}

const hexOf = (text: string): string =>
  [...latin1Bytes(text)].map((character) => character.charCodeAt(0).toString(16).padStart(2, '0')).join('');

function buildHmac(instance: Values, block: Values, report: Report): Authentication {
  const name = nameOf(instance);
  const keys = allOf(block, 'key')
    .map((value) => readKey(value, name, report))
    .filter((key) => key !== undefined);
  const activeKey = numberOf(block, 'active_key') ?? keys[0]?.id;
  if (activeKey === undefined || !keys.some((key) => key.id === activeKey)) {
    tellError(
      report,
      lastOf(block, 'active_key')?.at ?? block.at,
      `(${name}) auth_hmac has no key to send with - ignoring`,
      'give key ID VALUE and active_key ID',
    );
    return NONE;
  }
  const mode = textOf(block, 'mode');
  return {
    kind: 'hmac',
    keys,
    activeKey,
    antiReplay: textOf(block, 'anti_replay') === 'monotonic' ? 'monotonic' : 'time',
    timeWindowUs: numberOf(block, 'time_window') ?? 10_000_000,
    mode: mode === 'permissive' || mode === 'receive-only' ? mode : 'enforce',
  };
}

/** How adverts are authenticated. The two ways exclude each other; the stronger one stays. */
export function buildAuthentication(instance: Values, version: 2 | 3, strict: boolean, report: Report): Authentication {
  const hmac = blocksOf(instance, 'auth_hmac').at(-1);
  if (hmac === undefined) return buildPassword(instance, version, strict, report);
  const name = nameOf(instance);
  if (has(instance, 'authentication')) {
    tellError(
      report,
      placeOf(instance, 'authentication'),
      `(${name}) authentication and auth_hmac exclude each other - ignoring authentication`,
    );
  }
  if (!strict) return buildHmac(instance, hmac, report);
  tellError(report, hmac.at, `(${name}) Strict mode does not support authentication. Ignoring.`);
  return NONE;
}
