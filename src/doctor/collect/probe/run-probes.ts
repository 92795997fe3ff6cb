// Sends probes to real servers by packet sockets, without the director's own datapath, and collects what comes back.
import { randomInt } from 'node:crypto';
import { PacketSocket } from '../../../sys/sockets/packet-socket.js';
import { EtherType } from '../../../wire/ethernet.js';
import { type Probe, probeFrame, resetFrame, type Trial } from '../../../wire/probe-frames.js';
import type { ProbeAnswer } from '../../facts.js';
import { listen } from './listen.js';
import { answerIn } from './probe-answers.js';

const FAMILIES = [
  [EtherType.ipv4, 'inet'],
  [EtherType.ipv6, 'inet6'],
] as const;
const ROUNDS = 3;
const ROUND_MS = 250;
/** With more frames than this on an interface, the socket's queue may have dropped the answer: silence then proves nothing. */
const FRAMES_MAX = 20_000;
const RECEIVE_BUFFER_BYTES = 8 << 20;
/** Above the ports of most services; a tag is used once. */
const FIRST_TAG = 20_000;
const TAGS = 40_000;

interface Line<T extends Probe> {
  readonly socket: PacketSocket;
  readonly trials: readonly Trial<T>[];
  readonly byTag: ReadonlyMap<number, Trial<T>>;
  frames: number;
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
    if (reset !== undefined) line.socket.sendOrLose(reset);
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
export function runProbes<T extends Probe>(probes: readonly T[]): ReadonlyMap<T, ProbeAnswer> {
  const first = randomInt(TAGS);
  const trials = probes.slice(0, TAGS).map((probe, at): Trial<T> => {
    return { probe, tag: FIRST_TAG + ((first + at) % TAGS), sequence: randomInt(2 ** 32) };
  });
  const lines: Line<T>[] = [];
  try {
    for (const [etherType, family] of FAMILIES) {
      for (const ifindex of new Set(probes.filter(({ target }) => target.family === family).map((probe) => probe.ifindex))) {
        const own = trials.filter(({ probe }) => probe.ifindex === ifindex && probe.target.family === family);
        const socket = new PacketSocket(ifindex, etherType);
        lines.push({ socket, trials: own, byTag: new Map(own.map((trial) => [trial.tag, trial])), frames: 0 });
        socket.receiveBuffer(RECEIVE_BUFFER_BYTES);
        socket.bypassTrafficControl(); // Otherwise our own datapath on this interface would balance the SYN.
      }
    }
    const round = new Round(lines);
    round.run();
    for (const { trials: own, frames } of lines) {
      for (const { probe } of own) if (!round.answers.has(probe) && frames < FRAMES_MAX) round.answers.set(probe, { kind: 'silent' });
    }
    return round.answers;
  } finally {
    for (const { socket } of lines) socket.close();
  }
}
