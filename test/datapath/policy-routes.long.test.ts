// Policy routing on the director: rules (`ip rule`) that choose a route by a packet's source. A server's next hop is that of all its clients, so
// no client's rule may choose it. Of two uplinks with a virtual address each, replies leave by that of theirs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Abi, ClientHop, Conf, Dest, Nexthop } from '../../src/datapath/ebpf/abi.gen.js';
import { ClientHop6Set } from '../../src/datapath/ebpf/abi6.gen.js';
import type { RepairDue } from '../../src/datapath/ebpf/observe/repairs-due.js';
import { hashKeysOf, keyedHash } from '../../src/datapath/ebpf/table/endpoint-table.js';
import { addressHash, packetWords } from '../../src/datapath/ebpf/table/record-address.js';
import { collectDatapath } from '../../src/doctor/collect/datapath.js';
import { using } from '../../src/sys/fd.js';
import { Netlink } from '../../src/sys/netlink/netlink.js';
import { decodeEthernet, type Mac } from '../../src/wire/ethernet.js';
import { type Bed, skipReason } from './bed.js';
import { DEVICES, macOf, ip as parse, ROUTELESS } from './fixtures/bed-addresses.js';
import { type Family, IPv4, IPv6 } from './fixtures/family.js';
import { destination, type Hook, service, serviceKey } from './fixtures/fixture.js';
import { inKeptBed } from './kept-bed.js';
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

/** What tests have added, each with iproute2's word for the family. */
const added = new Set<string>();

/** Lines for `ip`, of one family. */
function routing({ name }: Family, ...lines: readonly string[]): void {
  const option = name === 'IPv6' ? '-6' : '-4';
  ip(lines, undefined, [option]);
  for (const line of lines) {
    if (/^\w+ add /.test(line)) added.add(`${option} ${line}`);
    else added.delete(`${option} ${line.replace(' del ', ' add ')}`);
  }
}

/** Rules and routes are as before afterwards. */
function takingAway(use: () => void): void {
  try {
    use();
  } finally {
    for (const option of ['-4', '-6']) {
      const lines = [...added].filter((each) => each.startsWith(option)).map((each) => each.slice(3).replace(' add ', ' del '));
      if (lines.length > 0) ip(lines, undefined, [option]);
    }
    added.clear();
  }
}

/** A rule whose table has nothing but a way to a gateway in front. `which`: the packets, as `from ADDRESS`. */
function lead(family: Family, which: string): void {
  routing(family, `route add default via ${GATEWAYS[family.name]} dev front table ${TABLE}`, `rule add ${which} lookup ${TABLE}`);
}

/** With a NAT service of one server. */
function withBed(
  attach: 'tc' | 'xdp',
  family: Family,
  use: (bed: Bed, request: (client: string, letters?: string) => Mac | undefined) => void,
): Promise<void> {
  return inKeptBed(
    (bed) => {
      const { at, vip, servers } = family;
      const { service: spec } = service('tcp', vip, 80, []);
      bed.director.addService(spec);
      bed.director.addDestination(serviceKey('tcp', vip, 80), destination(at(servers[0], 80), 'masq'));
      takingAway(() =>
        use(bed, (client, letters = 'S') => {
          const frame = family.fromClient(family.tcp({ from: at(client, 4000), to: at(vip, 80) }, letters), client);
          return target(bed, attach === 'xdp' ? 'xdp' : 'ingress', 'front', frame);
        }),
      );
    },
    { attach },
  );
}

