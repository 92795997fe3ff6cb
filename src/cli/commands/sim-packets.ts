// weir sim packets: sends a generated load, or a capture, through the director in memory under one or several schedulers and compares them.
// Changes nothing on the host.
import { readFileSync } from 'node:fs';
import { parseIpv4 } from '../../model/address-text.js';
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
                        [--users COUNT] [--requests COUNT] [--seconds COUNT] [--seed SEED]
                        [--pcap FILE --service [udp:]ADDRESS:PORT]
                        [--remove ADDRESS | --add ADDRESS[*WEIGHT] | --weight ADDRESS*WEIGHT]
       sends connections of users, or what a capture (pcap, pcapng) has for a service, through the director in memory,
       and prints what each server got by each scheduler (all of them where none is named)
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
const DEFAULT_SERVERS = '192.0.2.11,192.0.2.12,192.0.2.13,192.0.2.14';
const DEFAULTS = { users: 500, requests: 2000, seconds: 60, seed: 1 } as const;
const MOST = { users: 1_000_000, requests: 1_000_000, seconds: 86_400, seed: 0xffff_ffff } as const;

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
  const [, protocol = 'tcp', host = '', port = ''] = /^(?:(tcp|udp):)?([\d.]+):(\d{1,5})$/.exec(text) ?? [];
  const address = parseIpv4(host);
  if (address === undefined || Number(port) < 1 || Number(port) > 0xffff) return refuse('--service', '[udp:]ADDRESS:PORT (IPv4)', text);
  return { protocol: protocol === 'udp' ? 'udp' : 'tcp', address, port: Number(port) };
}

function serverOf(option: string, text: string, port: number): PoolServer {
  return parseServer(text, port) ?? refuse(option, 'ADDRESS[*WEIGHT] (IPv4, weight 0 to 65535)', text);
}

function poolOf(text: string, port: number): Pool {
  const pool = text.split(',').map((each) => serverOf('--servers', each, port));
  const twice = pool.find((server, index) => pool.findIndex((other) => other.text === server.text) !== index);
  return twice === undefined ? pool : refuse('--servers', 'each address once', text);
}

function changeOf(flags: Given, pool: Pool, port: number): PoolChange | undefined {
  const given = (['remove', 'add', 'weight'] as const).filter((kind) => flags[kind] !== undefined);
  const [kind] = given;
  if (kind === undefined) return undefined;
  if (given.length > 1) throw new WeirError('usage', { usage: PACKETS_USAGE.trimEnd() });
  const [option, text] = [`--${kind}`, flags[kind] ?? ''];
  const server = serverOf(option, text, port);
  const known = pool.some((each) => each.text === server.text);
  if (known === (kind === 'add'))
    return refuse(option, kind === 'add' ? 'an address that is not a server yet' : 'one of the servers', text);
  return { kind, server };
}

function schedulersOf(text: string | undefined): readonly string[] {
  const names = text?.split(',') ?? schedulers.map(({ name }) => name);
  const unknown = names.find((name) => schedulerNamed(name) === undefined);
  if (unknown !== undefined) throw new WeirError('scheduler-unknown', { scheduler: unknown });
  return names;
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
  if ((pcap === undefined) !== (flags.service === undefined)) throw new WeirError('usage', { usage: PACKETS_USAGE.trimEnd() });
  if (pcap === undefined) {
    const [users, requests, seconds, seed] = (['users', 'requests', 'seconds', 'seed'] as const).map((name) => numberOf(flags, name)) as [
      number,
      number,
      number,
      number,
    ];
    const text = `${counted(requests, 'request')} of ${counted(users, 'user')} in ${seconds} s (seed ${seed})`;
    return { service: DEFAULT_SERVICE, sent: generatedLoad(DEFAULT_SERVICE, { users, requests, seconds, seed }), text };
  }
  const service = serviceOf(flags.service ?? '');
  const captured = readCapture(fileOf(pcap));
  if (captured === undefined) throw new WeirError('file-unreadable', { path: pcap, why: 'it is neither pcap nor pcapng' });
  const sent = capturedLoad(service, captured);
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
  if (words.length > 0) throw new WeirError('usage', { usage: PACKETS_USAGE.trimEnd() });
  const names = schedulersOf(flags.schedulers);
  const { service, sent, text } = loadOf(flags);
  const pool = poolOf(flags.servers ?? DEFAULT_SERVERS, service.port);
  const change = changeOf(flags, pool, service.port);
  const results = names.map((name) => replay(service, pool, name, sent, change));
  if (flags.json) {
    io.out(`${JSON.stringify({ load: text, results })}\n`);
    return 0;
  }
  const again = change === undefined ? '' : `; then the same again, ${change.server.text} ${VERBS[change.kind]}`;
  io.out(`${text}${again}\n\n${resultText(results, pool, change)}`);
  return 0;
}
