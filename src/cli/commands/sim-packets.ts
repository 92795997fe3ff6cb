// weir sim packets: sends a generated load, or a capture, through the director in memory under one or several schedulers and compares them.
// Changes nothing on the host.
import { readFileSync } from 'node:fs';
import type { Family } from '../../model/address.js';
import { parseAddress } from '../../model/address-text.js';
import { counted } from '../../model/counted.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { schedulerNamed, schedulers } from '../../model/schedulers.js';
import { capturedLoad, type Endpoint, generatedLoad, type Sent } from '../../sim/packets/load.js';
import { type Pool, type PoolChange, type PoolServer, parseServer } from '../../sim/packets/pool.js';
import { type Replayed, replay } from '../../sim/packets/replay.js';
import { isSystemError, reasonOf } from '../../sys/errno.js';
import { readCapture } from '../../wire/pcap.js';
import { type Flags, readFlags } from '../flags.js';
import type { Io } from '../io.js';

export const PACKETS_USAGE = `usage: weir sim packets [--schedulers NAME,...] [--servers ADDRESS[*WEIGHT],...] [--json]
                        [--service SERVICE] [--users COUNT] [--requests COUNT] [--seconds COUNT] [--seed SEED]
                        [--remove ADDRESS | --add ADDRESS[*WEIGHT] | --weight ADDRESS*WEIGHT]
                    or: weir sim packets --pcap FILE --service SERVICE [...]
       sends connections of users, or what a capture (pcap, pcapng) has for a service, through the director in memory,
       and prints what each server got by each scheduler (all of them where none is named)
       SERVICE: ADDRESS:PORT of TCP, udp:ADDRESS:PORT or sctp:ADDRESS:PORT; an IPv6 address in brackets
       without --service it is 192.0.2.1:80; without --servers they are 192.0.2.11 to 192.0.2.14, or of an IPv6
       service 2001:db8::11 to 2001:db8::14, of weight 1
       --remove, --add, --weight  a change of the servers, after which the same is sent again: how many clients
                                  then go to another server, and of how many the server serves no more
`;
const TYPES = {
  schedulers: 'value',
  servers: 'value',
  json: 'flag',
  users: 'value',
  requests: 'value',
  seconds: 'value',
  seed: 'value',
  pcap: 'value',
  service: 'value',
  remove: 'value',
  add: 'value',
  weight: 'value',
} as const;

type Given = Flags<typeof TYPES>;

const DEFAULT_SERVICE: Endpoint = { protocol: 'tcp', address: { family: 'inet', words: [0xc0000201] }, port: 80 };
const DEFAULT_SERVERS: Readonly<Record<Family, string>> = {
  inet: '192.0.2.11,192.0.2.12,192.0.2.13,192.0.2.14',
  inet6: '2001:db8::11,2001:db8::12,2001:db8::13,2001:db8::14',
};
const DEFAULTS = { users: 500, requests: 2000, seconds: 60, seed: 1 } as const;
const NUMBERS = ['users', 'requests', 'seconds', 'seed'] as const;
const MOST = { users: 1_000_000, requests: 1_000_000, seconds: 86_400, seed: 0xffff_ffff } as const;

const FAMILIES: Readonly<Record<Family, string>> = { inet: 'IPv4', inet6: 'IPv6' };

function usage(): never {
  throw new WeirError('usage', { usage: PACKETS_USAGE.trimEnd() });
}

function refuse(option: string, expected: string, given: string): never {
  throw new WeirError('option-value', { option, expected, given });
}

function numberOf(flags: Given, name: keyof typeof DEFAULTS): number {
  const text = flags[name];
  if (text === undefined) return DEFAULTS[name];
  const least = name === 'seed' ? 0 : 1;
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return number >= least && number <= MOST[name] ? number : refuse(`--${name}`, `a whole number from ${least} to ${MOST[name]}`, text);
}

function serviceOf(text: string): Endpoint {
  const [, name = 'tcp', six, four = '', digits = ''] = /^(?:(tcp|udp|sctp):)?(?:\[([\da-fA-F.:]+)\]|([\d.]+)):(\d{1,5})$/.exec(text) ?? [];
  const protocol = (['tcp', 'udp', 'sctp'] as const).find((each) => each === name);
  const [address, port] = [parseAddress(six ?? four), Number(digits)];
  if (protocol === undefined || address === undefined || port < 1 || port > 0xffff)
    return refuse('--service', '[udp:|sctp:]ADDRESS:PORT, an IPv6 address in brackets', text);
  return { protocol, address, port };
}

