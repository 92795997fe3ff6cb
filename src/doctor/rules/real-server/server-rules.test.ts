// Each rule of a real server: no finding on a healthy host, and one finding for one fault.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realServer, WAN } from '../../../../test/support/doctor-facts.js';
import { ip } from '../../../../test/support/ip.js';
import type { Finding } from '../../../model/finding.js';
import { LinkHardware } from '../../../wire/rtnetlink-link.js';
import { diagnose } from '../../diagnose.js';
import type { RealServerFacts, SocketFact } from '../../facts.js';
import { iptablesChains } from '../../packet-filter/iptables-chains.js';
import { nftChains } from '../../packet-filter/nft-chains.js';
import { chosenMethod } from '../../server-method.js';

const found = (change: Partial<RealServerFacts>): readonly Finding[] => diagnose({ ...realServer, ...change });
const codes = (change: Partial<RealServerFacts>) => found(change).map(({ severity, code }) => `${severity} ${code}`);
const settings = (values: Readonly<Record<string, string>>) => new Map([...realServer.settings, ...Object.entries(values)]);
const [vipOnLo, own] = realServer.addresses;

test('a bridge without ports hides the VIP as lo does, and one with ports does not', () => {
  const bridge = { ...WAN, ifindex: 7, name: 'vip0', kind: 'bridge', mac: '02:00:00:00:00:70' };
  const there = { addresses: [{ ...vipOnLo, ifindex: 7, label: 'vip0' }, own] } as Partial<RealServerFacts>;
  const [lo, eth] = realServer.interfaces as readonly [typeof WAN, typeof WAN];
  assert.deepEqual(codes({ ...there, interfaces: [lo, eth, bridge] }), []);
  const port = { ...WAN, ifindex: 8, name: 'eth1', master: 7, masterKind: 'bridge' };
  assert.ok(codes({ ...there, interfaces: [lo, eth, bridge, port] }).includes('error server-vip-on-wire'));
});

test('a healthy real server has no finding', () => {
  assert.deepEqual(found({}), []);
});

test('VIP: none, absent, on an interface with ARP, prefix too short; a tunnel interface is as good as lo', () => {
  assert.ok(vipOnLo && own);
  assert.deepEqual(codes({ vips: [] }), ['error server-vip-absent']);
  assert.equal(found({ addresses: [own], localVips: [] })[0]?.fix, 'weir realserver start --vip 10.5.0.9');
  assert.deepEqual(codes({ vips: [], localVips: [], methodCertain: false }), ['info server-vip-absent'], 'it may be a server of VS/NAT');
  assert.deepEqual(codes({ addresses: [own, { ...vipOnLo, ifindex: 2 }] }), ['error server-vip-on-wire']);
  assert.deepEqual(codes({ addresses: [own, { ...vipOnLo, prefixLength: 24 }] }), ['error server-vip-prefix']);
  const tunnel = { ...WAN, ifindex: 5, name: 'tunl0', hardware: LinkHardware.ipip };
  assert.deepEqual(codes({ interfaces: [...realServer.interfaces, tunnel], addresses: [own, { ...vipOnLo, ifindex: 5 }] }), []);
});

test('ARP: the larger of all and the interface counts', () => {
  const all = 'net/ipv4/conf/all/arp_ignore';
  const one = 'net/ipv4/conf/eth/arp_ignore';
  assert.deepEqual(codes({ settings: settings({ [all]: '0' }) }), ['error server-arp-ignore']);
  assert.deepEqual(codes({ settings: settings({ [all]: '0', [one]: '1' }) }), []);
  assert.equal(found({ settings: settings({ [all]: '0' }) })[0]?.fix, 'sysctl -w net.ipv4.conf.all.arp_ignore=1');
  assert.equal(
    found({ settings: settings({ [one]: '3' }) })[0]?.fix,
    'sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.eth.arp_ignore=1',
  );
  assert.deepEqual(codes({ settings: settings({ 'net/ipv4/conf/all/arp_announce': '1' }) }), ['error server-arp-announce']);
});

test('a dot in an interface’s name is a slash to sysctl', () => {
  const interfaces = realServer.interfaces.map((iface) => (iface.ifindex === 2 ? { ...iface, name: 'eth.7' } : iface));
  const [first] = found({ interfaces, settings: settings({ 'net/ipv4/conf/eth.7/arp_ignore': '3' }) });
  assert.equal(first?.fix, 'sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.eth/7.arp_ignore=1');
});

