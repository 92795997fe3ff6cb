// What clients try that neither a service nor a process here has: SYNs for the VIPs' other ports, while doctor looks.
import type { Address } from '../../model/address.js';
import { addressId, destinationId } from '../../model/identity.js';
import { IpProtocol } from '../../model/ip-protocol.js';
import { PacketSocket } from '../../sys/sockets/packet-socket.js';
import { decodeEthernet, EtherType } from '../../wire/ethernet.js';
import { decodeIpv4 } from '../../wire/ipv4.js';
import { decodeTcp, TcpFlag } from '../../wire/tcp.js';
import type { HostFacts, ServiceFact, UnservedFact } from '../facts.js';
import { isCarrying, usesArp, vipsOf } from '../network.js';
import { collectSockets } from './sockets.js';

const RECEIVE_BUFFER_BYTES = 1 << 20;
/** Frames that are read of each interface: of more, the first ones. */
const FRAMES_MAX = 5000;
const CLIENTS_MAX = 4;

interface Syn {
  readonly client: Address;
  readonly to: { readonly address: Address; readonly port: number };
}

/** A SYN that opens a connection. */
function synIn(frame: Uint8Array): Syn | undefined {
  const ethernet = decodeEthernet(frame);
  const packet = ethernet?.etherType === EtherType.ipv4 ? decodeIpv4(ethernet.payload) : undefined;
  const segment = packet?.protocol === IpProtocol.tcp ? decodeTcp(packet.payload) : undefined;
  if (packet === undefined || segment === undefined || (segment.flags & (TcpFlag.syn | TcpFlag.ack)) !== TcpFlag.syn) return undefined;
  return { client: packet.source, to: { address: packet.destination, port: segment.destinationPort } };
}

/** SYNs to VIPs and ports that are not served, by VIP and port. `taken`: ids of endpoints that a service has, and ports of processes. */
export function unservedIn(
  syns: readonly Syn[],
  vips: ReadonlySet<string>,
  taken: { readonly endpoints: ReadonlySet<string>; readonly ports: ReadonlySet<number> },
): readonly UnservedFact[] {
  const found = new Map<string, { vip: Address; port: number; packets: number; clients: Map<string, Address> }>();
  for (const { client, to } of syns) {
    const id = destinationId(to);
    const everyPort = destinationId({ ...to, port: 0 });
    if (!vips.has(addressId(to.address)) || taken.endpoints.has(id) || taken.endpoints.has(everyPort) || taken.ports.has(to.port)) continue;
    const one = found.get(id) ?? { vip: to.address, port: to.port, packets: 0, clients: new Map() };
    one.packets += 1;
    if (one.clients.size < CLIENTS_MAX) one.clients.set(addressId(client), client);
    found.set(id, one);
  }
  return [...found.values()].map((one) => ({ ...one, clients: [...one.clients.values()] }));
}

/** Begins to watch; the result ends it. @throws SystemError */
export function watchUnserved(host: HostFacts, services: readonly ServiceFact[]): () => readonly UnservedFact[] {
  const vips = new Set(vipsOf(services).map(addressId));
  // A mark's packets may have any address and port.
  const marks = services.some(({ spec: { key } }) => key.kind === 'fwmark');
  const wires = vips.size === 0 || marks ? [] : host.interfaces.filter((iface) => usesArp(iface) && isCarrying(iface));
  const sockets = wires.map(({ ifindex }) => new PacketSocket(ifindex, EtherType.ipv4));
  for (const socket of sockets) socket.receiveBuffer(RECEIVE_BUFFER_BYTES);
  return () => {
    const syns: Syn[] = [];
    for (const socket of sockets) {
      let frame = socket.receiveNow();
      for (let count = 0; frame !== undefined && count < FRAMES_MAX; count++, frame = socket.receiveNow()) {
        const syn = synIn(frame);
        if (syn !== undefined) syns.push(syn);
      }
      socket.close();
    }
    const endpoints = new Set(
      services.flatMap(({ spec: { key } }) => (key.kind === 'address' && key.protocol === 'tcp' ? [destinationId(key)] : [])),
    );
    const ports = new Set((collectSockets() ?? []).filter(({ protocol }) => protocol === 'tcp').map(({ port }) => port));
    return unservedIn(syns, vips, { endpoints, ports });
  };
}
