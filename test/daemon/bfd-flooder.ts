// Floods a BFD node on eth0 with packets that are wrong in one way each, as fast as it can; prints how many it sent.
// Arguments: how many of each kind, the index of eth0, the node's address, its neighbour's.
import { parseAddress } from '../../src/model/address-text.js';
import { RawSender } from '../../src/sys/sockets/raw-socket.js';
import { BFD_PORTS, type BfdControl, encodeBfd } from '../../src/wire/bfd.js';
import { encodeIpv4, IPV4_DEFAULTS } from '../../src/wire/ipv4.js';
import { encodeUdp } from '../../src/wire/udp.js';
import { plainControl } from '../support/bfd-control.js';

const [count = '1000', ifindex = '2', node = '', neighbour = ''] = process.argv.slice(2);
const destination = parseAddress(node)!;
const right: BfdControl = { ...plainControl, myDiscriminator: 0x12345678 };

interface Wrong {
  readonly changed?: Partial<BfdControl>;
  readonly ttl?: number;
  readonly from?: string;
  readonly size?: number;
}

function packet({ changed = {}, ttl = 255, from = neighbour, size = 24 }: Wrong): Uint8Array {
  const source = parseAddress(from)!;
  const control = encodeBfd({ ...right, ...changed }).slice(0, size);
  const payload = encodeUdp({ sourcePort: 49999, destinationPort: BFD_PORTS.single, payload: control }, source, destination);
  return encodeIpv4({ ...IPV4_DEFAULTS, tos: 0xc0, id: 1, ttl, protocol: 17, source, destination, payload });
}

const kinds = [
  packet({ ttl: 254 }),
  packet({ from: '10.99.0.77' }),
  packet({ size: 23 }),
  packet({ changed: { length: 48 } }),
  packet({ changed: { version: 0 } }),
  packet({ changed: { multiplier: 0 } }),
  packet({ changed: { multipoint: true } }),
  packet({ changed: { myDiscriminator: 0 } }),
  packet({ changed: { state: 'up' } }),
  packet({ changed: { yourDiscriminator: 0xdeadbeef } }),
  packet({ changed: { poll: true, final: true } }),
  packet({ changed: { diagnostic: 30 } }),
  packet({ changed: { authenticated: true } }),
];

const sender = new RawSender('inet', 'eth0', Number(ifindex));
let sent = 0;
for (let round = 0; round < Number(count); round++) {
  for (const bytes of kinds) {
    sender.send(bytes, destination);
    sent++;
  }
}
sender.close();
process.stdout.write(`${sent}\n`);