test('every interface on the network of the VIP is examined, others are not', () => {
  const second = { ...WAN, ifindex: 3, name: 'eth1' };
  const withAllOff = settings({ 'net/ipv4/conf/all/arp_ignore': '0', 'net/ipv4/conf/eth/arp_ignore': '1' });
  const elsewhere = { ifindex: 3, address: ip('10.7.0.1'), prefixLength: 24 };
  const address = { ifindex: 3, address: ip('10.5.0.52'), prefixLength: 24 };
  const interfaces = [...realServer.interfaces, second];
  assert.deepEqual(codes({ interfaces, settings: withAllOff }), [], 'no address, no cluster');
  assert.deepEqual(codes({ interfaces, settings: withAllOff, addresses: [...realServer.addresses, elsewhere] }), []);
  const answer = { ifindex: 3, address: ip('10.5.0.9'), mac: '02:00:00:00:00:01' };
  const onWire = codes({ interfaces, settings: withAllOff, holders: [...realServer.holders, answer] });
  assert.deepEqual(onWire, ['error server-arp-ignore'], 'without an address, but the director answers there');
  const [finding] = found({ interfaces, settings: withAllOff, addresses: [...realServer.addresses, address] });
  assert.match(finding?.what ?? '', /^arp_ignore is 0 on eth1, beside eth /);
});

test('gateway under VS/DR: never the director, by its address or by its MAC', () => {
  assert.deepEqual(codes({ dip: ip('10.5.0.1') }), ['error server-gateway-is-director']);
  assert.deepEqual(codes({ dip: ip('10.5.0.2') }), []);
  const same = realServer.holders.map((holder) => ({ ...holder, mac: '02:00:00:00:00:01' }));
  assert.deepEqual(codes({ holders: same }), ['error server-gateway-is-director']);
  const bare = { gateways: [], waysBack: [{ path: { to: ip('198.51.100.85'), kind: 'none' } }] } as const;
  assert.deepEqual(codes(bare), ['warning server-no-gateway']);
  assert.deepEqual(codes({ ...bare, otherRouters: true }), ['info server-no-gateway']);
});

test('gateway under VS/NAT: only the director; VIP and ARP do not matter', () => {
  const nat = { method: 'nat', vips: [], settings: new Map() } as const;
  assert.deepEqual(codes({ ...nat, dip: ip('10.5.0.1') }), []);
  assert.deepEqual(codes({ ...nat, dip: ip('10.5.0.2') }), ['error server-gateway-not-director']);
  assert.equal(found({ ...nat, dip: ip('10.5.0.2'), gateways: [] })[0]?.what, 'there is no default route');
  // A policy route for the address that the director knows.
  const back = { from: ip('10.5.0.51'), path: { to: ip('192.0.2.1'), kind: 'routed', ifindex: 2, gateway: ip('10.5.0.2') } } as const;
  assert.deepEqual(codes({ ...nat, dip: ip('10.5.0.2'), waysBack: [back] }), []);
});

test('under FULLNAT any way to the local address will do', () => {
  const local = ip('10.5.0.1');
  const fullnat = { method: 'fullnat', vips: [], settings: new Map(), dip: local } as const;
  const straight = { path: { to: local, kind: 'routed', ifindex: 2 } } as const;
  const none = { path: { to: local, kind: 'none' } } as const;
  assert.deepEqual(codes({ ...fullnat, waysBack: [straight] }), []);
  assert.deepEqual(codes({ ...fullnat, waysBack: [straight], gateways: [] }), [], 'it needs no default route');
  const [lost] = found({ ...fullnat, waysBack: [none] });
  assert.deepEqual([lost?.code, lost?.advice], ['server-no-way-back', 'ip route add 10.5.0.1 via ROUTER']);
  const dead = { address: ip('10.5.0.2'), ifindex: 2, unasked: false };
  assert.deepEqual(codes({ ...fullnat, waysBack: [straight], gateways: [dead] }), [], 'answers do not go by it');
  const by = { path: { ...straight.path, gateway: dead.address } } as const;
  assert.deepEqual(codes({ ...fullnat, waysBack: [by], gateways: [dead] }), ['error server-gateway-silent']);
});

