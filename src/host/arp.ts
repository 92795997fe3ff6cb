// ARP probes (RFC 5227): which hosts have an address, asked without claiming it. Announcements (gratuitous ARP) that this host has it.
//
// The RFC's pauses of one to two seconds are for a thousand hosts that boot together; an operator at a terminal waits for a fraction of that.
import type { Address } from '../model/address.js';
import { addressId, sameAddress } from '../model/identity.js';
import { systemClock } from '../sys/clock.js';
import { using } from '../sys/fd.js';
import { PacketSocket } from '../sys/sockets/packet-socket.js';
import { type ArpMessage, decodeArp, encodeArp } from '../wire/arp.js';
import { BROADCAST_MAC, decodeEthernet, EtherType, encodeEthernet, type Mac, ZERO_MAC } from '../wire/ethernet.js';

/** What is asked on one interface. */
export interface ArpQuestion {
  readonly ifindex: number;
  /** The address of the interface. */
  readonly mac: Mac;
  readonly addresses: readonly Address[];
  /** An address of this host: an ordinary request, for hosts that answer no probes. Absent: a probe, whose sender is 0.0.0.0. */
  readonly from?: Address;
}

export interface ArpAnswer {
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
  readonly enough?: (answers: readonly ArpAnswer[]) => boolean;
}

const UNSPECIFIED: Address = { family: 'inet', words: [0] };

function frame(mac: Mac, message: ArpMessage): Uint8Array {
  return encodeEthernet({ destination: BROADCAST_MAC, source: mac, tags: [], etherType: EtherType.arp, payload: encodeArp(message) });
}

/** What a frame shows about the addresses asked for; undefined: nothing, or this host sent it. */
export function arpAnswer(bytes: Uint8Array, question: ArpQuestion, own: ReadonlySet<Mac>): ArpAnswer | undefined {
  const ethernet = decodeEthernet(bytes);
  const message = ethernet?.etherType === EtherType.arp ? decodeArp(ethernet.payload) : undefined;
  if (message === undefined || own.has(message.senderMac)) return undefined;
  const asked = (address: Address) => question.addresses.find((one) => sameAddress(one, address));
  const held = asked(message.senderAddress);
  if (held !== undefined) return { ifindex: question.ifindex, address: held, mac: message.senderMac, kind: 'holds' };
  const wanted = message.operation === 'request' && message.senderAddress.words[0] === 0 ? asked(message.targetAddress) : undefined;
  return wanted === undefined ? undefined : { ifindex: question.ifindex, address: wanted, mac: message.senderMac, kind: 'wants' };
}

/**
 * Asks on all interfaces in parallel and collects every other host's answers, each once. `own`: the MACs of this host.
 * Bounded by rounds × roundMs (default 3 × 250 ms). @throws SystemError
 */
export function probeArp(questions: readonly ArpQuestion[], own: ReadonlySet<Mac>, options: ProbeOptions = {}): readonly ArpAnswer[] {
  const { rounds = 3, roundMs = 250, enough = () => false } = options;
  const answers = new Map<string, ArpAnswer>();
  const sockets: { readonly question: ArpQuestion; readonly socket: PacketSocket }[] = [];
  try {
    for (const question of questions.filter(({ addresses }) => addresses.length > 0)) {
      sockets.push({ question, socket: new PacketSocket(question.ifindex, EtherType.arp) });
    }
    const drain = (waitMs: number, end: number): void => {
      for (const { question, socket } of sockets) {
        let bytes = socket.receive(waitMs);
        for (; bytes !== undefined; bytes = systemClock.now() < end ? socket.receiveNow() : undefined) {
          const answer = arpAnswer(bytes, question, own);
          if (answer !== undefined) {
            answers.set(`${answer.ifindex} ${addressId(answer.address)} ${answer.mac} ${answer.kind}`, answer);
          }
        }
      }
    };
    for (let round = 0; round < rounds && sockets.length > 0; round++) {
      for (const { question, socket } of sockets) {
        for (const address of question.addresses) {
          const probe: ArpMessage = {
            operation: 'request',
            senderMac: question.mac,
            senderAddress: question.from ?? UNSPECIFIED,
            targetMac: ZERO_MAC,
            targetAddress: address,
          };
          socket.sendOrLose(frame(question.mac, probe));
        }
      }
      const end = systemClock.now() + roundMs;
      for (let left = roundMs; left > 0; left = end - systemClock.now()) {
        drain(Math.ceil(Math.min(left, roundMs / sockets.length)), end);
        if (enough([...answers.values()])) return [...answers.values()];
      }
    }
  } finally {
    for (const { socket } of sockets) socket.close();
  }
  return [...answers.values()];
}

/** Gratuitous ARP: requests and replies, several times, for switches and neighbours that listen to one kind only. */
export function announceArp(ifindex: number, mac: Mac, address: Address, times = 3, pauseMs = 100): void {
  const announcement = (operation: 'request' | 'reply'): Uint8Array =>
    frame(mac, {
      operation,
      senderMac: mac,
      senderAddress: address,
      targetMac: operation === 'reply' ? mac : ZERO_MAC,
      targetAddress: address,
    });
  using(new PacketSocket(ifindex, EtherType.arp), (socket) => {
    for (let count = 0; count < times; count++) {
      if (count > 0) systemClock.sleep(pauseMs);
      socket.send(announcement('request'));
      socket.send(announcement('reply'));
    }
  });
}
