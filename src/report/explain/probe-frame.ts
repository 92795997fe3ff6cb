// The packet that `weir explain` asks about, as a frame: between two endpoints, by a protocol, at its beginning or later.
import type { Address } from '../../model/address.js';
import { IpProtocol } from '../../model/ip-protocol.js';
import type { DestinationKey, Protocol } from '../../model/service.js';
import { EtherType, encodeEthernet, type Mac } from '../../wire/ethernet.js';
import { encodeIpv4, IPV4_DEFAULTS } from '../../wire/ipv4.js';
import { encodeIpv6 } from '../../wire/ipv6.js';
import { ChunkType, encodeSctp } from '../../wire/sctp.js';
import { encodeTcp, TCP_DEFAULTS, TcpFlag } from '../../wire/tcp.js';
import { encodeUdp } from '../../wire/udp.js';

/** Not an address of any interface of this host. */
const SENDER: Mac = '02:00:00:00:00:01';
const DONT_FRAGMENT = 2;

/** `begins`: the first packet of a connection: a SYN, an INIT. `length`: of the IP packet, bytes; a short one where absent. */
export interface Probe {
  readonly protocol: Protocol;
  readonly from: DestinationKey;
  readonly to: DestinationKey;
  readonly begins: boolean;
  readonly ttl: number;
  readonly length?: number;
  /** Of a message of SIP (UDP). */
  readonly call?: string;
}

const HEADER_BYTES = { inet: 20, inet6: 40 } as const;

function payloadOf({ protocol, from, to, begins, call }: Probe, data: Uint8Array): Uint8Array {
  const ports = { sourcePort: from.port, destinationPort: to.port };
  switch (protocol) {
    case 'tcp':
      return encodeTcp({ ...TCP_DEFAULTS, ...ports, flags: begins ? TcpFlag.syn : TcpFlag.ack, payload: data }, from.address, to.address);
    case 'udp': {
      const message = call === undefined ? data : new TextEncoder().encode(`OPTIONS sip:weir SIP/2.0\r\nCall-ID: ${call}\r\n\r\n`);
      return encodeUdp({ ...ports, payload: message }, from.address, to.address);
    }
    case 'sctp':
      return encodeSctp({ ...ports, tag: 0, chunks: [{ type: begins ? ChunkType.init : ChunkType.data, value: data }] });
  }
}

function ipPacket(source: Address, destination: Address, protocol: number, ttl: number, payload: Uint8Array): Uint8Array {
  if (source.family === 'inet6') return encodeIpv6({ source, destination, protocol, hopLimit: ttl, payload });
  return encodeIpv4({ ...IPV4_DEFAULTS, flags: DONT_FRAGMENT, ttl, protocol, source, destination, payload });
}

/** To the station `mac`. */
export function probeFrame(probe: Probe, mac: Mac): Uint8Array {
  const { protocol, from, to, ttl, length = 0 } = probe;
  const { family } = from.address;
  const none = payloadOf(probe, new Uint8Array());
  const room = Math.max(0, length - HEADER_BYTES[family] - none.length);
  const payload = room === 0 ? none : payloadOf(probe, new Uint8Array(room));
  return encodeEthernet({
    destination: mac,
    source: SENDER,
    tags: [],
    etherType: family === 'inet' ? EtherType.ipv4 : EtherType.ipv6,
    payload: ipPacket(from.address, to.address, IpProtocol[protocol], ttl, payload),
  });
}
