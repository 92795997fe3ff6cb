// Receives other hosts' adverts by packet sockets, which see them before any firewall rule of this host.
import { IpProtocol } from '../../model/ip-protocol.js';
import { systemClock } from '../../sys/clock.js';
import { PacketSocket } from '../../sys/sockets/packet-socket.js';
import { decodeAddress } from '../../wire/address-bytes.js';
import { viewOf } from '../../wire/bytes.js';
import { decodeEthernet, EtherType } from '../../wire/ethernet.js';
import { decodeIpv4 } from '../../wire/ipv4.js';
import { AuthType, decodeVrrpAddresses, decodeVrrpHeader, vrrpAuthData } from '../../wire/vrrp.js';
import { AH_BYTES } from '../../wire/vrrp-auth.js';
import type { AdvertFact } from '../vrrp-facts.js';

/** The fixed header of IPv6 (RFC 8200 §3): next header at offset 6, source at 8, destination at 24. */
const IPV6 = { next: 6, source: 8, destination: 24, bytes: 40 } as const;
/** Reading stops after so many frames, for a network with much traffic. */
const FRAMES_MAX = 50_000;

type Packet = Pick<AdvertFact, 'source' | 'destination'> & { readonly message: Uint8Array };

function packetIn(etherType: number, payload: Uint8Array): Packet | undefined {
  if (etherType === EtherType.ipv4) {
    const packet = decodeIpv4(payload);
    if (packet === undefined || (packet.protocol !== IpProtocol.vrrp && packet.protocol !== IpProtocol.ah)) return undefined;
    const { source, destination } = packet;
    return { source, destination, message: packet.protocol === IpProtocol.ah ? packet.payload.subarray(AH_BYTES) : packet.payload };
  }
  if (etherType !== EtherType.ipv6 || payload.length < IPV6.bytes || payload[IPV6.next] !== IpProtocol.vrrp) return undefined;
  const source = decodeAddress(payload.subarray(IPV6.source, IPV6.destination));
  const destination = decodeAddress(payload.subarray(IPV6.destination, IPV6.bytes));
  const length = viewOf(payload).getUint16(4);
  if (source === undefined || destination === undefined) return undefined;
  return { source, destination, message: payload.subarray(IPV6.bytes, IPV6.bytes + length) };
}

/** The advert in a frame that another host sent. */
function advertIn(frame: Uint8Array, ifindex: number): AdvertFact | undefined {
  const ethernet = decodeEthernet(frame);
  const packet = ethernet === undefined ? undefined : packetIn(ethernet.etherType, ethernet.payload);
  const header = packet === undefined ? undefined : decodeVrrpHeader(packet.message);
  if (ethernet === undefined || packet === undefined || header === undefined) return undefined;
  const { version, vrid, priority, authType, interval, addressCount } = header;
  const { source, destination, message } = packet;
  const vips = decodeVrrpAddresses(message, source.family, addressCount);
  const password = Buffer.from(vrrpAuthData(message, addressCount)).toString('latin1').replace(/\0+$/, '');
  return {
    ifindex,
    mac: ethernet.source,
    source,
    destination,
    version,
    vrid,
    priority,
    authType,
    interval,
    vips,
    ...(version === 2 && authType === AuthType.pass ? { password } : {}),
  };
}

export interface CapturePoint {
  readonly ifindex: number;
  readonly etherType: number;
}

/**
 * Listens on all points for `waitMs`, or until the adverts are `enough`, and returns the last one of each sender, VRID and family.
 * @throws SystemError
 */
export function collectAdverts(
  points: readonly CapturePoint[],
  waitMs: number,
  enough: (adverts: readonly AdvertFact[]) => boolean = () => false,
): readonly AdvertFact[] {
  const latest = new Map<string, AdvertFact>();
  const sockets: PacketSocket[] = [];
  try {
    for (const { ifindex, etherType } of points) sockets.push(new PacketSocket(ifindex, etherType));
    let frames = 0;
    const take = (bytes: Uint8Array, { ifindex }: PacketSocket): void => {
      frames += 1;
      const advert = advertIn(bytes, ifindex);
      if (advert !== undefined) latest.set(`${ifindex} ${advert.mac} ${advert.vrid} ${advert.source.family}`, advert);
    };
    const end = systemClock.now() + waitMs;
    for (
      let left = waitMs;
      left > 0 && !enough([...latest.values()]) && frames < FRAMES_MAX && sockets.length > 0;
      left = end - systemClock.now()
    ) {
      for (const socket of sockets) {
        let bytes = socket.receive(Math.ceil(Math.min(left, 100 / sockets.length)));
        for (; bytes !== undefined && frames < FRAMES_MAX; bytes = socket.receiveNow()) take(bytes, socket);
      }
    }
    // A busy host may not run this process for the whole time: what came meanwhile is read all the same.
    for (const socket of sockets) {
      for (let bytes = socket.receiveNow(); bytes !== undefined && frames < FRAMES_MAX; bytes = socket.receiveNow()) take(bytes, socket);
    }
  } finally {
    for (const socket of sockets) socket.close();
  }
  return [...latest.values()];
}
