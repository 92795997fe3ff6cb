// Sends probes to real servers by packet sockets, without the director's own datapath, and collects what comes back.
import { randomInt } from 'node:crypto';
import type { Family } from '../../../model/address.js';
import { PacketSocket } from '../../../sys/sockets/packet-socket.js';
import { EtherType } from '../../../wire/ethernet.js';
import { frameFamily, type Probe, probeFrame, resetFrame, type Trial } from '../../../wire/probe-frames.js';
import type { ProbeAnswer } from '../../facts.js';
import { listen } from './listen.js';
import { answerIn } from './probe-answers.js';

const ETHER_TYPES = { inet: EtherType.ipv4, inet6: EtherType.ipv6 } as const;
const ROUNDS = 3;
const ROUND_MS = 250;
/** With more frames than this on an interface, the socket's queue may have dropped the answer: silence then proves nothing. */
const FRAMES_MAX = 20_000;
const RECEIVE_BUFFER_BYTES = 8 << 20;
/** Above the ports of most services; a tag is used once. */
const HIGH_TAGS = { first: 20_000, count: 40_000 } as const;
/** Below the ports of FULLNAT's pools, which connections of clients have. */
const LOW_TAGS = { first: 600, count: 424 } as const;

/** A probe, and where else than on its interface its answer may come in. */
export type SentProbe = Probe & {
  readonly answersBy?: readonly number[];
  /** Its source port must not be one that FULLNAT gives to connections. */
  readonly lowPort?: true;
};

/** One interface and family. `trials`: those that are sent here; `byTag`: those whose answers may come in here. */
interface Line<T extends Probe> {
  readonly socket: PacketSocket;
  readonly trials: Trial<T>[];
  readonly byTag: Map<number, Trial<T>>;
  frames: number;
}

const placeOf = (ifindex: number, family: Family): string => `${ifindex} ${family}`;

/** What is sent in a tunnel is answered without one; errors may be about either packet. */
function listensAt(probe: SentProbe): readonly (readonly [ifindex: number, family: Family])[] {
  const families = [...new Set([frameFamily(probe), probe.target.family])];
  return [probe.ifindex, ...(probe.answersBy ?? [])].flatMap((ifindex) => families.map((family) => [ifindex, family] as const));
}

/** Each with a tag that no other one has; those beyond the number of tags are left out. */
function tagged<T extends SentProbe>(probes: readonly T[]): readonly Trial<T>[] {
  const of = (some: readonly T[], { first, count }: { readonly first: number; readonly count: number }): readonly Trial<T>[] => {
    const begin = randomInt(count);
    return some.slice(0, count).map((probe, at) => ({ probe, tag: first + ((begin + at) % count), sequence: randomInt(2 ** 32) }));
  };
  const isLow = ({ lowPort }: SentProbe): boolean => lowPort === true;
  return [
    ...of(
      probes.filter((one) => !isLow(one)),
      HIGH_TAGS,
    ),
    ...of(probes.filter(isLow), LOW_TAGS),
  ];
}

class Lines<T extends SentProbe> {
  readonly #lines = new Map<string, Line<T>>();

  /** @throws SystemError */
  open(trial: Trial<T>): void {
    for (const [ifindex, family] of listensAt(trial.probe)) this.#at(ifindex, family).byTag.set(trial.tag, trial);
    this.#at(trial.probe.ifindex, frameFamily(trial.probe)).trials.push(trial);
  }

  #at(ifindex: number, family: Family): Line<T> {
    const place = placeOf(ifindex, family);
    const known = this.#lines.get(place);
    if (known !== undefined) return known;
    const line = { socket: new PacketSocket(ifindex, ETHER_TYPES[family]), trials: [], byTag: new Map<number, Trial<T>>(), frames: 0 };
    this.#lines.set(place, line);
    line.socket.receiveBuffer(RECEIVE_BUFFER_BYTES);
    line.socket.bypassTrafficControl(); // Otherwise our own datapath on this interface would balance the SYN.
    return line;
  }

  get all(): readonly Line<T>[] {
    return [...this.#lines.values()];
  }

  /** Whether each interface on which the answer may come in was calm enough for it to be seen. */
  sees(probe: T): boolean {
    return listensAt(probe).every(([ifindex, family]) => (this.#lines.get(placeOf(ifindex, family))?.frames ?? 0) < FRAMES_MAX);
  }

  close(): void {
    for (const { socket } of this.#lines.values()) socket.close();
  }
}

class Round<T extends Probe> {
  readonly answers = new Map<T, ProbeAnswer>();

  constructor(readonly lines: readonly Line<T>[]) {}

  #take(line: Line<T>, frame: Uint8Array): void {
    line.frames += 1;
    const found = answerIn(frame, line.byTag);
    if (found === undefined || this.answers.has(found.trial.probe)) return;
    this.answers.set(found.trial.probe, found.answer);
    const reset = found.answer.kind === 'accepted' ? resetFrame(found.trial) : undefined;
    if (reset !== undefined) this.lines.find(({ trials }) => trials.includes(found.trial))?.socket.sendOrLose(reset);
  }

  #isOpen(): boolean {
    return this.lines.some(({ trials }) => trials.some(({ probe }) => !this.answers.has(probe)));
  }

  run(): void {
    for (let round = 0; round < ROUNDS && this.#isOpen(); round++) {
      for (const { socket, trials } of this.lines) {
        for (const trial of trials.filter(({ probe }) => !this.answers.has(probe))) socket.sendOrLose(probeFrame(trial));
      }
      const isOpen = (): boolean => this.#isOpen();
      listen(this.lines, ROUND_MS, isOpen, (frame, line) => this.#take(line, frame));
    }
  }
}

/**
 * The answer to each probe, in less than a second for all; those without one are `silent`, or are missing from the result where the
 * interface is too busy to know. @throws SystemError
 */
export function runProbes<T extends SentProbe>(probes: readonly T[]): ReadonlyMap<T, ProbeAnswer> {
  const trials = tagged(probes);
  const lines = new Lines<T>();
  try {
    for (const trial of trials) lines.open(trial);
    const round = new Round(lines.all);
    round.run();
    for (const { probe } of trials) if (!round.answers.has(probe) && lines.sees(probe)) round.answers.set(probe, { kind: 'silent' });
    return round.answers;
  } finally {
    lines.close();
  }
}