function serverOf(option: string, text: string, { address: { family }, port }: Endpoint): PoolServer {
  return parseServer(text, family, port) ?? refuse(option, `ADDRESS[*WEIGHT] (${FAMILIES[family]}, weight 0 to 65535)`, text);
}

function poolOf(text: string, service: Endpoint): Pool {
  const pool = text.split(',').map((each) => serverOf('--servers', each, service));
  const twice = pool.find((server, index) => pool.findIndex((other) => other.text === server.text) !== index);
  return twice === undefined ? pool : refuse('--servers', 'each address once', text);
}

function changeOf(flags: Given, pool: Pool, service: Endpoint): PoolChange | undefined {
  const given = (['remove', 'add', 'weight'] as const).filter((kind) => flags[kind] !== undefined);
  const [kind] = given;
  if (kind === undefined) return undefined;
  if (given.length > 1) usage();
  const [option, text] = [`--${kind}`, flags[kind] ?? ''];
  const server = serverOf(option, text, service);
  const known = pool.some((each) => each.text === server.text);
  if (known === (kind === 'add'))
    return refuse(option, kind === 'add' ? 'an address that is not a server yet' : 'one of the servers', text);
  return { kind, server };
}

function schedulersOf(text: string | undefined): readonly string[] {
  const all = schedulers.map(({ name }) => name);
  const names = text?.split(',') ?? all;
  const unknown = names.find((name) => schedulerNamed(name) === undefined);
  return unknown === undefined ? names : refuse('--schedulers', `names of ${all.join(', ')}`, unknown);
}

function fileOf(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new WeirError('file-unreadable', { path, why: reasonOf(error) }, { cause: error });
  }
}

interface Load {
  readonly service: Endpoint;
  readonly sent: readonly Sent[];
  readonly text: string;
}

function loadOf(flags: Given): Load {
  const { pcap } = flags;
  const service = flags.service === undefined ? DEFAULT_SERVICE : serviceOf(flags.service);
  if (pcap === undefined) {
    const [users, requests, seconds, seed] = NUMBERS.map((name) => numberOf(flags, name)) as [number, number, number, number];
    const text = `${counted(requests, 'request')} of ${counted(users, 'user')} in ${seconds} s (seed ${seed})`;
    return { service, sent: generatedLoad(service, { users, requests, seconds, seed }), text };
  }
  if (flags.service === undefined || NUMBERS.some((name) => flags[name] !== undefined)) usage();
  const captured = readCapture(fileOf(pcap));
  if (captured === undefined) throw new WeirError('file-unreadable', { path: pcap, why: 'it is neither pcap nor pcapng' });
  const sent = capturedLoad(service, captured);
  if (sent.length === 0) throw new WeirError('capture-without-service', { path: pcap, service: flags.service });
  return { service, sent, text: `${counted(sent.length, 'packet')} of ${pcap} for ${flags.service}` };
}

const percent = (part: number, whole: number): string => `${whole === 0 ? '0.0' : ((part / whole) * 100).toFixed(1)}%`;

/** Columns as wide as their widest cell; the first to the left, the others to the right. */
function tableText(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ');
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('');
}

function resultText(results: readonly Replayed[], pool: Pool, change: PoolChange | undefined): string {
  const moved = change === undefined ? [] : ['moved', 'necessary'];
  const head = ['scheduler', ...pool.map(({ text, spec }) => `${text}*${spec.weight}`), 'connections', 'refused', ...moved];
  const rows = results.map((each) => {
    const shares = each.servers.map(({ connections }) => percent(connections, each.connections));
    const last = each.moved === undefined ? [] : [percent(each.moved.clients, each.clients), percent(each.moved.necessary, each.clients)];
    return [each.scheduler, ...shares, String(each.connections), String(each.refused), ...last];
  });
  return tableText([head, ...rows]);
}

const VERBS = { add: 'added', remove: 'removed', weight: 'with another weight' } as const;

export function runPackets(args: readonly string[], io: Io): number {
  const { flags, words } = readFlags(args, TYPES);
  if (words.length > 0) usage();
  const names = schedulersOf(flags.schedulers);
  const { service, sent, text } = loadOf(flags);
  const pool = poolOf(flags.servers ?? DEFAULT_SERVERS[service.address.family], service);
  const change = changeOf(flags, pool, service);
  const results = names.map((name) => replay(service, pool, name, sent, change));
  if (flags.json) {
    io.out(`${JSON.stringify({ load: text, results })}\n`);
    return 0;
  }
  const again = change === undefined ? '' : `; then the same again, ${change.server.text} ${VERBS[change.kind]}`;
  io.out(`${text}${again}\n\n${resultText(results, pool, change)}`);
  return 0;
}
