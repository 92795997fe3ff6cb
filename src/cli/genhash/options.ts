// genhash's command line: the options of genhash(1), with the messages of keepalived's genhash.
import type { Address } from '../../model/address.js';
import { parseIpv4, parseIpv6 } from '../../model/address-text.js';
import { type Option, type Piece, piecesOf } from '../../model/keepalived/command-line.js';
import type { CheckKind } from '../../model/keepalived/virtual-server.js';

type Protocol = Extract<CheckKind, { kind: 'http' | 'ssl' }>['protocol'];

/** A page, and how it is asked for. */
export interface PageRequest {
  readonly address: Address;
  readonly port: number;
  readonly path: string;
  readonly tls: boolean;
  readonly sni: boolean;
  readonly virtualHost?: string;
  readonly mark: number;
  readonly protocol: Protocol;
  readonly timeoutUs: number;
  readonly verbose: boolean;
}

/** `refused`: these lines, and the usage. */
export type Asked = { readonly kind: 'page'; readonly page: PageRequest } | { readonly kind: 'refused'; readonly lines: readonly string[] };

const flag = (short: string, long: string): Option => ({ short, long, argument: 'none' });
const valued = (short: string, long: string): Option => ({ short, long, argument: 'required' });

export const OPTIONS: readonly Option[] = [
  flag('h', 'help'),
  flag('v', 'verbose'),
  flag('S', 'use-ssl'),
  flag('I', 'use-sni'),
  valued('s', 'server'),
  valued('V', 'use-virtualhost'),
  valued('p', 'port'),
  valued('u', 'url'),
  valued('m', 'fwmark'),
  valued('P', 'protocol'),
  valued('t', 'timeout'),
];

/** keepalived counts microseconds in 32 bits: 71 minutes at most, which is also the default. */
const TIMEOUT_MAX_US = 2 ** 32 - 1;
const US_PER_S = 1_000_000;

type Draft = Partial<PageRequest>;
type Effect = (value: string) => Draft | string;

/** What stands behind the address, `/24` or `-9`, is ignored. */
function server(text: string): Draft | string {
  const [, plain = text] = (text.includes('-') ? /^([^-]*)-/ : /^([^/]*)\//).exec(text) ?? [];
  const address = text.includes(':') ? parseIpv6(plain) : parseIpv4(plain);
  return address === undefined ? `server should be an IP, not ${text}` : { address };
}

function port(text: string): Draft | string {
  const number = /^\s*[+-]?\d+$/.test(text) ? Number(text) : 0;
  return number > 0 && number <= 65535 ? { port: number } : `invalid port number '${text}'`;
}

/** As strtoul(3) reads it: 32 bits of the number; none is 0. */
function mark(text: string): Draft | string {
  const digits = /^[ \t]*\+?(\d*)$/.exec(text)?.[1];
  return digits === undefined ? `invalid fwmark '${text}'` : { mark: Number(BigInt.asUintN(32, BigInt(digits))) };
}

const PROTOCOLS: Readonly<Record<string, Protocol>> = { '1.0': '1.0', '1.0c': '1.0C', '1.0C': '1.0C', '1.1': '1.1' };

function protocol(text: string): Draft | string {
  const known = PROTOCOLS[text];
  return known === undefined ? `invalid HTTP protocol version '${text}'` : { protocol: known };
}

function timeout(text: string): Draft | string {
  const digits = /^[ \t]*\+?(\d+)$/.exec(text)?.[1];
  return digits === undefined ? `invalid timeout '${text}'` : { timeoutUs: Math.min(Number(digits) * US_PER_S, TIMEOUT_MAX_US) };
}

const EFFECTS: Readonly<Record<string, Effect>> = {
  v: () => ({ verbose: true }),
  S: () => ({ tls: true }),
  I: () => ({ sni: true }),
  s: server,
  V: (virtualHost) => ({ virtualHost }),
  p: port,
  u: (path) => ({ path }),
  m: mark,
  P: protocol,
  t: timeout,
};

/** What is wrong with a piece in getopt's own eyes; keepalived's genhash goes on behind it. */
function complaint(piece: Exclude<Piece, { kind: 'word' }>): string | undefined {
  if (piece.kind === 'unknown') return `Unknown option ${piece.word.startsWith('--') ? piece.word : piece.text}`;
  if (piece.kind === 'missing') return `Missing parameter for option ${piece.text}`;
  return piece.excess === undefined ? undefined : `Unknown option ${piece.text}=${piece.excess}`;
}

/** `args`: what stands behind the name, and is all there is. One word alone asks for nothing that could be done. */
export function readOptions(args: readonly string[], wordCount = args.length): Asked {
  const refused = (...lines: readonly string[]): Asked => ({ kind: 'refused', lines });
  if (wordCount < 2) return refused();
  const lines: string[] = [];
  const unexpected: string[] = [];
  let draft: Draft = {};
  let help = false;
  for (const piece of piecesOf(args, OPTIONS)) {
    if (piece.kind === 'word') {
      unexpected.push(piece.word);
      continue;
    }
    const wrong = complaint(piece);
    if (wrong !== undefined) lines.push(wrong);
    else if (piece.kind === 'option') {
      const letter = piece.option.short ?? '';
      if (letter === 'h') help = true;
      const effect = EFFECTS[letter]?.(piece.value ?? '') ?? {};
      if (typeof effect === 'string') return refused(...lines, effect);
      draft = { ...draft, ...effect };
    }
  }
  if (help || lines.length > 0) return refused(...lines);
  if (unexpected.length > 0) return refused(`Unexpected argument(s): ${unexpected.join(' ')}`);
  const { address, port: number, path } = draft;
  if (address === undefined || number === undefined || path === undefined) return refused();
  const page: PageRequest = {
    tls: false,
    sni: false,
    mark: 0,
    protocol: '1.0',
    timeoutUs: TIMEOUT_MAX_US,
    verbose: false,
    ...draft,
    address,
    port: number,
    path,
  };
  return { kind: 'page', page };
}
