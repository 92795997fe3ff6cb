// Tests each forwarding method as the datapath uses it, with a SYN sent to a real server's MAC.
//
// VS/DR: from our own address to the VIP. The answer's source is the VIP, and a packet socket receives it: the kernel drops packets
// from its own addresses. VS/NAT: from the VIP, as if from a remote client, to the server's own address. The answer comes back
// to this interface only if this director is the server's gateway to other networks.
import { randomInt } from 'node:crypto';
import type { Address } from '../../model/address.js';
import { addressId, sameAddress } from '../../model/identity.js';
import { systemClock } from '../../sys/clock.js';
import { using } from '../../sys/fd.js';
import { PacketSocket } from '../../sys/sockets/packet-socket.js';
import { decodeEthernet, EtherType, encodeEthernet, type Mac } from '../../wire/ethernet.js';
import { decodeIpv4, encodeIpv4, IPV4_DEFAULTS, IpProtocol } from '../../wire/ipv4.js';
import { decodeTcp, encodeTcp, TCP_DEFAULTS, TcpFlag, type TcpSegment } from '../../wire/tcp.js';
import type { HandoverFact } from '../facts.js';

/** One test: a SYN from `source` to `target`:`port`, in a frame for the server. */
export interface Handover {
  readonly ifindex: number;
  readonly mac: Mac;
  readonly serverMac: Mac;
  readonly source: Address;
  readonly target: Address;
  readonly port: number;
  readonly method: HandoverFact['method'];
  readonly vip: Address;
  readonly realServer: Address;
}

const ROUNDS = 3;
const ROUND_MS = 250;
/** With more frames than this on the interface, the socket's queue may have dropped the answer: silence then proves nothing. */
const FRAMES_PER_TRIAL_MAX = 20_000;
/** Tests beyond this number are not done: each is a packet and a wait. */
export const HANDOVERS_MAX = 256;

interface Trial extends Handover {
  readonly sourcePort: number;
  readonly sequence: number;
  answer?: HandoverFact['answer'];
}

function frame(trial: Trial, segment: Pick<TcpSegment, 'flags' | 'sequence'>): Uint8Array {
  const tcp = encodeTcp(
    { ...TCP_DEFAULTS, sourcePort: trial.sourcePort, destinationPort: trial.port, ...segment },
    trial.source,
    trial.target,
  );
  const packet = { ...IPV4_DEFAULTS, protocol: IpProtocol.tcp, source: trial.source, destination: trial.target, payload: tcp };
  return encodeEthernet({
    destination: trial.serverMac,
    source: trial.mac,
    tags: [],
    etherType: EtherType.ipv4,
    payload: encodeIpv4(packet),
  });
}

/** The segment that answers one of these trials. */
function answered(bytes: Uint8Array, trials: readonly Trial[]): { readonly trial: Trial; readonly segment: TcpSegment } | undefined {
  const ethernet = decodeEthernet(bytes);
  const packet = ethernet?.etherType === EtherType.ipv4 ? decodeIpv4(ethernet.payload) : undefined;
  const segment = packet?.protocol === IpProtocol.tcp ? decodeTcp(packet.payload) : undefined;
  if (packet === undefined || segment === undefined) return undefined;
  const trial = trials.find(
    (one) =>
      one.sourcePort === segment.destinationPort &&
      one.port === segment.sourcePort &&
      sameAddress(one.target, packet.source) &&
      sameAddress(one.source, packet.destination),
  );
  return trial && { trial, segment };
}

/** All trials of one interface. */
function onInterface(ifindex: number, trials: readonly Trial[]): readonly HandoverFact[] {
  let frames = 0;
  using(new PacketSocket(ifindex, EtherType.ipv4), (socket) => {
    socket.bypassTrafficControl(); // Otherwise our own datapath on this interface would balance the SYN.
    const onFrame = (bytes: Uint8Array): void => {
      frames += 1;
      const match = answered(bytes, trials);
      if (match === undefined || match.trial.answer !== undefined) return;
      const { trial, segment } = match;
      const accepted = (segment.flags & TcpFlag.syn) !== 0 && (segment.flags & TcpFlag.ack) !== 0;
      trial.answer = accepted ? 'accepted' : 'refused';
      if (accepted) {
        // Closes the half-open connection at the server.
        socket.send(frame(trial, { flags: TcpFlag.rst, sequence: (trial.sequence + 1) >>> 0 }));
      }
    };
    for (let round = 0; round < ROUNDS && frames < FRAMES_PER_TRIAL_MAX; round++) {
      const open = trials.filter(({ answer }) => answer === undefined);
      for (const trial of open) socket.send(frame(trial, { flags: TcpFlag.syn, sequence: trial.sequence }));
      const end = systemClock.now() + ROUND_MS;
      for (let left = ROUND_MS; left > 0 && open.some(({ answer }) => answer === undefined); left = end - systemClock.now()) {
        const bytes = socket.receive(Math.ceil(left));
        if (bytes !== undefined) onFrame(bytes);
      }
    }
  });
  return trials
    .filter(({ answer }) => answer !== undefined || frames < FRAMES_PER_TRIAL_MAX)
    .map(({ method, vip, port, realServer, answer }) => ({ method, vip, port, realServer, answer: answer ?? 'silent' }));
}

/** Limited to 256 trials and to less than a second for each interface. @throws SystemError */
export function collectHandovers(handovers: readonly Handover[]): readonly HandoverFact[] {
  const known = new Map(handovers.map((one) => [`${one.method} ${addressId(one.vip)} ${one.port} ${addressId(one.realServer)}`, one]));
  const trials = [...known.values()]
    .slice(0, HANDOVERS_MAX)
    .map((one): Trial => ({ ...one, sourcePort: randomInt(1024, 65536), sequence: randomInt(2 ** 32) }));
  return [...new Set(trials.map(({ ifindex }) => ifindex))].flatMap((ifindex) =>
    onInterface(
      ifindex,
      trials.filter((trial) => trial.ifindex === ifindex),
    ),
  );
}
