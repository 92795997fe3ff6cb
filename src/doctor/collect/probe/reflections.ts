// Does a router send what is for a VIP to this host? A packet for the VIP, handed to the router, comes back if it does. Packet sockets see
// it; the kernel drops what comes from its own address, and the director schedules neither ping nor a SYN from port 20.
import { randomInt } from 'node:crypto';
import type { Address } from '../../../model/address.js';
import { sameAddress } from '../../../model/identity.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import { PacketSocket } from '../../../sys/sockets/packet-socket.js';
import { decodeEthernet, EtherType, type Mac } from '../../../wire/ethernet.js';
import { decodeIcmp, IcmpType, isIcmpError } from '../../../wire/icmp.js';
import { decodeIpv4, type Ipv4Packet } from '../../../wire/ipv4.js';
import { ECHO_SMALL_BYTES, type Probe, probeFrame, type Trial } from '../../../wire/probe-frames.js';
import { decodeTcp } from '../../../wire/tcp.js';
import type { ReflectionFact } from '../../facts.js';
import { listen } from './listen.js';
import type { NextHop } from './next-hop.js';

/** Packets of one kind: each is sent several times. */
export const REFLECTIONS_MAX = 64;
const ROUNDS = 3;
const ROUND_MS = 200;
const FIRST_TAG = 20_000;
const TAGS = 40_000;
/** The source port of FTP's data: the director passes such a SYN to the kernel, which drops what comes from its own address. */
const NEVER_SCHEDULED = 20;

export interface ReflectionQuestion {
  readonly router: Address;
  readonly hop: NextHop;
  readonly source: Address;
  readonly target: Address;
  /** Where a SYN goes; absent: ping. */
  readonly port?: number;
}

type Reflection = Trial & { readonly question: ReflectionQuestion };

const isReturned = (packet: Ipv4Packet, trial: Reflection | undefined): trial is Reflection =>
  trial !== undefined && sameAddress(packet.source, trial.probe.source) && sameAddress(packet.destination, trial.probe.target);

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
  if (packet?.protocol === IpProtocol.tcp) {
    const sequence = decodeTcp(packet.payload)?.sequence;
    const trial = [...trials.values()].find((one) => one.question.port !== undefined && one.sequence === sequence);
    return isReturned(packet, trial) ? { trial, answer: 'back' } : undefined;
  }
  if (packet === undefined || message === undefined) return undefined;
  if (message.type === IcmpType.echo) {
    const trial = trials.get(message.rest >>> 16);
    return isReturned(packet, trial) ? { trial, answer: 'back' } : undefined;
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
    const { hop, source, target, port } = question;
    const content = port === undefined ? ({ kind: 'echo', packetBytes: ECHO_SMALL_BYTES } as const) : ({ kind: 'syn', port } as const);
    const probe: Probe = { ...hop, source, target, content };
    const tag = FIRST_TAG + ((first + at) % TAGS);
    return { question, probe, tag: port === undefined ? tag : NEVER_SCHEDULED, sequence: randomInt(2 ** 32) };
  });
  // SYNs share a source port, and differ in their sequence numbers.
  const byTag = new Map(trials.map((trial) => [trial.question.port === undefined ? trial.tag : -trial.sequence, trial]));
  const answers = new Map<Reflection, ReflectionFact['answer']>();
  const sockets: PacketSocket[] = [];
  try {
    for (const ifindex of trials.length === 0 ? [] : interfaces) sockets.push(new PacketSocket(ifindex, EtherType.ipv4));
    for (const socket of sockets) socket.bypassTrafficControl();
    const listeners = sockets.map((socket) => ({ socket }));
    for (let round = 0; round < ROUNDS && answers.size < trials.length && sockets.length > 0; round++) {
      for (const trial of trials) {
        const socket = sockets.find(({ ifindex }) => ifindex === trial.probe.ifindex);
        if (socket !== undefined && !answers.has(trial)) socket.sendOrLose(probeFrame(trial));
      }
      const isOpen = (): boolean => answers.size < trials.length;
      listen(listeners, ROUND_MS, isOpen, (frame) => {
        const found = reflectionIn(frame, byTag, own);
        if (found !== undefined && answers.get(found.trial) !== 'back') answers.set(found.trial, found.answer);
      });
    }
  } finally {
    for (const socket of sockets) socket.close();
  }
  return trials.map((trial) => {
    const { router, target } = trial.question;
    const kind = trial.question.port === undefined ? 'echo' : 'syn';
    return { router, target, kind, ifindex: trial.probe.ifindex, answer: answers.get(trial) ?? 'silent' };
  });
}
