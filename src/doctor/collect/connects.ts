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

/** Connects that are under way at the same time. More might fill the kernel's neighbour table. */
const CONCURRENT_MAX = 512;
/** When so many were silent, no more are tried: each of them is waited for. */
export const SILENT_MAX = 512;
/** Of servers that do not answer at all. */
const SILENCES: ReadonlySet<string | undefined> = new Set(['ETIMEDOUT', 'EHOSTUNREACH']);
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

/** Tries one after the other, many at the same time, and not all of them where too many are silent. */
export async function tryEach(
  targets: readonly Target[],
  attempt: (target: Target) => Promise<ConnectFact>,
): Promise<readonly ConnectFact[]> {
  const facts: ConnectFact[] = [];
  let [next, silent] = [0, 0];
  const worker = async (): Promise<void> => {
    for (let target = targets[next++]; target !== undefined && silent < SILENT_MAX; target = targets[next++]) {
      const fact = await attempt(target);
      if (SILENCES.has(fact.error)) silent += 1;
      facts.push(fact);
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENT_MAX, targets.length) }, worker));
  return facts;
}

/** Those that were tried. */
export async function collectConnects(targets: readonly Target[], waitMs: number): Promise<readonly ConnectFact[]> {
  let facts: readonly ConnectFact[];
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
    facts = await tryEach(targets, (target) => tryOne(target, waitMs));
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

/** Ports to try where one is refused: the service's own, and those that the service's other destinations have. The first `max` of them. */
export function otherPorts(
  connects: readonly ConnectFact[],
  services: readonly { readonly port: number; readonly destinations: readonly Target[] }[],
  max = Number.POSITIVE_INFINITY,
): readonly Target[] {
  const refused = new Set(connects.flatMap((one) => (one.error === 'ECONNREFUSED' ? [destinationId(one)] : [])));
  const tried = new Set(connects.map(destinationId));
  const found = new Map<string, Target>();
  for (const { port, destinations } of services) {
    const ports = [...new Set([port, ...destinations.map((one) => one.port)])].filter((one) => one !== 0);
    for (const { address } of destinations.filter((one) => refused.has(destinationId(one)))) {
      for (const target of ports.map((one) => ({ address, port: one }))) {
        const id = destinationId(target);
        if (!tried.has(id)) found.set(id, target);
        if (found.size >= max) return [...found.values()];
      }
    }
  }
  return [...found.values()];
}
