// Datagrams of nearly 64 KB through living hosts, by NAT, DR, TUN and FULLNAT, of both families: their fragments come in order, then the other way
// round, to the director and back. The director's kernel forwards nothing of them, and puts nothing together.
//
//   client ── wire ── front ── eth0 [lvs] eth1 ── back ── wire ── web (eth0; eth1 in front, for VS/DR and VS/TUN)
import assert from 'node:assert/strict';
import { breadth, test } from '../support/breadth.js';
import { Bed, type Host, noNamespaces, untilAddressesAreUsed } from '../support/netns-bed.js';
import { ok, running, until } from './cluster.js';
import { DECAPSULATE } from './decapsulate.js';
import { fragmentStation } from './fragments-child.js';

const skip = noNamespaces();
const BYTES = 65_000;
const QUESTIONS = 3;
/** A packet of 65,000 bytes has so many later fragments at least. */
const LATER = 40;

interface World {
  readonly bed: Bed;
  readonly client: Host;
  readonly lvs: Host;
  readonly web: Host;
  readonly reverse: () => Promise<void>;
}

async function wire(bed: Bed, name: string): Promise<{ readonly host: Host; readonly begin: () => Promise<() => Promise<void>> }> {
  const host = bed.host(name);
  const begin = async (): Promise<() => Promise<void>> => {
    for (const device of ['left', 'right']) host.ip(`link set ${device} promisc on`);
    const { child, lines } = running(bed, host, fragmentStation('wire', 'left', 'right'));
    const prints = (line: string) =>
      until(
        () => lines,
        (seen) => seen.includes(line),
      );
    await prints('ready');
    return async () => {
      child.kill('SIGUSR2');
      await prints('reversing');
    };
  };
  return { host, begin };
}

async function build(bed: Bed): Promise<World> {
  const [near, front, back, far] = ['near', 'front', 'back', 'far'].map((name) => bed.lan(name)) as [Host, Host, Host, Host];
  const [client, lvs, web] = ['client', 'lvs', 'web'].map((name) => bed.host(name)) as [Host, Host, Host];
  const [first, second] = [await wire(bed, 'wire1'), await wire(bed, 'wire2')];
  for (const host of [client, lvs, web]) {
    host.sysctl('net.ipv6.conf.default.accept_dad', '0');
    // For servers with the VIP on an interface of their own.
    for (const [key, value] of [
      ['rp_filter', '0'],
      ['arp_ignore', '1'],
      ['arp_announce', '2'],
    ] as const)
      for (const device of ['all', 'default']) host.sysctl(`net.ipv4.conf.${device}.${key}`, value);
  }
  for (const [{ host }, left, right] of [
    [first, near, front],
    [second, back, far],
  ] as const) {
    bed.cable(host, 'left', left);
    bed.cable(host, 'right', right);
  }
  bed.cable(client, 'eth0', near, '10.8.1.10/24', 'fd00:8:1::10/64');
  bed.cable(lvs, 'eth0', front, '10.8.1.1/24', '10.8.1.100/32', 'fd00:8:1::1/64', 'fd00:8:1::100/128');
  bed.cable(lvs, 'eth1', back, '10.8.2.1/24', 'fd00:8:2::1/64');
  bed.cable(web, 'eth0', far, '10.8.2.11/24', 'fd00:8:2::11/64');
  bed.cable(web, 'eth1', front, '10.8.1.11/24', 'fd00:8:1::11/64');
  // What goes through a program is not summed by a device; and tunnels need room.
  for (const [host, device] of [
    [client, 'eth0'],
    [web, 'eth0'],
    [web, 'eth1'],
    [lvs, 'eth0'],
    [lvs, 'eth1'],
  ] as const)
    ok(host.run(['ethtool', '-K', device, 'tx', 'off']));
  client.ip('route add 10.8.1.100/32 dev eth0 mtu 1400');
  client.ip('-6 route add fd00:8:1::100/128 dev eth0 mtu 1400');
  lvs.sysctl('net.ipv4.ip_forward', '0');
  lvs.sysctl('net.ipv6.conf.all.forwarding', '1');
  bed.atEnd(() => lvs.weir('unload'));
  const turns = [await first.begin(), await second.begin()];
  await untilAddressesAreUsed(client, lvs, web);
  return {
    bed,
    client,
    lvs,
    web,
    reverse: async () => {
      for (const turn of turns) await turn();
    },
  };
}

