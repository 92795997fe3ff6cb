// The rules of a real server where they differ for IPv6: no finding on a healthy host, and one finding for one fault.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realServer, WAN } from '../../../../test/support/doctor-facts.js';
import { ip } from '../../../../test/support/ip.js';
import type { Finding } from '../../../model/finding.js';
import { LinkFlag } from '../../../wire/rtnetlink-link.js';
import { coverageOf } from '../../coverage.js';
import { diagnose } from '../../diagnose.js';
import type { Ipv6AddressFact, RealServerFacts, SocketFact } from '../../facts.js';
import { iptablesChains } from '../../packet-filter/iptables-chains.js';
import { nftChains } from '../../packet-filter/nft-chains.js';
import { reportText } from '../../report.js';
import { translatedVips } from '../../server-arrivals.js';
import { chosenMethod } from '../../server-method.js';

const [VIP, ROUTER, CLIENT] = [ip('2001:db8:5::9'), ip('fe80::1'), ip('2620:fe::9')];
const vipOnLo: Ipv6AddressFact = { ifindex: 1, address: VIP, prefixLength: 128 };
const own: Ipv6AddressFact = { ifindex: 2, address: ip('2001:db8:5::51'), prefixLength: 64 };

const GATEWAY = { address: ROUTER, ifindex: 2, mac: '02:00:00:00:00:fe', unasked: false } as const;

/** As `realServer`, of IPv6 alone; without the sysctls of ARP. */
const server6: RealServerFacts = {
  ...realServer,
  family: 'inet6',
  settings: new Map(),
  vips: [VIP],
  localVips: [VIP],
  addresses: [vipOnLo, own],
  defaultRoutes: [{ ifindex: 2, gateway: ROUTER }],
  gateways: [GATEWAY],
  waysBack: [{ from: VIP, path: { to: CLIENT, kind: 'routed', gateway: ROUTER, ifindex: 2 } }],
  holders: [
    { ifindex: 2, address: VIP, mac: '02:00:00:00:00:01' },
    { ifindex: 2, address: ROUTER, mac: '02:00:00:00:00:fe' },
  ],
};
const found = (change: Partial<RealServerFacts>): readonly Finding[] => diagnose({ ...server6, ...change });
const codes = (change: Partial<RealServerFacts>) => found(change).map(({ severity, code }) => `${severity} ${code}`);

test('a healthy real server has no finding: the kernel hides the VIP by itself', () => {
  assert.deepEqual(found({}), []);
  assert.deepEqual(codes({ vips: [], localVips: [], methodCertain: false }), ['info server-vip-absent']);
  assert.deepEqual(codes({ dip: ip('2001:db8:5::1'), gateways: [{ ...GATEWAY, address: ip('2001:db8:5::1') }] }), []);
});

test('the VIP on an interface towards the cluster, and on lo with a wide prefix', () => {
  const [wire] = found({ addresses: [own, { ...vipOnLo, ifindex: 2 }] });
  assert.match(`${wire?.code} ${wire?.cause}`, /^server-vip-on-wire .*answers neighbour solicitations for its own addresses/);
  assert.equal(wire?.fix, 'ip addr del 2001:db8:5::9/128 dev eth; weir realserver start --vip 2001:db8:5::9');
  const [wide] = found({ addresses: [own, { ...vipOnLo, prefixLength: 64 }] });
  assert.match(`${wire?.severity} ${wide?.code} ${wide?.cause}`, /^error server-vip-prefix .*makes a route of the whole subnet/);
});

test('words are those of IPv6', () => {
  const gateway = { address: ROUTER, ifindex: 2, unasked: false };
  const [silent] = found({ gateways: [gateway] });
  assert.match(silent?.what ?? '', /^the gateway fe80::1 does not answer neighbour solicitations on eth$/);
  assert.match(silent?.advice ?? '', /ip -6 route replace default via ROUTER dev eth/);
  const rival = { ifindex: 2, address: VIP, mac: '02:00:00:00:00:77' };
  const [duel] = found({ holders: [...server6.holders, rival] });
  assert.match(duel?.what ?? '', /both answer neighbour solicitations for VIP 2001:db8:5::9 on eth$/);
  assert.match(duel?.cause ?? '', /with the VIP on an interface towards the cluster/);
  const dip = ip('2001:db8:5::2');
  const [other] = found({ method: 'nat', vips: [], localVips: [], dip });
  assert.equal(other?.fix, 'ip -6 route replace default via 2001:db8:5::2');
  const [none] = found({ waysBack: [{ path: { to: CLIENT, kind: 'none' } }], gateways: [] });
  assert.equal(none?.advice, 'ip -6 route add default via ROUTER');
});