test('the VIP is answered for by two hosts, or by none', () => {
  const rival = { ifindex: 2, address: ip('10.5.0.9'), mac: '02:00:00:00:00:77' };
  const [twice] = found({ holders: [...realServer.holders, rival] });
  assert.match(twice?.what ?? '', /^02:00:00:00:00:01 and 02:00:00:00:00:77 both answer ARP for VIP 10\.5\.0\.9 on eth$/);
  assert.deepEqual(codes({ holders: [] }), ['warning vip-unanswered']);
  assert.deepEqual(
    codes({
      vips: [ip('203.0.113.9')],
      localVips: [ip('203.0.113.9')],
      holders: [],
      addresses: [{ ifindex: 1, address: ip('203.0.113.9'), prefixLength: 32 }, own as NonNullable<typeof own>],
    }),
    [],
    'a VIP of another subnet is asked for elsewhere',
  );
});

const GATEWAY = { address: ip('10.5.0.1'), ifindex: 2, unasked: false } as const;

test('a gateway that does not answer, and one that the neighbour table has with another MAC', () => {
  assert.deepEqual(codes({ gateways: [GATEWAY] }), ['error server-gateway-silent']);
  assert.deepEqual(codes({ gateways: [{ ...GATEWAY, unasked: true }] }), [], 'a tunnel has no ARP');
  const [wrong] = found({ gateways: [{ ...GATEWAY, mac: '02:00:00:00:00:fe', fixedMac: '02:00:00:00:00:aa' }] });
  assert.deepEqual([wrong?.code, wrong?.fix], ['server-gateway-neighbour', 'ip neigh del 10.5.0.1 dev eth']);
  assert.deepEqual(codes({ gateways: [{ ...GATEWAY, fixedMac: '02:00:00:00:00:aa' }] }), [], 'a router that answers no ARP');
});

test('a blackhole, and rp_filter where the route back uses another interface', () => {
  const dropped = { path: { to: ip('198.51.100.85'), kind: 'none', refusedBy: 'blackhole' } } as const;
  const refusingRoutes = [{ type: 'blackhole', destination: { address: ip('198.51.0.0'), prefixLength: 16 }, table: 77 }] as const;
  const [hole] = found({ refusingRoutes, waysBack: [dropped] });
  assert.deepEqual([hole?.code, hole?.fix], ['server-no-way-back', 'ip route del blackhole 198.51.0.0/16 table 77']);
  const [ruled] = found({ waysBack: [{ ...dropped, from: ip('10.5.0.9') }] });
  assert.deepEqual([ruled?.code, ruled?.fix], ['server-no-way-back', undefined], 'a rule may refuse, too');
  const strict = settings({ 'net/ipv4/conf/eth/rp_filter': '1' });
  const waysBack = [{ path: { to: ip('198.51.100.85'), kind: 'routed', gateway: ip('10.7.0.1'), ifindex: 3 } }] as const;
  assert.deepEqual(codes({ settings: strict }), []);
  assert.deepEqual(codes({ waysBack }), []);
  const [path] = found({ settings: strict, waysBack });
  assert.deepEqual([path?.code, path?.fix], ['server-reverse-path', 'sysctl -w net.ipv4.conf.eth.rp_filter=2']);
  const tunnel = { ...WAN, ifindex: 5, name: 'tunl0', kind: 'ipip', hardware: LinkHardware.ipip };
  const inTunnel = { method: 'tun', interfaces: [...realServer.interfaces, tunnel] } as const;
  assert.deepEqual(codes({ ...inTunnel, settings: settings({ 'net/ipv4/conf/all/rp_filter': '1' }) }), ['error server-reverse-path']);
  const loose = settings({ 'net/ipv4/conf/tunl0/rp_filter': '2' });
  assert.deepEqual(codes({ ...inTunnel, settings: loose }), ['error server-reverse-path'], 'it has no address');
  const addresses = [...realServer.addresses, { ifindex: 5, address: ip('10.5.0.9'), prefixLength: 32 }];
  assert.deepEqual(codes({ ...inTunnel, addresses, settings: loose }), []);
});

