// Asks the hosts of a link which of them have an address, without claiming it, or announces one: by frames of ARP or of neighbour discovery.
//
// The pauses of RFC 5227 and RFC 4862 (one to two seconds) are for a thousand hosts that boot together; an operator at a terminal
// waits for a fraction of that.
import type { Address } from '../model/address.js';
import { addressId } from '../model/identity.js';
import { systemClock } from '../sys/clock.js';
import { using } from '../sys/fd.js';
import { PacketSocket } from '../sys/sockets/packet-socket.js';
import type { Mac } from '../wire/ethernet.js';

const ANNOUNCEMENTS = 3;
const ANNOUNCEMENT_PAUSE_MS = 100;
/** Of one socket, after the last round. */
const LATE_FRAMES_MAX = 20_000;

/** What is asked on one interface. */
export interface AddressQuestion {
  readonly ifindex: number;
  /** The address of the interface. */
  readonly mac: Mac;
  readonly addresses: readonly Address[];
  /** An address of this host: an ordinary question. Absent: the probe of a host that is about to take the address. */
  readonly from?: Address;
}

export interface AddressAnswer {
  readonly ifindex: number;
  readonly address: Address;
  readonly mac: Mac;
  /** `holds`: it has the address; `wants`: it asks for it as we do (another probe). */
  readonly kind: 'holds' | 'wants';
}

export interface ProbeOptions {
  readonly rounds?: number;
  /** How long answers are waited for after each round. */
  readonly roundMs?: number;
  /** Ends the wait early. */
  readonly enough?: (answers: readonly AddressAnswer[]) => boolean;
}

/** How one family asks. */
export interface ProbeProtocol {
  readonly etherType: number;
  /** The group to which other hosts send their probes for this address; absent: they broadcast. */
  readonly group?: (address: Address) => Mac;
  readonly question: (question: AddressQuestion, address: Address) => Uint8Array;
  /** What a frame shows about the addresses asked for; undefined: nothing, or this host (`own`) sent it. */
  readonly answer: (frame: Uint8Array, question: AddressQuestion, own: ReadonlySet<Mac>) => AddressAnswer | undefined;
}

/**
 * Asks on all interfaces in parallel and collects every other host's answers, each once. `own`: the MACs of this host.
 * Bounded by rounds × roundMs (default 3 × 250 ms). @throws SystemError
 */
export function probeAddresses(
  protocol: ProbeProtocol,
  questions: readonly AddressQuestion[],
  own: ReadonlySet<Mac>,
  options: ProbeOptions = {},
): readonly AddressAnswer[] {
  const { rounds = 3, roundMs = 250, enough = () => false } = options;
  const answers = new Map<string, AddressAnswer>();
  const sockets: { readonly question: AddressQuestion; readonly socket: PacketSocket }[] = [];
  try {
    for (const question of questions.filter(({ addresses }) => addresses.length > 0)) {
      const socket = new PacketSocket(question.ifindex, protocol.etherType);
      sockets.push({ question, socket });
      if (protocol.group !== undefined) for (const group of new Set(question.addresses.map(protocol.group))) socket.join(group);
    }
    const take = (bytes: Uint8Array, question: AddressQuestion): void => {
      const answer = protocol.answer(bytes, question, own);
      if (answer === undefined) return;
      answers.set(`${answer.ifindex} ${addressId(answer.address)} ${answer.mac} ${answer.kind}`, answer);
    };
    const drain = (waitMs: number, end: number): void => {
      for (const { question, socket } of sockets) {
        let bytes = socket.receive(waitMs);
        // A busy network always has one more.
        for (; bytes !== undefined; bytes = systemClock.now() < end ? socket.receiveNow() : undefined) take(bytes, question);
      }
    };
    for (let round = 0; round < rounds && sockets.length > 0; round++) {
      for (const { question, socket } of sockets) {
        for (const address of question.addresses) socket.sendOrLose(protocol.question(question, address));
      }
      const end = systemClock.now() + roundMs;
      for (let left = roundMs; left > 0; left = end - systemClock.now()) {
        drain(Math.ceil(Math.min(left, roundMs / sockets.length)), end);
        if (enough([...answers.values()])) return [...answers.values()];
      }
    }
    // A busy host may not have run this process for a whole round: what waits is read all the same.
    for (const { question, socket } of sockets) {
      let bytes = socket.receiveNow();
      for (let late = 0; bytes !== undefined && late < LATE_FRAMES_MAX; bytes = socket.receiveNow(), late++) take(bytes, question);
    }
  } finally {
    for (const { socket } of sockets) socket.close();
  }
  return [...answers.values()];
}

/** Sends these frames several times, since no host confirms them. @throws SystemError */
export function announceBy(ifindex: number, etherType: number, frames: readonly Uint8Array[]): void {
  using(new PacketSocket(ifindex, etherType), (socket) => {
    for (let count = 0; count < ANNOUNCEMENTS; count++) {
      if (count > 0) systemClock.sleep(ANNOUNCEMENT_PAUSE_MS);
      for (const frame of frames) socket.sendOrLose(frame);
    }
  });
}