test('a server of VS/NAT by a router’s link-local address: its MAC is the director’s', () => {
  const dip = ip('2001:db8:5::1');
  const holders = [...server6.holders, { ifindex: 2, address: dip, mac: '02:00:00:00:00:fe' }] as const;
  const { method, methodCertain, ...rest } = { ...server6, vips: [], localVips: [], addresses: [own], dip, holders };
  assert.deepEqual(chosenMethod(rest), { method: 'nat', methodCertain: true });
  assert.deepEqual(codes({ vips: [], localVips: [], addresses: [own], dip, holders, method: 'nat' }), []);
  assert.ok(method === 'dr' && methodCertain);
});

test('interfaces: one that went down lost its addresses; one without any; one whose address another host had', () => {
  const [lo, eth] = realServer.interfaces;
  assert.ok(lo && eth);
  const down = { ...eth, flags: eth.flags & ~(LinkFlag.up | LinkFlag.lowerUp | LinkFlag.running) };
  const gone = { addresses: [vipOnLo], gateways: [], holders: [], waysBack: [{ path: { to: CLIENT, kind: 'none' } }] } as const;
  const [first, ...others] = found({ ...gone, interfaces: [lo, down] });
  assert.deepEqual([first?.code, first?.fix, others], ['interface-down', 'ip link set eth up', []]);
  assert.match(first?.advice ?? '', /^addresses and routes that were lost/);
  const spare = { ...WAN, ifindex: 7, name: 'spare', flags: 0 };
  assert.deepEqual(codes({ interfaces: [lo, eth, spare] }), [], 'one that nobody needs');
  const [bare] = found({ ...gone, interfaces: [lo, eth] });
  assert.match(`${bare?.code} ${bare?.what}`, /^server-without-address eth has no IPv6 address$/);
  const failed = { ...own, detection: 'failed' } as const;
  const [unused] = found({ addresses: [vipOnLo, failed] });
  assert.deepEqual(
    [unused?.code, unused?.fix],
    ['address-duplicate', 'ip addr del 2001:db8:5::51/64 dev eth; ip addr add 2001:db8:5::51/64 dev eth'],
  );
  const twin = { ifindex: 2, address: own.address, mac: '02:00:00:00:00:88' };
  const shared = found({ addresses: [vipOnLo, failed], holders: [...server6.holders, twin] });
  assert.deepEqual(
    shared.map(({ code }) => code),
    ['address-duplicate'],
  );
  assert.match(shared[0]?.advice ?? '', /^remove it there, then /);
});

const HTTP = { protocol: 'tcp', port: 80 } as const;
const socket = (address: string, port: number, more: Partial<SocketFact> = {}): SocketFact => {
  const of = ip(address);
  return { protocol: 'tcp', family: of.family, address: of, port, sixOnly: false, device: 0, waiting: 0, waitingMax: 128, ...more };
};

test('what listens: IPv6 alone takes its packets', () => {
  const listening = (...sockets: readonly SocketFact[]) => found({ ports: [HTTP], sockets });
  assert.deepEqual(listening(socket('::', 80, { sixOnly: true })), []);
  assert.deepEqual(listening(socket('2001:db8:5::9', 80)), []);
  const [four] = listening(socket('0.0.0.0', 80));
  assert.match(`${four?.code} ${four?.cause}`, /^server-listens-elsewhere .*listens on 0\.0\.0\.0 only, without IPv6$/);
  assert.deepEqual([four?.fix, four?.advice], [undefined, 'let the service listen on 2001:db8:5::9 or on ::']);
  const [loopback] = listening(socket('::1', 80));
  assert.deepEqual([loopback?.code, loopback?.fix], ['server-listens-on-loopback', undefined]);
  const [elsewhere] = listening(socket('2001:db8:5::51', 80));
  assert.equal(
    elsewhere?.fix,
    'ip6tables -t nat -I PREROUTING -d 2001:db8:5::9 -p tcp --dport 80 -j DNAT --to-destination [2001:db8:5::51]:80',
  );
  const byNft = found({ ports: [HTTP], sockets: [socket('::', 8081)], tools: ['nft', 'iptables'] });
  assert.match(byNft[0]?.fix ?? '', /nft add rule ip6 weir_service prerouting ip6 daddr 2001:db8:5::9 tcp dport 80 redirect to :8081$/);
  assert.match(listening()[0]?.what ?? '', /^no process takes TCP \[2001:db8:5::9\]:80$/);
});

const ip6tables = (...rules: readonly string[]) =>
  iptablesChains(`*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rules.join('\n')}\nCOMMIT\n`, 'ip6tables');
const denying = (...rules: readonly string[]) =>
  iptablesChains(`*filter\n:INPUT DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n${rules.join('\n')}\nCOMMIT\n`, 'ip6tables');

