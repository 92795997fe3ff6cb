// Policy routing on the director: rules (`ip rule`) that choose a route by a packet's source. A server's next hop is that of all its clients, so
// no client's rule may choose it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Dest, Nexthop } from '../../src/datapath/ebpf/abi.gen.js';
import { decodeEthernet, type Mac } from '../../src/wire/ethernet.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { macOf } from './fixtures/bed-addresses.js';
import { type Family, IPv4, IPv6 } from './fixtures/family.js';
import { destination, type Hook, service, serviceKey } from './fixtures/fixture.js';
import { ip } from './namespace.js';

const skip = skipReason();
const TABLE = 77;

/** Where a frame goes: to this station. undefined: it does not leave. */
function target(bed: Bed, hook: Hook, device: 'front' | 'back', frame: Uint8Array): Mac | undefined {
  const { verdict, frame: out } = bed.send(hook, device, frame);
  return verdict === 'redirect' ? decodeEthernet(out)?.destination : undefined;
}

/** No server's next hop is known any more. */
function forgetServers({ tables: { dests } }: Bed): void {
  for (let id = 1; id < 8; id++) new Uint8Array(dests.memory, id * Dest.bytes + Dest.hop.at, Nexthop.bytes).fill(0);
}

const GATEWAYS: Readonly<Record<Family['name'], string>> = { IPv4: '10.0.1.254', IPv6: 'fe80::fe' };

/** Lines for `ip`, of one family. */
const routing = ({ name }: Family, ...lines: readonly string[]): void => ip(lines, undefined, name === 'IPv6' ? ['-6'] : []);

/** A rule whose table has nothing but a way to a gateway in front. `which`: the packets, as `from ADDRESS`. */
function lead(family: Family, which: string): void {
  routing(family, `route add default via ${GATEWAYS[family.name]} dev front table ${TABLE}`, `rule add ${which} lookup ${TABLE}`);
}

/** With a NAT service of one server. */
function withBed(
  attach: 'tc' | 'xdp',
  family: Family,
  use: (bed: Bed, request: (client: string, letters?: string) => Mac | undefined) => void,
): void {
  const bed = openBed({ attach });
  try {
    const { at, vip, servers } = family;
    const { service: spec } = service('tcp', vip, 80, []);
    bed.director.addService(spec);
    bed.director.addDestination(serviceKey('tcp', vip, 80), destination(at(servers[0], 80), 'masq'));
    use(bed, (client, letters = 'S') => {
      const frame = family.fromClient(family.tcp({ from: at(client, 4000), to: at(vip, 80) }, letters), client);
      return target(bed, attach === 'xdp' ? 'xdp' : 'ingress', 'front', frame);
    });
  } finally {
    bed.close();
  }
}

for (const [family, attach] of [
  [IPv4, 'tc'],
  [IPv4, 'xdp'],
  [IPv6, 'tc'],
] as const) {
  const { at, client, farClient, vip, servers, name } = family;
  const server = macOf(servers[0]);

  test(`${name}, ${attach}: a rule for one client does not lead what all clients send to a server`, { skip }, () => {
    withBed(attach, family, (bed, request) => {
      lead(family, `from ${farClient}`);
      assert.equal(request(farClient), server);
      assert.equal(request(client), server);
      forgetServers(bed);
      assert.equal(request(farClient, 'A'), server);
      assert.equal(request(client, 'A'), server);
    });
  });

  test(`${name}, ${attach}: nor does a rule for the virtual address, by an ICMP error about a reply`, { skip }, () => {
    withBed(attach, family, (bed, request) => {
      lead(family, `from ${vip}`);
      assert.equal(request(client), server);
      forgetServers(bed);
      const about = family.tcp({ from: at(vip, 80), to: at(client, 4000) }, 'SA');
      assert.equal(target(bed, 'ingress', 'front', family.fromClient(family.unreachable(client, vip, about), client)), server);
      assert.equal(request(client, 'A'), server);
    });
  });
}

for (const attach of ['tc', 'xdp'] as const) {
  const server = macOf(IPv4.servers[0]);

  test(`IPv4, ${attach}: nor does a rule for the interface that the packets came in by`, { skip }, () => {
    withBed(attach, IPv4, (_bed, request) => {
      lead(IPv4, 'iif front');
      assert.equal(request(IPv4.client), server);
    });
  });

  test(`IPv4, ${attach}: without weir's own device, a server's next hop is found by the packet's interface`, { skip }, () => {
    withBed(attach, IPv4, (bed, request) => {
      assert.equal(request(IPv4.client), server);
      ip(['link del weir0']);
      forgetServers(bed);
      assert.equal(request(IPv4.client, 'A'), server);
      assert.equal(request(IPv4.farClient), server);
      assert.deepEqual(bed.drops(), {});
    });
  });
}
