// Sends another node's adverts on a test's network: the same frames every 40 ms, until it is stopped.
import type { Address } from '../../src/model/address.js';
import { IpProtocol } from '../../src/model/ip-protocol.js';
import { Netns } from '../../src/sys/namespaces/netns.js';
import { PacketSocket } from '../../src/sys/sockets/packet-socket.js';
import { encodeAddress } from '../../src/wire/address-bytes.js';
import { concat } from '../../src/wire/bytes.js';
import { EtherType, encodeEthernet } from '../../src/wire/ethernet.js';
import { encodeIpv4, IPV4_DEFAULTS } from '../../src/wire/ipv4.js';
import { encodeVrrp, type VrrpAdvert } from '../../src/wire/vrrp.js';
import { ip } from '../support/ip.js';
import type { Host } from '../support/netns-bed.js';

const INTERVAL_MS = 40;

/** What differs from a plain advert of version 2: VRID 50, every second, no authentication. */
export type SentAdvert = Partial<Omit<VrrpAdvert, 'addresses'>> & { readonly from: string; readonly vips: readonly string[] };

function frameOf(mac: string, { from, vips, ...more }: SentAdvert): Uint8Array {
  const source: Address = ip(from);
  const six = source.family === 'inet6';
  const destination = ip(six ? 'ff02::12' : '224.0.0.18');
  const version = more.version ?? (six ? 3 : 2);
  const advert = { version, vrid: 50, priority: 100, authType: 0, interval: version === 2 ? 1 : 100, addresses: vips.map(ip), ...more };
  const payload = encodeVrrp(advert, version === 2 ? { kind: 'plain' } : { kind: 'pseudo', source, destination });
  const packet = six
    ? concat(
        Uint8Array.of(0x60, 0, 0, 0, 0, payload.length, IpProtocol.vrrp, 255),
        encodeAddress(source),
        encodeAddress(destination),
        payload,
      )
    : encodeIpv4({ ...IPV4_DEFAULTS, ttl: 255, protocol: IpProtocol.vrrp, source, destination, payload });
  return encodeEthernet({
    destination: six ? '33:33:00:00:00:12' : '01:00:5e:00:00:12',
    source: mac,
    tags: [],
    etherType: six ? EtherType.ipv6 : EtherType.ipv4,
    payload: packet,
  });
}

/** Sends from this host's interface; returns a function that stops it. */
export function sendAdverts(host: Host, interfaceName: string, adverts: readonly SentAdvert[]): () => void {
  const mac = /link\/ether (\S+)/.exec(host.ip(`link show ${interfaceName}`))?.[1] ?? '';
  const namespace = Netns.byName(host.namespace);
  const socket = new PacketSocket(namespace.ifIndex(interfaceName), 0, namespace.fd.number);
  const frames = adverts.map((advert) => frameOf(mac, advert));
  const timer = setInterval(() => frames.forEach((frame) => socket.send(frame)), INTERVAL_MS);
  return () => {
    clearInterval(timer);
    socket.close();
    namespace.close();
  };
}