const iptables = (...rules: readonly string[]) =>
  iptablesChains(`*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rules.join('\n')}\nCOMMIT\n`, 'iptables');
const natted = (rule: string) => iptablesChains(`*nat\n:PREROUTING ACCEPT [0:0]\n${rule}\nCOMMIT\n`, 'iptables');
const HTTP = { protocol: 'tcp', port: 80 } as const;
const socket = (address: string, port: number, more: Partial<SocketFact> = {}): SocketFact => {
  const of = ip(address);
  return { protocol: 'tcp', family: of.family, address: of, port, sixOnly: false, device: 0, waiting: 0, waitingMax: 128, ...more };
};
const web = { ports: [HTTP], sockets: [socket('0.0.0.0', 80)] };

test('rules of this host that drop what comes for the VIP, or the answers', () => {
  const fixes = (...rules: readonly string[]) => found({ ...web, chains: iptables(...rules) }).map(({ code, fix }) => [code, fix]);
  const accept = 'iptables -I INPUT -d 10.5.0.9 -p tcp --dport 80 -j ACCEPT';
  assert.deepEqual(fixes('-A INPUT -d 10.5.0.9/32 -j DROP'), [['server-filter', accept]]);
  assert.deepEqual(fixes('-A INPUT -p tcp --dport 22 -j ACCEPT', '-A INPUT -j REJECT'), [['server-filter', accept]]);
  assert.deepEqual(fixes('-A INPUT -p tcp -m multiport --dports 22,80:90 -j ACCEPT', '-A INPUT -j DROP'), []);
  assert.deepEqual(fixes('-A INPUT -s 192.0.2.0/24 -j ACCEPT', '-A INPUT -j DROP'), [], 'that may be where the clients are');
  assert.deepEqual(fixes('-A INPUT -s 192.0.2.0/24 -j DROP', '-A INPUT -p tcp --dport 443 -j DROP'), []);
  const answers = 'iptables -I OUTPUT -s 10.5.0.9 -p tcp --sport 80 -j ACCEPT';
  assert.deepEqual(fixes('-A OUTPUT -s 10.5.0.9/32 -j DROP'), [['server-filter', answers]]);
  assert.deepEqual(fixes('-A OUTPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT', '-A OUTPUT -j DROP'), []);
  const onlyNew = ['-A INPUT -p tcp -m tcp --dport 80 -m state --state NEW -j ACCEPT', '-A INPUT -j DROP'];
  assert.deepEqual(fixes(...onlyNew), [['server-filter', accept]], 'connections open, and their packets are dropped');
  assert.deepEqual(fixes('-A INPUT -m state --state ESTABLISHED -j ACCEPT', ...onlyNew), []);
  assert.deepEqual(fixes('-A INPUT -p tcp -m tcp --syn -j ACCEPT', '-A INPUT -p tcp -j DROP'), [['server-filter', accept]]);
  assert.deepEqual(codes({ chains: iptables('-A INPUT -d 10.5.0.9/32 -j DROP') }), ['error server-filter'], 'without a port, too');
  const byNft =
    nftChains(
      JSON.stringify({
        nftables: [
          { chain: { family: 'inet', table: 'f', name: 'in', type: 'filter', hook: 'input', prio: 0, policy: 'drop' } },
          {
            rule: {
              family: 'inet',
              table: 'f',
              chain: 'in',
              expr: [{ match: { op: '==', left: { payload: { protocol: 'tcp', field: 'dport' } }, right: 22 } }, { accept: null }],
            },
          },
        ],
      }),
    ) ?? [];
  assert.equal(found({ ...web, chains: byNft })[0]?.fix, 'nft insert rule inet f in ip daddr 10.5.0.9 tcp dport 80 accept');
});

