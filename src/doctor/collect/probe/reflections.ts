// Does a router send what is for a VIP to this host? A packet for the VIP, handed to the router, comes back if it does. Packet sockets see
// it; the kernel drops what comes from its own address, and the director takes neither ping nor a segment without a connection.
import { randomInt } from 'node:crypto';
import type { Address } from '../../../model/address.js';
import { sameAddress } from '../../../model/identity.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import { systemClock } from '../../../sys/clock.js';
import { PacketSocket } from '../../../sys/sockets/packet-socket.js';
import { decodeEthernet, EtherType, type Mac } from '../../../wire/ethernet.js';
import { decodeIcmp, IcmpType, isIcmpError } from '../../../wire/icmp.js';
import { decodeIpv4 } from '../../../wire/ipv4.js';
import type { ReflectionFact } from '../../facts.js';
import type { NextHop } from './next-hop.js';
import { ECHO_SMALL_BYTES, type Probe, probeFrame, type Trial } from './probe-frames.js';
import { sendUnlessDown } from './run-probes.js';

/** Packets of one kind: each is sent several times. */
export const REFLECTIONS_MAX = 64;
const ROUNDS = 3;
const ROUND_MS = 200;
const FIRST_TAG = 20_000;
const TAGS = 40_000;

export interface ReflectionQuestion {
  readonly router: Address;
  readonly hop: NextHop;
  readonly source: Address;
  readonly target: Address;
}

type Reflection = Trial & { readonly question: ReflectionQuestion };

/** Which packet of ours a frame is, or is about: it came back, or the router refuses it. */
export function reflectionIn(
  frame: Uint8Array,
  trials: ReadonlyMap<number, Reflection>,
  own: ReadonlySet<Mac>,
): { readonly trial: Reflection; readonly answer: ReflectionFact['answer'] } | undefined {
  const ethernet = decodeEthernet(frame);
  // A switch may flood what is for a MAC that it does not know.
  const packet = ethernet?.etherType === EtherType.ipv4 && own.has(ethernet.destination) ? decodeIpv4(ethernet.payload) : undefined;
  const message = packet?.protocol === IpProtocol.icmp ? decodeIcmp(packet.payload) : undefined;
  if (packet === undefined || message === undefined) return undefined;
  if (message.type === IcmpType.echo) {
    const trial = trials.get(message.rest >>> 16);
    const back =
      trial !== undefined && sameAddress(packet.source, trial.probe.source) && sameAddress(packet.destination, trial.probe.target);
    return back ? { trial, answer: 'back' } : undefined;
  }
  // A redirect goes along with the packet.
  if (!isIcmpError(message.type) || message.type === IcmpType.redirect) return undefined;
  const quoted = decodeIpv4(message.body, true);
  const inner = quoted?.protocol === IpProtocol.icmp ? quoted.payload : undefined;
  const trial = inner === undefined || inner.length < 8 ? undefined : trials.get(((inner[4] ?? 0) << 8) | (inner[5] ?? 0));
  if (trial === undefined || quoted === undefined || !sameAddress(quoted.destination, trial.probe.target)) return undefined;
  return { trial, answer: 'refused' };
}

/** `interfaces`: where packets may come back. `own`: the MACs of this host. @throws SystemError */
export function collectReflections(
  questions: readonly ReflectionQuestion[],
  interfaces: readonly number[],
  own: ReadonlySet<Mac>,
): readonly ReflectionFact[] {
  const first = randomInt(TAGS);
  const trials = questions.map((question, at): Reflection => {
    const { hop, source, target } = question;
    const probe: Probe = { ...hop, source, target, content: { kind: 'echo', packetBytes: ECHO_SMALL_BYTES } };
    return { question, probe, tag: FIRST_TAG + ((first + at) % TAGS), sequence: randomInt(2 ** 32) };
  });
  const byTag = new Map(trials.map((trial) => [trial.tag, trial]));
  const answers = new Map<Reflection, ReflectionFact['answer']>();
  const sockets: PacketSocket[] = [];
  try {
    for (const ifindex of trials.length === 0 ? [] : interfaces) sockets.push(new PacketSocket(ifindex, EtherType.ipv4));
    for (const socket of sockets) socket.bypassTrafficControl();
    for (let round = 0; round < ROUNDS && answers.size < trials.length && sockets.length > 0; round++) {
      for (const trial of trials) {
        const socket = sockets.find(({ ifindex }) => ifindex === trial.probe.ifindex);
        if (socket !== undefined && !answers.has(trial)) sendUnlessDown(socket, probeFrame(trial));
      }
      const end = systemClock.now() + ROUND_MS;
      for (let left = ROUND_MS; left > 0 && answers.size < trials.length; left = end - systemClock.now()) {
        for (const socket of sockets) {
          let frame = socket.receive(Math.ceil(Math.min(left, ROUND_MS / sockets.length)));
          for (; frame !== undefined; frame = systemClock.now() < end ? socket.receiveNow() : undefined) {
            const found = reflectionIn(frame, byTag, own);
            if (found !== undefined && answers.get(found.trial) !== 'back') answers.set(found.trial, found.answer);
          }
        }
      }
    }
  } finally {
    for (const socket of sockets) socket.close();
  }
  return trials.map((trial) => {
    const { router, target } = trial.question;
    return { router, target, ifindex: trial.probe.ifindex, answer: answers.get(trial) ?? 'silent' };
  });
}