test('the packet filter: rules of ip6tables about the service, and those that drop neighbour discovery', () => {
  const web = { ports: [HTTP], sockets: [socket('::', 80)] };
  const [dropped] = found({ ...web, chains: ip6tables('-A INPUT -d 2001:db8:5::9/128 -j DROP') });
  assert.deepEqual([dropped?.code, dropped?.fix], ['server-filter', 'ip6tables -I INPUT -d 2001:db8:5::9 -p tcp --dport 80 -j ACCEPT']);
  assert.deepEqual(found({ ...web, chains: iptablesChains('*filter\n:INPUT DROP [0:0]\nCOMMIT\n', 'iptables') }), [], 'IPv4’s');
  const accepted = ['-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT', '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'];
  const [blind] = found({ ...web, chains: denying(...accepted) });
  assert.deepEqual([blind?.code, blind?.fix], ['server-discovery-filter', 'ip6tables -I INPUT -p ipv6-icmp -j ACCEPT']);
  assert.match(blind?.what ?? '', /^a rule of this host drops neighbour solicitations on eth$/);
  for (const rule of [
    '-A INPUT -p ipv6-icmp -j ACCEPT',
    '-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -m hl --hl-eq 255 -j ACCEPT',
    '-A INPUT -s fe80::/10 -p ipv6-icmp -j ACCEPT',
    '-A INPUT -m conntrack --ctstate UNTRACKED -j ACCEPT',
  ]) {
    const advert = '-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT';
    assert.deepEqual(codes({ ...web, chains: denying(...accepted, rule, advert) }), [], rule);
  }
  const [lonely] = found({ ...web, chains: denying(...accepted, '-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT') });
  assert.match(lonely?.what ?? '', /^a rule of this host drops the answers to its own neighbour solicitations on eth$/);
  const [silent] = found({ chains: ip6tables('-A OUTPUT -p ipv6-icmp -m icmp6 --icmpv6-type 136/0 -j DROP') });
  assert.match(silent?.what ?? '', /^a rule of this host drops answers to neighbour solicitations on eth$/);
});

test('the same of nft, by the names of its types', () => {
  const rule = (type: string, verdict: string) =>
    JSON.stringify({
      nftables: [
        { chain: { family: 'inet', table: 'f', name: 'in', hook: 'input', policy: 'accept', prio: 0 } },
        {
          rule: {
            family: 'inet',
            table: 'f',
            chain: 'in',
            expr: [{ match: { op: '==', left: { payload: { protocol: 'icmpv6', field: 'type' } }, right: type } }, { [verdict]: null }],
          },
        },
      ],
    });
  const [dropped] = found({ chains: nftChains(rule('nd-neighbor-solicit', 'drop')) ?? [] });
  assert.deepEqual([dropped?.code, dropped?.fix], ['server-discovery-filter', 'nft insert rule inet f in meta l4proto ipv6-icmp accept']);
  assert.deepEqual(found({ chains: nftChains(rule('echo-request', 'drop')) ?? [] }), []);
});

test('VIPs that rules lead elsewhere are found by either family', () => {
  const nat = iptablesChains(
    '*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -d 2001:db8:5::9/128 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080\nCOMMIT\n',
    'ip6tables',
  );
  assert.deepEqual(translatedVips(nat, undefined, ['eth']), [VIP]);
  assert.deepEqual(codes({ addresses: [own], localVips: [], chains: nat, ports: [HTTP], sockets: [socket('::', 8080)] }), []);
});

test('a server of both families: findings of each, those about the host once', () => {
  const both: RealServerFacts = { ...realServer, other: { ...server6, localVips: [], addresses: [own] } };
  assert.deepEqual(
    diagnose(both).map(({ code, what }) => `${code} ${what}`),
    ['server-vip-absent VIP 2001:db8:5::9 is not on this host'],
  );
  const healthy: RealServerFacts = { ...realServer, other: server6 };
  const text = reportText(healthy, diagnose(healthy));
  assert.match(
    text,
    /^OK {5}nothing is wrong: real server, VS\/DR, VS\/DR of IPv6; looked at: 2 VIPs, ARP, neighbour discovery, 2 gateways,/,
  );
  assert.deepEqual(coverageOf(server6).lookedAt.slice(0, 2), ['1 VIP', 'neighbour discovery']);
  const unplugged = realServer.interfaces.map((one) => ({ ...one, flags: one.flags & ~LinkFlag.lowerUp }));
  const cut = diagnose({ ...healthy, interfaces: unplugged, other: { ...server6, interfaces: unplugged } });
  assert.deepEqual(cut.filter(({ code }) => code === 'interface-no-carrier').length, 1);
});
