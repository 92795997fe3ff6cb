// Connects to all real servers concurrently, each with a timeout. A connection is closed as soon as it is established. An ICMP socket
// shows what the errors of connect(2) do not: whether a RST or an ICMP error ended it, which one, and who sent it.
import { connect } from 'node:net';
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import { destinationId } from '../../model/identity.js';
import { IpProtocol } from '../../model/ip-protocol.js';
import { AnswerTimeout } from '../../sys/answer-timeout.js';
import { RawReceiver } from '../../sys/sockets/raw-socket.js';
import { viewOf } from '../../wire/bytes.js';
import { decodeIcmp, isIcmpError } from '../../wire/icmp.js';
import { decodeIpv4 } from '../../wire/ipv4.js';
import type { ConnectFact } from '../facts.js';

/** Connects that are under way at the same time. */
const CONCURRENT_MAX = 512;
const RECEIVE_BUFFER_BYTES = 4 << 20;
const DRAIN_MS = 20;

type Icmp = NonNullable<ConnectFact['icmp']>;
interface Target {
  readonly address: Address;
  readonly port: number;
}

/** The TCP endpoint that an ICMP error is about, and the error. `bytes`: an IPv4 packet. */
export function icmpAbout(bytes: Uint8Array): { readonly endpoint: Target; readonly icmp: Icmp } | undefined {
  const packet = decodeIpv4(bytes);
  const message = packet?.protocol === IpProtocol.icmp ? decodeIcmp(packet.payload) : undefined;
  const quoted = message !== undefined && isIcmpError(message.type) ? decodeIpv4(message.body, true) : undefined;
  if (packet === undefined || message === undefined || quoted?.protocol !== IpProtocol.tcp || quoted.payload.length < 8) return undefined;
  const endpoint = { address: quoted.destination, port: viewOf(quoted.payload).getUint16(2) };
  return { endpoint, icmp: { type: message.type, code: message.code, by: packet.source } };
}

function tryOne({ address, port }: Target, waitMs: number): Promise<ConnectFact> {
  return new Promise((done) => {
    const socket = connect({ host: formatAddress(address), port });
    const end = (error?: string): void => {
      limit.cancel();
      socket.destroy();
      done({ address, port, ...(error === undefined ? {} : { error }) });
    };
    // A busy host may run doctor again only after that time: an answer that waits is read first.
    const limit = new AnswerTimeout(waitMs, () => end('ETIMEDOUT'));
    socket.once('connect', () => end());
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}

export async function collectConnects(targets: readonly Target[], waitMs: number): Promise<readonly ConnectFact[]> {
  const facts: ConnectFact[] = [];
  const waiting = [...targets];
  const worker = async (): Promise<void> => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
      facts.push(await tryOne(target, waitMs));
    }
  };
  const receiver = new RawReceiver('inet', IpProtocol.icmp, '');
  const errors = new Map<string, Icmp>();
  const drain = (): void => {
    for (let packet = receiver.receive(); packet !== undefined; packet = receiver.receive()) {
      const about = icmpAbout(packet.bytes);
      if (about !== undefined) errors.set(destinationId(about.endpoint), about.icmp);
    }
  };
  receiver.receiveBuffer(RECEIVE_BUFFER_BYTES);
  const timer = setInterval(drain, DRAIN_MS);
  try {
    await Promise.all(Array.from({ length: Math.min(CONCURRENT_MAX, targets.length) }, worker));
    drain();
  } finally {
    clearInterval(timer);
    receiver.close();
  }
  return facts.map((fact) => {
    const icmp = fact.error === undefined ? undefined : errors.get(destinationId(fact));
    return icmp === undefined ? fact : { ...fact, icmp };
  });
}

/** Ports to try where one is refused: the service's own, and those that the service's other destinations have. */
export function otherPorts(
  connects: readonly ConnectFact[],
  services: readonly { readonly port: number; readonly destinations: readonly Target[] }[],
): readonly Target[] {
  const refused = new Set(connects.flatMap((one) => (one.error === 'ECONNREFUSED' ? [destinationId(one)] : [])));
  const tried = new Set(connects.map(destinationId));
  const targets = services.flatMap(({ port, destinations }) => {
    const ports = [...new Set([port, ...destinations.map((one) => one.port)])].filter((one) => one !== 0);
    const closed = destinations.filter((one) => refused.has(destinationId(one)));
    return closed.flatMap(({ address }) => ports.map((one) => ({ address, port: one })));
  });
  return [...new Map(targets.map((one) => [destinationId(one), one])).entries()].flatMap(([id, one]) => (tried.has(id) ? [] : [one]));
}
