// One CPU's share of a storm: a process of its own that sends frames of many flows through a pinned program, in an order
// of its own, prints `begun` on the way, and at the end what became of them. Started by storms.ts, pinned to a CPU by taskset.
import { setImmediate } from 'node:timers/promises';
import { native } from '../../src/sys/addon.js';
import { Program } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { ChunkType } from '../../src/wire/sctp.js';
import { type Family, IPv4, IPv6 } from './fixtures/family.js';
import { type Ends, sipMessage } from './fixtures/packets.js';
import { type ProgramKind, run, TC, XDP } from './run.js';

/** What to send. Both CPUs get the same flows. */
export interface Storm {
  readonly namespace: string;
  /** Pin of the program. */
  readonly program: string;
  readonly kind: ProgramKind;
  readonly ifindex: number;
  readonly seed: number;
  readonly flows: number;
  readonly packets: number;
  /** More than these, until SIGTERM; a quarter of them was sent when it has begun. */
  readonly goesOn?: boolean;
  /** Other programs take the pin meanwhile: each packet gets the one that has it then. */
  readonly exchanged?: boolean;
  /** Flags of the segments or types of SCTP's chunks, picked at random. */
  readonly letters: readonly string[];
  readonly vip: string;
  /** Of the flows, if not TCP. */
  readonly protocol?: 'tcp' | 'sctp';
  /** Flows from one client's port go to so many ports of the VIP, from 80 on; 1 by default. */
  readonly ports?: number;
  /** Flows are datagrams of SIP instead, of so many calls in turn. */
  readonly calls?: number;
}

/** What became of the packets. `established`: flows of which what ends a handshake was forwarded: an ACK or a COOKIE ECHO. */
export interface Harvest {
  readonly forwarded: number;
  readonly dropped: number;
  readonly passed: number;
  readonly established: readonly number[];
}

/** A small generator, so that a storm can be played again (xorshift, period 2^32 - 1). */
function random(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function packetOf(family: Family, ends: Ends, what: string, flow: number, { calls, protocol }: Storm): Uint8Array {
  if (calls !== undefined) return family.udp(ends, 64, sipMessage(String(flow % calls)));
  return protocol === 'sctp' ? family.sctp(ends, [{ type: ChunkType[what as keyof typeof ChunkType] }]) : family.tcp(ends, what);
}

/** Flow n: one of 64 clients, of 10.0.1.0/24's upper half or of 2001:db8:7::/64, and a port, and a port of the VIP. The sums are those of the flow. */
function flowFrame(what: string, plan: Storm, flow: number): Uint8Array {
  const { vip, ports = 1, calls } = plan;
  const client = Math.floor(flow / ports);
  const [last, port] = [128 + (client % 64), 1024 + Math.floor(client / 64)];
  const family = vip.includes(':') ? IPv6 : IPv4;
  const source = family === IPv6 ? `2001:db8:7::${last.toString(16)}` : `10.0.1.${last}`;
  const ends = { from: family.at(source, port), to: family.at(vip, calls === undefined ? 80 + (flow % ports) : 80) };
  return family.fromClient(packetOf(family, ends, what, flow, plan), family === IPv6 ? family.farClient : family.client);
}

type Verdict = 'forwarded' | 'dropped' | 'passed';

const verdictOf = (kind: ProgramKind, code: number): Verdict =>
  code === (kind === 'xdp' ? XDP.redirect : TC.redirect)
    ? 'forwarded'
    : code === (kind === 'xdp' ? XDP.drop : TC.shot)
      ? 'dropped'
      : 'passed';

function runBy(program: Program, { kind, ifindex }: Storm, frame: Uint8Array): Verdict {
  return verdictOf(kind, run(native(), program.fd.number, kind, frame, { ifindex, ingressIfindex: ifindex }).code);
}

/**
 * By the program that has the pin. What it passes is sent again where another one has the pin by then: the arrays by which it let packets in to
 * the builds beside it may have been empty, but no link had it any more.
 */
function runByPinned(plan: Storm, frame: Uint8Array): Verdict {
  for (;;) {
    const [verdict, id] = using(Program.pinned(plan.program), (program) => [runBy(program, plan, frame), program.id()] as const);
    if (verdict !== 'passed' || using(Program.pinned(plan.program), (program) => program.id()) === id) return verdict;
  }
}

const ENDS_HANDSHAKE: ReadonlySet<string> = new Set(['A', 'cookieEcho']);
/** Between two looks for SIGTERM. */
const AT_A_STRETCH = 64;

async function storm(plan: Storm): Promise<Harvest> {
  let over = plan.goesOn !== true;
  process.on('SIGTERM', () => {
    over = true;
  });
  const fd = native().open(`/run/netns/${plan.namespace}`, 0);
  native().setns(fd);
  native().close(fd);
  const program = Program.pinned(plan.program);
  const next = random(plan.seed);
  const count = { forwarded: 0, dropped: 0, passed: 0 };
  const established = new Set<number>();
  const before = over ? 0 : Math.floor(plan.packets / 4);
  for (let sent = 0; sent < plan.packets || !over; sent++) {
    if (sent === before) process.stdout.write('begun\n');
    const flow = next(plan.flows);
    const what = plan.letters[next(plan.letters.length)] ?? '';
    const frame = flowFrame(what, plan, flow);
    const verdict = plan.exchanged === true ? runByPinned(plan, frame) : runBy(program, plan, frame);
    count[verdict] += 1;
    if (verdict === 'forwarded' && ENDS_HANDSHAKE.has(what)) established.add(flow);
    if (plan.goesOn === true && sent % AT_A_STRETCH === 0) await setImmediate();
  }
  program.close();
  return { ...count, established: [...established] };
}

const plan = process.argv[2];
if (plan === undefined) throw new Error('storm-child: a plan as JSON is wanted');
process.stdout.write(JSON.stringify(await storm(JSON.parse(plan) as Storm)));