test('where a process listens: anywhere, on the VIP, on another address or port, on the loopback, or nowhere', () => {
  const of = (...sockets: readonly SocketFact[]) => found({ ports: [HTTP], sockets }).map(({ code, fix }) => [code, fix]);
  assert.deepEqual(of(socket('0.0.0.0', 80)), []);
  assert.deepEqual(of(socket('10.5.0.9', 80)), []);
  assert.deepEqual(of(socket('::', 80)), []);
  assert.deepEqual(of(socket('::ffff:10.5.0.9', 80)), []);
  assert.deepEqual(of(socket('2001:db8::ffff:10.5.0.9', 80)), [['server-listens-elsewhere', undefined]], 'not ::ffff:10.5.0.9');
  const PRE = 'iptables -t nat -I PREROUTING -d 10.5.0.9 -p tcp --dport 80 -j';
  assert.deepEqual(of(socket('10.5.0.51', 80)), [['server-listens-elsewhere', `${PRE} DNAT --to-destination 10.5.0.51:80`]]);
  assert.deepEqual(of(socket('::', 80, { sixOnly: true })), [['server-listens-elsewhere', undefined]]);
  assert.deepEqual(of(socket('0.0.0.0', 80, { device: 1 })), [['server-listens-elsewhere', undefined]], 'bound to lo');
  assert.deepEqual(of(socket('127.0.0.1', 80)), [
    ['server-listens-on-loopback', `sysctl -w net.ipv4.conf.eth.route_localnet=1; ${PRE} DNAT --to-destination 127.0.0.1:80`],
  ]);
  assert.deepEqual(of(socket('0.0.0.0', 8080), socket('0.0.0.0', 22)), [['server-not-listening', `${PRE} REDIRECT --to-ports 8080`]]);
  assert.deepEqual(of(), [['server-not-listening', undefined]]);
  assert.deepEqual(of(socket('0.0.0.0', 80, { waiting: 129 })), [['server-not-accepting', undefined]]);
  const [byNft] = found({ ports: [HTTP], sockets: [socket('10.5.0.51', 80)], tools: ['nft'] });
  assert.match(byNft?.fix ?? '', /^nft add table ip weir_service; .* ip daddr 10\.5\.0\.9 tcp dport 80 dnat to 10\.5\.0\.51:80$/);
});

test('REDIRECT takes the VIP: no address and no sysctl is needed, but a process at its port', () => {
  const redirect = natted('-A PREROUTING -d 10.5.0.9/32 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080');
  const host = { addresses: realServer.addresses.slice(1), localVips: [], settings: new Map(), chains: redirect, ports: [HTTP] };
  assert.deepEqual(codes({ ...host, sockets: [socket('0.0.0.0', 8080)] }), []);
  assert.deepEqual(codes({ ...host, sockets: [socket('10.5.0.51', 8080)] }), []);
  assert.deepEqual(codes({ ...host, sockets: [socket('0.0.0.0', 80)] }), ['error server-not-listening']);
  assert.deepEqual(codes({ ...host, ports: [], sockets: [] }), [], 'without a port, the rule names it');
});

test('rules about ARP hide a VIP as the sysctls do, even on an interface of the cluster', () => {
  const rule = { address: ip('10.5.0.9'), prefixLength: 32 };
  const silent = settings({ 'net/ipv4/conf/all/arp_ignore': '0', 'net/ipv4/conf/all/arp_announce': '0' });
  const arpRules = [{ ...rule, direction: 'in' } as const, { ...rule, direction: 'out' } as const];
  assert.deepEqual(codes({ settings: silent, arpRules }), []);
  assert.deepEqual(codes({ settings: silent, arpRules: arpRules.slice(0, 1) }), ['error server-arp-announce']);
  const addresses = realServer.addresses.map((one) => ({ ...one, ifindex: 2 }));
  assert.deepEqual(codes({ addresses, settings: silent, arpRules }), []);
});

test('the method is what this host shows', () => {
  const { method: _, methodCertain: __, ...bare } = realServer;
  assert.deepEqual(chosenMethod(bare), { method: 'dr', methodCertain: true });
  const without = { ...bare, localVips: [], addresses: realServer.addresses.slice(1) };
  assert.deepEqual(chosenMethod(without), { method: 'dr', methodCertain: true }, 'the VIP is in its subnet');
  const far = { ...without, vips: [ip('203.0.113.9')], holders: [] };
  assert.deepEqual(chosenMethod(far), { method: 'dr', methodCertain: false });
  assert.deepEqual(chosenMethod({ ...far, dip: ip('10.5.0.1') }), { method: 'nat', methodCertain: true });
  assert.deepEqual(chosenMethod({ ...far, vips: [] }), { method: 'dr', methodCertain: false });
});
