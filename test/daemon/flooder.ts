// Floods its namespace's v0 with adverts for VRID 51 that are wrong in one way each; prints how many of each kind it sent.
import { parseAddress } from '../../src/model/address-text.js';
import { RawSender } from '../../src/sys/raw-socket.js';
import { encodeIpv4, IPV4_DEFAULTS } from '../../src/wire/ipv4.js';
import { encodeVrrp } from '../../src/wire/vrrp.js';

const [count = '1000', ifindex = '2'] = process.argv.slice(2);
const group = parseAddress('224.0.0.18')!;
const right = {
  version: 3,
  vrid: 51,
  priority: 254,
  authType: 0,
  interval: 1,
  addresses: [parseAddress('10.99.0.100')!],
} as const;

/** One kind of packet: what differs, and from whom it seems to come. */
function packet(
  changed: Partial<Parameters<typeof encodeVrrp>[0]>,
  ttl = 255,
  damage: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes,
): Uint8Array {
  const source = parseAddress('10.99.0.2')!;
  const payload = damage(encodeVrrp({ ...right, ...changed }, { kind: 'pseudo', source, destination: group }));
  return encodeIpv4({ ...IPV4_DEFAULTS, tos: 0xc0, id: 1, ttl, protocol: 112, source, destination: group, payload });
}

const kinds = {
  short: packet({}, 255, (bytes) => bytes.slice(0, 9)),
  ttl: packet({}, 64),
  version: packet({ version: 2 }),
  type: packet({}, 255, (bytes) => bytes.map((byte, index) => (index === 0 ? 0x33 - 1 : byte))),
  checksum: packet({}, 255, (bytes) => bytes.map((byte, index) => (index === 6 ? byte ^ 0x55 : byte))),
};

const sender = new RawSender('inet', 'v0', Number(ifindex));
for (const bytes of Object.values(kinds)) {
  for (let sent = 0; sent < Number(count); sent++) {
    sender.send(bytes, group);
  }
}
sender.close();
process.stdout.write(`${Object.keys(kinds).length * Number(count)}\n`);