for (const [family, attach] of [
  [IPv4, 'tc'],
  [IPv6, 'tc'],
  [IPv4, 'xdp'],
  [IPv6, 'xdp'],
] as const) {
  const { at, client, farClient, vip, servers, name } = family;
  const server = macOf(servers[0]);

  test(`${name}, ${attach}: a rule for one client does not lead what all clients send to a server`, { skip }, () => {
    return withBed(attach, family, (bed, request) => {
      lead(family, `from ${farClient}`);
      assert.equal(request(farClient), server);
      assert.equal(request(client), server);
      forgetServers(bed);
      assert.equal(request(farClient, 'A'), server);
      assert.equal(request(client, 'A'), server);
    });
  });

  test(`${name}, ${attach}: nor does a rule for the virtual address, by an ICMP error about a reply`, { skip }, () => {
    return withBed(attach, family, (bed, request) => {
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

  for (const family of [IPv4, IPv6]) {
    test(`${family.name}, ${attach}: nor does a rule for the interface that the packets came in by`, { skip }, () => {
      return withBed(attach, family, (_bed, request) => {
        lead(family, 'iif front');
        assert.equal(request(family.client), macOf(family.servers[0]));
      });
    });
  }

  test(`IPv4, ${attach}: without weir's own device, a server's next hop is found by the packet's interface`, { skip }, () => {
    return withBed(attach, IPv4, (bed, request) => {
      assert.equal(request(IPv4.client), server);
      ip(['link del weir0']);
      forgetServers(bed);
      assert.equal(request(IPv4.client, 'A'), server);
      assert.equal(request(IPv4.farClient), server);
      assert.deepEqual(bed.drops(), {});
    });
  });
}

interface Uplink {
  readonly vip: string;
  readonly server: string;
  readonly gateway: string;
  readonly device: 'front' | 'back';
  readonly table: number;
}

/** The second provider's router is on the servers' network. */
function uplinksOf(family: Family): readonly [Uplink, Uplink] {
  const { vip, drVip, servers } = family;
  return [
    { vip, server: servers[0], gateway: GATEWAYS[family.name], device: 'front', table: TABLE },
    { vip: drVip, server: servers[1], gateway: servers[1], device: 'back', table: TABLE + 1 },
  ];
}

/** The link addresses with which a packet leaves. */
interface LinkAddresses {
  readonly to: Mac;
  readonly from: Mac;
}

/** By an uplink. */
const linkOf = ({ gateway, device }: Uplink): LinkAddresses => ({ to: macOf(gateway), from: DEVICES[device].mac });

interface TwoUplinks {
  readonly bed: Bed;
  readonly uplinks: readonly [Uplink, Uplink];
  /** From the client to the virtual address. */
  request(uplink: Uplink, letters: string): Mac | undefined;
  /** From the server to the client. undefined: it does not leave. */
  reply(uplink: Uplink, letters: string): LinkAddresses | undefined;
  /** An ICMP error from the server about a packet of the client's. undefined: it does not leave. */
  error(uplink: Uplink): LinkAddresses | undefined;
}

/** With a NAT service on each uplink's virtual address, and no rules yet. */
function withUplinks(
  attach: 'tc' | 'xdp',
  family: Family,
  use: (uplinks: TwoUplinks) => void,
  clientOf: (bed: Bed) => string = () => family.farClient,
): Promise<void> {
  const { at } = family;
  const uplinks = uplinksOf(family);
  const hook = attach === 'xdp' ? 'xdp' : 'ingress';
  return inKeptBed(
    (bed) => {
      const client = clientOf(bed);
      const left = (by: Hook, frame: Uint8Array): LinkAddresses | undefined => {
        const outcome = bed.send(by, 'back', frame);
        const link = decodeEthernet(outcome.frame);
        return outcome.verdict === 'redirect' && link !== undefined ? { to: link.destination, from: link.source } : undefined;
      };
      for (const { vip, server } of uplinks) {
        bed.director.addService(service('tcp', vip, 80, []).service);
        bed.director.addDestination(serviceKey('tcp', vip, 80), destination(at(server, 80), 'masq'));
      }
      takingAway(() =>
        use({
          bed,
          uplinks,
          request: ({ vip }, letters) =>
            target(bed, hook, 'front', family.fromClient(family.tcp({ from: at(client, 4000), to: at(vip, 80) }, letters), client)),
          reply: ({ server }, letters) =>
            left(hook, family.fromServer(family.tcp({ from: at(server, 80), to: at(client, 4000) }, letters), server)),
          error: ({ server }) => {
            const about = family.tcp({ from: at(client, 4000), to: at(server, 80) }, 'A');
            return left('ingress', family.fromServer(family.unreachable(server, client, about), server));
          },
        }),
      );
    },
    { attach },
  );
}

/** How many next hops of clients are cached. */
function cachedHops(bed: Bed, { name }: Family): number {
  const [pin, step] = name === 'IPv6' ? ['client_hops6', ClientHop6Set.bytes] : ['client_hops', 4 * ClientHop.bytes];
  const words = new BigUint64Array(bed.memoryOf(pin));
  let count = 0;
  for (let set = 0; set < words.length; set += step / 8) for (let entry = 0; entry < 4; entry++) if (words[set + 2 * entry] !== 0n) count++;
  return count;
}

/** A client whose next hops for both virtual addresses fall into one set: of some hundred thousand one does. */
function clientOfOneSet({ tables }: Bed, family: Family): string {
  const keys = hashKeysOf(tables);
  const wordOf = (text: string): number => {
    const words = packetWords(parse(text));
    return family.name === 'IPv6' ? addressHash(words, keys) : (words[0] ?? 0);
  };
  const sources = uplinksOf(family).map(({ vip }) => BigInt(wordOf(vip)) << 32n);
  for (let k = 1; k < 1 << 22; k++) {
    const client =
      family.name === 'IPv6'
        ? `2001:db8:7::${(k >> 16).toString(16)}:${(k & 0xffff).toString(16)}`
        : `100.${64 + (k >> 16)}.${(k >> 8) & 255}.${k & 255}`;
    const word = BigInt(wordOf(client));
    const [first, second] = sources.map((source) => keyedHash(word | source, keys) & (Abi.CLIENT_HOP_SETS - 1));
    if (first === second) return client;
  }
  return assert.fail('there is none');
}

/** Rules for the uplinks, or without them. */
function leadEach(family: Family, change: 'add' | 'del', uplinks: readonly Uplink[]): void {
  for (const { vip, gateway, device, table } of uplinks) {
    routing(family, `route ${change} default via ${gateway} dev ${device} table ${table}`, `rule ${change} from ${vip} lookup ${table}`);
  }
}

for (const [family, attach] of [
  [IPv4, 'tc'],
  [IPv6, 'tc'],
  [IPv4, 'xdp'],
  [IPv6, 'xdp'],
] as const) {
  test(`${family.name}, ${attach}: replies of two virtual addresses to one client leave by their own uplinks`, { skip }, () => {
    return withUplinks(attach, family, ({ bed, uplinks, request, reply, error }) => {
      leadEach(family, 'add', uplinks);
      bed.lookAtInterfaces();
      for (const uplink of uplinks) assert.equal(request(uplink, 'S'), macOf(uplink.server));
      for (const uplink of [...uplinks, ...uplinks]) assert.deepEqual(reply(uplink, 'SA'), linkOf(uplink));
      for (const uplink of uplinks) assert.equal(request(uplink, 'A'), macOf(uplink.server));
      for (const uplink of [...uplinks, ...uplinks]) assert.deepEqual(reply(uplink, 'A'), linkOf(uplink));
      assert.equal(cachedHops(bed, family), 2, 'each virtual address has its own');
      for (const uplink of [...uplinks, ...uplinks]) assert.deepEqual(error(uplink), linkOf(uplink), 'an ICMP error');
      leadEach(family, 'del', uplinks);
      for (const uplink of uplinks) assert.deepEqual(reply(uplink, 'A'), linkOf(uplink), 'what is cached is used');
      bed.lookAtInterfaces();
      for (const uplink of uplinks) assert.deepEqual(reply(uplink, 'A'), linkOf(uplinks[0]), 'by the main table');
      assert.deepEqual(bed.drops(), {});
    });
  });

  test(`${family.name}, ${attach}: two virtual addresses of one client keep their next hops in one set`, { skip }, () => {
    const use = ({ bed, uplinks, request, reply }: TwoUplinks): void => {
      leadEach(family, 'add', uplinks);
      bed.lookAtInterfaces();
      for (const uplink of uplinks) assert.equal(request(uplink, 'S'), macOf(uplink.server));
      for (const uplink of [...uplinks, ...uplinks]) assert.deepEqual(reply(uplink, 'SA'), linkOf(uplink));
      assert.equal(cachedHops(bed, family), 2);
      for (const uplink of [...uplinks, ...uplinks]) assert.deepEqual(reply(uplink, 'A'), linkOf(uplink));
    };
    return withUplinks(attach, family, use, (bed) => clientOfOneSet(bed, family));
  });

  test(`${family.name}, ${attach}: an ICMP error is the first answer of a virtual address to a client`, { skip }, () => {
    return withUplinks(attach, family, ({ bed, uplinks, request, error }) => {
      leadEach(family, 'add', uplinks);
      bed.lookAtInterfaces();
      for (const uplink of uplinks) assert.equal(request(uplink, 'S'), macOf(uplink.server));
      for (const uplink of [...uplinks, ...uplinks]) assert.deepEqual(error(uplink), linkOf(uplink));
    });
  });

  test(`${family.name}, ${attach}: without rules by source, a client has one next hop for all virtual addresses`, { skip }, () => {
    return withUplinks(attach, family, ({ bed, uplinks, request, reply }) => {
      routing(family, 'rule add fwmark 5 lookup 254', 'rule add iif front lookup 254');
      bed.lookAtInterfaces();
      for (const uplink of uplinks) request(uplink, 'S');
      for (const uplink of uplinks) assert.deepEqual(reply(uplink, 'SA'), linkOf(uplinks[0]));
      assert.equal(cachedHops(bed, family), 1);
    });
  });
}

/** What doctor would have repaired about routes that depend on the source. */
const due = (): readonly RepairDue[] | undefined =>
  using(new Netlink(), (netlink) => collectDatapath(netlink).facts.repairs?.filter(({ kind }) => kind === 'source-rules'));

test('IPv6: routes with a source count as rules by source do', { skip }, () => {
  const family = IPv6;
  return withUplinks('tc', family, ({ bed, uplinks, request, reply }) => {
    const routes = (change: 'add' | 'del'): void =>
      routing(
        family,
        ...uplinks.map(({ vip, gateway, device }) => `route ${change} ${family.farClient}/128 from ${vip} via ${gateway} dev ${device}`),
      );
    assert.deepEqual(due(), []);
    routes('add');
    assert.deepEqual(due(), [{ kind: 'source-rules', family: 'inet6', present: true }]);
    bed.lookAtInterfaces();
    assert.deepEqual([due(), bed.tables.conf.get(0, Conf.sourceRules)], [[], 0], 'IPv4 has none');
    for (const uplink of uplinks) assert.equal(request(uplink, 'S'), macOf(uplink.server));
    for (const uplink of [...uplinks, ...uplinks]) assert.deepEqual(reply(uplink, 'SA'), linkOf(uplink));
    assert.equal(cachedHops(bed, family), 2);
    routes('del');
    assert.deepEqual(due(), [{ kind: 'source-rules', family: 'inet6', present: false }]);
    bed.lookAtInterfaces();
    for (const uplink of uplinks) assert.deepEqual(reply(uplink, 'A'), linkOf(uplinks[0]), 'by the main table');
    assert.deepEqual(bed.drops(), {});
  });
});

test('IPv6: more routes than each command looks at count, too', { skip }, () => {
  return withUplinks('tc', IPv6, ({ bed }) => {
    const routes = (network: string, count: number): void =>
      routing(IPv6, ...Array.from({ length: count }, (_, k) => `route add unreachable ${network}:${k.toString(16)}::/48`));
    routes('fd98', 1000);
    assert.deepEqual(due(), []);
    routes('fd99', 3200);
    assert.deepEqual(due(), [{ kind: 'source-rules', family: 'inet6', present: true }]);
    bed.lookAtInterfaces();
    assert.deepEqual(due(), []);
  });
});

for (const attach of ['tc', 'xdp'] as const) {
  test(`IPv4, ${attach}: the way back that rp_filter wants is that of the virtual address`, { skip }, () => {
    const use = ({ bed, uplinks, request, reply }: TwoUplinks): void => {
      leadEach(IPv4, 'add', uplinks);
      bed.settings.filterReversePath('front', 1);
      const [first, second] = uplinks;
      assert.equal(request(first, 'S'), macOf(first.server));
      assert.deepEqual(reply(first, 'SA'), linkOf(first));
      assert.equal(request(second, 'S'), undefined, 'it leads by another interface');
      assert.deepEqual(bed.drops(), { reverse_path: 1 });
    };
    return withUplinks(attach, IPv4, use, () => ROUTELESS);
  });
}