const FAMILIES = [
  { vip: '10.8.1.100', service: '10.8.1.100', masq: '10.8.2.11', direct: '10.8.1.11', local: '10.8.2.1' },
  { vip: 'fd00:8:1::100', service: '[fd00:8:1::100]', masq: '[fd00:8:2::11]', direct: '[fd00:8:1::11]', local: 'fd00:8:2::1' },
] as const;
type Family = (typeof FAMILIES)[number];

/** By FULLNAT the server has no way to the client. */
function knowNoClient({ web }: World): void {
  for (const network of ['10.8.1.0/24', 'fd00:8:1::/64']) web.ip(`${network.includes(':') ? '-6 ' : ''}route del ${network} dev eth1`);
}

/** By NAT the server's replies come back by the director, so that it knows no other way to the client. */
function answerByDirector(world: World): void {
  const { web } = world;
  knowNoClient(world);
  web.ip('route add 10.8.1.0/24 via 10.8.2.1');
  web.ip('-6 route add fd00:8:1::/64 via fd00:8:2::1');
}

/** VS/DR and VS/TUN: the server has the VIPs. */
function ownVips({ web }: World, device: string): void {
  for (const { vip } of FAMILIES)
    web.ip(`addr add ${vip}/${vip.includes(':') ? '128' : '32'} dev ${device}${vip.includes(':') ? ' nodad' : ''}`);
}

async function tunnelEnds({ bed, web }: World): Promise<void> {
  for (const [protocol, port] of [
    [4, 0],
    [41, 0],
  ] as const) {
    const { lines } = running(bed, web, ['perl', '-e', DECAPSULATE.replaceAll('tun0', `tun${protocol}`), String(protocol), String(port)]);
    await until(
      () => lines,
      (seen) => seen[0] === 'ready',
    );
    web.ip(`link set tun${protocol} up`);
    web.sysctl(`net.ipv4.conf.tun${protocol}.rp_filter`, '0');
  }
}

/** `isNat`: the server is asked by its own address. */
const METHODS = [
  { name: 'NAT', flag: () => '-m', isNat: true, prepare: async (world: World) => answerByDirector(world) },
  { name: 'DR', flag: () => '-g', isNat: false, prepare: async (world: World) => ownVips(world, 'lo') },
  {
    name: 'FULLNAT',
    flag: ({ local }: Family) => `--fullnat --local-address ${local}`,
    isNat: true,
    prepare: async (world: World) => knowNoClient(world),
  },
  {
    name: 'TUN',
    flag: () => '-i',
    isNat: false,
    prepare: async (world: World) => {
      await tunnelEnds(world);
      ownVips(world, 'lo');
    },
  },
] as const;

const drops = (lvs: Host): Readonly<Record<string, number>> => JSON.parse(ok(lvs.weir('stats drops --json')));
const held = (lvs: Host): number => drops(lvs)['fragment_held'] ?? 0;

for (const { name, flag, isNat, prepare } of METHODS) {
  (name === 'NAT' ? test : breadth)(
    `${name}: datagrams of 65,000 bytes both ways, in order and the other way round, both families`,
    { skip },
    async () => {
      const bed = new Bed();
      try {
        const world = await build(bed);
        const { client, lvs, web } = world;
        await prepare(world);
        for (const family of FAMILIES) {
          const { vip, service, masq, direct } = family;
          const server = isNat ? `${masq}:53` : name === 'TUN' ? '10.8.1.11:53' : `${direct}:53`;
          for (const line of [`-A -u ${service}:53 -s rr`, `-a -u ${service}:53 -r ${server} ${flag(family)}`]) ok(lvs.ipvsadm(line));
          await web.serve(bed, fragmentStation('echo', isNat ? masq.replace(/[[\]]/g, '') : vip, 53));
        }
        const ask = ({ vip }: Family, count = QUESTIONS, bytes = BYTES): string =>
          ok(client.run(fragmentStation('ask', vip, 53, count, bytes))).trim();
        for (const family of FAMILIES) ask(family, 1, 8); // all neighbours are known then
        for (const family of FAMILIES) assert.equal(ask(family), String(QUESTIONS), `${family.vip} in order`);
        const before = held(lvs);
        await world.reverse();
        for (const family of FAMILIES) assert.equal(ask(family), String(QUESTIONS), `${family.vip} the other way round`);
        assert.ok(held(lvs) - before >= 2 * QUESTIONS * LATER, `fragments were held back: ${held(lvs) - before}`);
        const counted = drops(lvs);
        for (const reason of ['fragment', 'fragment_lost', 'fragment_dropped', 'redirect_failed', 'too_big'])
          assert.equal(counted[reason], 0, JSON.stringify(counted));
      } finally {
        bed.close();
      }
    },
  );
}
