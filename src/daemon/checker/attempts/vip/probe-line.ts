// The sockets by which VIP_CHECK sends and receives packets of one family on one interface. All its probes there share them.
import type { Family } from '../../../../model/address.js';
import { type Watch, whenReadable } from '../../../../sys/readable.js';
import { PacketSocket } from '../../../../sys/sockets/packet-socket.js';
import { assembleFilter } from '../../../../wire/classic-bpf.js';
import { EtherType } from '../../../../wire/ethernet.js';
import { probeFilter } from '../../../../wire/probe-filter.js';
import { type Arrival, arrivalIn } from '../../../../wire/probe-frames.js';

/** Who receives frames. */
export interface FrameReceiver {
  /** Of its SYNs; no other receiver has them. */
  readonly sequences: readonly number[];
  take(frame: Uint8Array): void;
}

/** Of one turn of the event loop. */
const FRAMES_MAX = 256;
/** ARP's operation, and that of a reply. */
const [OPERATION_AT, REPLY] = [20, 2];

const arpReplies = assembleFilter([
  { do: 'loadHalf', k: OPERATION_AT },
  { do: 'ifEqual', k: REPLY, ifNot: 'no' },
  { do: 'accept', k: 0xffff },
  { do: 'accept', k: 0, label: 'no' },
]);

/** The sequence numbers that a frame may be about; undefined: it has none. */
function sequencesOf(arrival: Arrival): readonly number[] | undefined {
  if (arrival.kind === 'segment') return [(arrival.acknowledgement - 1) >>> 0, arrival.sequence];
  return undefined;
}

export class ProbeLine {
  readonly #sockets: PacketSocket[] = [];
  readonly #watches: Watch[] = [];
  readonly #receivers = new Set<FrameReceiver>();
  readonly #bySequence = new Map<number, FrameReceiver>();

  /** @throws SystemError EPERM, ENODEV */
  constructor(
    readonly family: Family,
    readonly ifindex: number,
    firstPort: number,
  ) {
    try {
      this.#open(family === 'inet' ? EtherType.ipv4 : EtherType.ipv6, probeFilter(family, firstPort));
      if (family === 'inet') this.#open(EtherType.arp, arpReplies);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #open(etherType: number, filter: Uint8Array): void {
    const socket = new PacketSocket(this.ifindex, etherType);
    this.#sockets.push(socket);
    socket.receiveOnly(filter);
    socket.bypassTrafficControl(); // Otherwise our own datapath on this interface would balance the SYN.
    this.#watches.push(whenReadable(socket.fd, () => this.#receive(socket)));
  }

  get isIdle(): boolean {
    return this.#receivers.size === 0;
  }

  hasSequence(sequence: number): boolean {
    return this.#bySequence.has(sequence);
  }

  add(receiver: FrameReceiver): void {
    this.#receivers.add(receiver);
    for (const sequence of receiver.sequences) this.#bySequence.set(sequence, receiver);
  }

  remove(receiver: FrameReceiver): void {
    if (!this.#receivers.delete(receiver)) return;
    for (const sequence of receiver.sequences) this.#bySequence.delete(sequence);
  }

  /** Where the interface is down or its queue full, it is lost, as any packet would be. */
  send(frame: Uint8Array): void {
    const [socket] = this.#sockets;
    socket?.sendOrLose(frame);
  }

  #receive(socket: PacketSocket): void {
    for (let count = 0; count < FRAMES_MAX && this.#sockets.includes(socket); count++) {
      const frame = socket.receiveNow();
      if (frame === undefined) return;
      this.#deliver(frame);
    }
  }

  #deliver(frame: Uint8Array): void {
    const arrival = arrivalIn(frame);
    const sequences = arrival && sequencesOf(arrival);
    if (sequences === undefined) {
      for (const receiver of [...this.#receivers]) receiver.take(frame);
      return;
    }
    const receiver = sequences.map((sequence) => this.#bySequence.get(sequence)).find((one) => one !== undefined);
    receiver?.take(frame);
  }

  /** Closing twice does nothing. */
  close(): void {
    for (const watch of this.#watches.splice(0)) watch.stop();
    for (const socket of this.#sockets.splice(0)) socket.close();
  }
}
