// Neighbour discovery: which hosts have an IPv6 address. The question comes from an address of the interface, not from the unspecified one
// (RFC 4862 §5.4.3): that would make a host that is about to take the address give it up.
import type { Address } from '../model/address.js';
import { addressId, sameAddress } from '../model/identity.js';
import { systemClock } from '../sys/clock.js';
import { PacketSocket } from '../sys/sockets/packet-socket.js';
import { EtherType, type Mac } from '../wire/ethernet.js';
import { neighbourClaim, neighbourSolicitation } from '../wire/ndisc-probe.js';

/** What is asked on one interface. */
export interface NeighbourQuestion {
  readonly ifindex: number;
  /** The interface's own addresses. */
  readonly mac: Mac;
  readonly from: Address;
  readonly addresses: readonly Address[];
}

export interface NeighbourAnswer {
  readonly ifindex: number;
  readonly address: Address;
  readonly mac: Mac;
}

const ROUNDS = 3;
const ROUND_MS = 150;

/** Every other host's answers, each once. `own`: the MACs of this host. @throws SystemError */
export function probeNeighbours(questions: readonly NeighbourQuestion[], own: ReadonlySet<Mac>): readonly NeighbourAnswer[] {
  const answers = new Map<string, NeighbourAnswer>();
  const asked = questions.filter(({ addresses }) => addresses.length > 0);
  const sockets: { readonly question: NeighbourQuestion; readonly socket: PacketSocket }[] = [];
  const take = (question: NeighbourQuestion, frame: Uint8Array): void => {
    const claim = neighbourClaim(frame);
    const address = question.addresses.find((one) => claim !== undefined && sameAddress(one, claim.address));
    if (claim === undefined || address === undefined || own.has(claim.mac)) return;
    answers.set(`${question.ifindex} ${addressId(address)} ${claim.mac}`, { ifindex: question.ifindex, address, mac: claim.mac });
  };
  try {
    for (const question of asked) sockets.push({ question, socket: new PacketSocket(question.ifindex, EtherType.ipv6) });
    for (let round = 0; round < ROUNDS && sockets.length > 0; round++) {
      for (const { question, socket } of sockets) {
        for (const address of question.addresses) socket.sendOrLose(neighbourSolicitation(question.mac, question.from, address));
      }
      const end = systemClock.now() + ROUND_MS;
      for (let left = ROUND_MS; left > 0; left = end - systemClock.now()) {
        for (const { question, socket } of sockets) {
          let frame = socket.receive(Math.ceil(Math.min(left, ROUND_MS / sockets.length)));
          // A busy network always has one more.
          for (; frame !== undefined; frame = systemClock.now() < end ? socket.receiveNow() : undefined) take(question, frame);
        }
      }
    }
  } finally {
    for (const { socket } of sockets) socket.close();
  }
  return [...answers.values()];
}
