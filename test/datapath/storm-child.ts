// One CPU's share of a storm: a process of its own that sends frames of many flows through a pinned program, in an order
// of its own, and prints at the end what became of them. Started by concurrent.test.ts, pinned to a CPU by taskset.
import { native } from '../../src/sys/addon.js';
import { Program } from '../../src/sys/bpf/bpf-objects.js';
import { fromClient, sipMessage, tcp, udp } from './fixtures/packets.js';
import { fromClient6, tcp6 } from './fixtures/packets6.js';
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
  /** Flags of the segments, picked at random. */
  readonly letters: readonly string[];
  readonly vip: string;
  /** Flows from one client's port go to so many ports of the VIP, from 80 on; 1 by default. */
  readonly ports?: number;
  /** Flows are datagrams of SIP instead, of so many calls in turn. */
  readonly calls?: number;
}

/** What became of the packets. `established`: flows whose ACK was forwarded. */
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

/** Flow n: one of 64 clients, of 10.0.1.0/24's upper half or of 2001:db8:7::/64, and a port, and a port of the VIP. The sums are those of the flow. */
function flowFrame(letters: string, { vip, ports = 1, calls }: Storm, flow: number): Uint8Array {
  const client = Math.floor(flow / ports);
  const [last, port] = [128 + (client % 64), 1024 + Math.floor(client / 64)];
  if (vip.includes(':')) {
    const source = `2001:db8:7::${last.toString(16)}`;
    return fromClient6(tcp6({ from: `[${source}]:${port}`, to: `[${vip}]:${80 + (flow % ports)}` }, letters), source);
  }
  const from = `10.0.1.${last}:${port}`;
  if (calls !== undefined) return fromClient(udp({ from, to: `${vip}:80` }, { data: sipMessage(String(flow % calls)) }));
  return fromClient(tcp({ from, to: `${vip}:${80 + (flow % ports)}` }, letters));
}

function storm(plan: Storm): Harvest {
  const fd = native().open(`/run/netns/${plan.namespace}`, 0);
  native().setns(fd);
  native().close(fd);
  const program = Program.pinned(plan.program);
  const next = random(plan.seed);
  const count = { forwarded: 0, dropped: 0, passed: 0 };
  const established = new Set<number>();
  for (let sent = 0; sent < plan.packets; sent++) {
    const flow = next(plan.flows);
    const letters = plan.letters[next(plan.letters.length)] ?? 'S';
    const { code } = run(native(), program.fd.number, plan.kind, flowFrame(letters, plan, flow), {
      ifindex: plan.ifindex,
      ingressIfindex: plan.ifindex,
    });
    if (code === (plan.kind === 'xdp' ? XDP.redirect : TC.redirect)) {
      count.forwarded += 1;
      if (letters === 'A') established.add(flow);
    } else if (code === (plan.kind === 'xdp' ? XDP.drop : TC.shot)) count.dropped += 1;
    else count.passed += 1;
  }
  program.close();
  return { ...count, established: [...established] };
}

const plan = process.argv[2];
if (plan === undefined) throw new Error('storm-child: a plan as JSON is wanted');
process.stdout.write(JSON.stringify(storm(JSON.parse(plan) as Storm)));
