// What `weir explain` makes of a frame before the loaded programs meet it, held against what they then do with it.
import assert from 'node:assert/strict';
import { type Chance, type ExplainedPacket, explainPacket, type Hook as LiveHook } from '../../src/datapath/ebpf/explain/explain-packet.js';
import { Fib } from '../../src/datapath/ebpf/explain/fib.js';
import { LiveEnvironment } from '../../src/datapath/ebpf/explain/live-environment.js';
import { Tables } from '../../src/datapath/ebpf/table/tables.js';
import type { Frame } from '../../src/datapath/memory/packets/packet-director.js';
import { parseFrame } from '../../src/datapath/memory/packets/parse.js';
import { type Schedule, type Start, schedulers } from '../../src/datapath/schedule/index.js';
import { eligible } from '../../src/datapath/schedule/scheduler.js';
import type { Family } from '../../src/model/address.js';
import { IpProtocol } from '../../src/model/ip-protocol.js';
import { using } from '../../src/sys/fd.js';
import { Netlink } from '../../src/sys/netlink/netlink.js';
import { decodeLink, dumpLinks } from '../../src/wire/rtnetlink-link.js';
import type { Bed } from './bed.js';
import { FAR_END } from './fixtures/bed-addresses.js';
import type { Hook } from './fixtures/fixture.js';
import type { Outcome } from './verdict.js';

const HOOKS: Readonly<Record<Hook, LiveHook>> = {
  ingress: 'ingress',
  xdp: 'ingress',
  egress: 'egress',
  mark: 'marked',
  accepted: 'accepted',
};

/** With an ICMP error, which may be one too many. */
const ANSWERED: ReadonlySet<string> = new Set(['no_destination', 'no_route', 'ttl', 'nat_icmp_send']);

/** twos, as if it had drawn the destination at this place of those that can be chosen. */
function drawn(place: number): ReadonlyMap<string, Start> {
  const start = (): Schedule => ({
    scheduler: 'twos',
    flags: 0,
    added: start,
    deleted: start,
    edited: start,
    flagged: start,
    pick: (list) => ({ id: list.filter(eligible)[place]?.id ?? null, next: start() }),
  });
  return new Map([...schedulers, ['twos', start]]);
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What one may see of an outcome; a frame that is dropped does not count. */
const seen = ({ verdict, frame }: Pick<Outcome, 'verdict' | 'frame'>, reasons: readonly string[]): readonly string[] => [
  verdict,
  verdict === 'drop' ? '' : hex(frame),
  [...reasons].sort().join(' '),
];

/** Behind the IP header, where a packet's checksum is, and its bytes; and where that header begins. */
const SUMS = new Map([
  [IpProtocol.tcp as number, [16, 2]],
  [IpProtocol.udp, [6, 2]],
  [IpProtocol.sctp, [8, 4]],
] as const);
const [IP_AT, TCP_WORDS_AT] = [14, 12] as const;

/** A line of FTP with its client's endpoint, and what is before and behind it; the words of the IP header with its length and checksum. */
const ENDPOINT_LINE = /(^|\n)(PORT|EPRT) [^\r]*\r/i;
const LENGTHS: Readonly<Record<Family, readonly number[]>> = { inet: [2, 10], inet6: [4] };

/** FULLNAT: which local port a connection gets is known only once it has it, and also what a line of FTP is then that names it. */
function withoutPort(outcome: Outcome): Outcome {
  const frame = outcome.frame.slice();
  const { packet } = parseFrame(frame, 0);
  if (packet === undefined) return outcome;
  const [at, bytes] = SUMS.get(packet.protocol) ?? [0, 0];
  const from = IP_AT + packet.header;
  frame.fill(0, from, from + 2).fill(0, from + at, from + at + bytes);
  if (packet.protocol !== IpProtocol.tcp) return { ...outcome, frame };
  const data = from + ((frame[from + TCP_WORDS_AT] ?? 0) >> 4) * 4;
  const line = ENDPOINT_LINE.exec(String.fromCharCode(...frame.subarray(data)));
  if (line === null) return { ...outcome, frame };
  for (const word of LENGTHS[packet.family]) frame.fill(0, IP_AT + word, IP_AT + word + 2);
  const behind = frame.subarray(data + line.index + line[0].length);
  return { ...outcome, frame: Uint8Array.from([...frame.subarray(0, data + line.index), ...behind]) };
}

type Explain = (chance: Partial<Chance>) => ExplainedPacket;

/** What twos may draw. */
function draws({ events }: ExplainedPacket): readonly Partial<Chance>[] {
  const scheduled = events.find((event) => event.kind === 'scheduled');
  if (scheduled?.service.schedule?.scheduler !== 'twos') return [];
  return scheduled.list.filter(eligible).map((_, place) => ({ starts: drawn(place) }));
}

/** What was explained by a chance, and the same where there were too many ICMP errors, or where FULLNAT passes over ports. */
function* withLimits(found: ExplainedPacket, chance: Partial<Chance>, by: Explain): Generator<ExplainedPacket> {
  yield found;
  if (found.reasons.some((reason) => ANSWERED.has(reason))) yield by({ ...chance, icmpAllowed: () => false });
  if (found.mayPassOver) {
    yield by({ ...chance, passesOver: () => true });
    yield by({ ...chance, passesOver: () => true, givesWay: () => false });
  }
  if (found.reasons.includes('local_port_replaced')) yield by({ ...chance, givesWay: () => false });
}

export class Explainer {
  readonly #fib = new Fib();
  readonly #environment: LiveEnvironment;
  readonly #tables: Tables;

  constructor({ folder }: Bed) {
    this.#tables = Tables.readable(folder);
    const links = using(new Netlink(), (netlink) => netlink.dump(dumpLinks(), decodeLink, 'list the interfaces'));
    this.#environment = new LiveEnvironment(this.#tables, this.#fib, links);
  }

  /** Returns the check of what the programs then did: they must have done one of the things that may happen. */
  explain(hook: Hook, frame: Frame): (loaded: Outcome, counted: readonly string[]) => void {
    const met = hook === 'accepted' ? { ...frame, device: FAR_END } : frame;
    const possible = [...this.#possible(HOOKS[hook], met)].map(({ outcome, reasons, makesFlow }) => {
      const shown = makesFlow ? withoutPort : (each: Outcome): Outcome => each;
      return { shown, expected: seen(shown({ ...outcome, kernelResolves: true }), reasons) };
    });
    return (loaded, counted) => {
      if (possible.some(({ shown, expected }) => expected.join() === seen(shown(loaded), counted).join())) return;
      const { shown, expected } = possible[0] ?? assert.fail('nothing was explained');
      assert.deepEqual(expected, seen(shown(loaded), counted), `explained, of the programs, of ${hex(frame.bytes)} by ${frame.device}`);
    };
  }

  close(): void {
    this.#fib.close();
  }

  /** First what is explained, then what chance may make of it: of each draw of twos, where the probe of a full table ends early, or not. */
  *#possible(hook: LiveHook, frame: Frame): Generator<ExplainedPacket> {
    const by: Explain = (chance) => explainPacket(this.#tables, this.#environment, hook, frame, chance);
    const first = by({});
    yield* withLimits(first, {}, by);
    const ends = first.events.length > 0 ? [{}, { endsEarly: () => true }] : [{}];
    for (const start of [{}, ...draws(first)])
      for (const end of ends) {
        const chance = { ...start, ...end };
        if (Object.keys(chance).length > 0) yield* withLimits(by(chance), chance, by);
      }
    if (first.director.settings.defence.dropRate !== 0) yield by({ dropsNext: () => true });
  }
}
