// `authentication` (VRRPv2) of an instance, and its combination with `auth_hmac` (keepalived.conf(5)).
import type { Authentication } from '../../../../model/keepalived/instance.js';
import type { Report } from '../../diagnostics/report.js';
import type { Values } from '../../keyword.js';
import { blocksOf, nameOf, placeOf, textOf, wordsOf } from '../../values/values.js';
import { buildHmac, type ReadKeyFile } from './auth-hmac.js';

const NONE: Authentication = { kind: 'none' };

/** The UTF-8 bytes of the text, each as one character. */
const latin1Bytes = (text: string): string => String.fromCharCode(...new TextEncoder().encode(text));

function passwordOf(block: Values, report: Report): string | undefined {
  const text = textOf(block, 'auth_pass');
  if (text === undefined) return undefined;
  const bytes = latin1Bytes(text);
  if (bytes.length <= 8) return bytes;
  report('auth-pass-truncated', placeOf(block, 'auth_pass'));
  return bytes.slice(0, 8);
}

function typeOf(block: Values, name: string, report: Report): 'pass' | 'ah' | undefined {
  const [word] = wordsOf(block, 'auth_type') ?? [];
  if (word === undefined) return undefined;
  if (word.text === 'PASS') return 'pass';
  if (word.text === 'AH') return 'ah';
  report('auth-type-unknown', word.at, { name, word: word.text });
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
  const at = placeOf(instance, 'authentication');
  if (version === 3) report('auth-in-version-3', at, { name });
  else if (strict) report('auth-in-strict-mode', at, { name });
  else if (password === undefined || password === '') report('auth-without-password', at, { name });
  else return { kind, password };
  return NONE;
}

/** How adverts are authenticated. Of the two methods, the stronger one is used. */
export function buildAuthentication(
  instance: Values,
  version: 2 | 3,
  strict: boolean,
  { keyFile, report }: { readonly keyFile: ReadKeyFile | undefined; readonly report: Report },
): Authentication {
  const password = buildPassword(instance, version, strict, report);
  const [block] = blocksOf(instance, 'auth_hmac');
  if (block === undefined) return password;
  if (password.kind !== 'none') report('auth-beside-hmac', placeOf(instance, 'authentication'), { name: nameOf(instance) });
  return buildHmac(instance, block, { strict, keyFile, report }) ?? NONE;
}
