// Rules about the tunnels of a real server: no finding where all is in place, and one finding for one fault.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realServer, WAN } from '../../../../test/support/doctor-facts.js';
import { ip } from '../../../../test/support/ip.js';
import { LinkHardware } from '../../../wire/rtnetlink-link.js';
import { diagnose } from '../../diagnose.js';
import type { RealServerFacts } from '../../facts.js';
import { iptablesChains } from '../../packet-filter/iptables-chains.js';
import { nftChains } from '../../packet-filter/nft-chains.js';
import { chosenMethod } from '../../server-method.js';

const VIP = ip('10.5.0.9');
const [, own] = realServer.addresses;
const tunnel = { ...WAN, ifindex: 5, name: 'weir-ipip', kind: 'ipip', hardware: LinkHardware.ipip, mtu: 1480 };
const started: RealServerFacts = {
  ...realServer,
  method: 'tun',
  interfaces: [...realServer.interfaces, tunnel],
  addresses: [{ ifindex: 5, address: VIP, prefixLength: 32, label: 'weir-ipip' }, ...(own === undefined ? [] : [own])],
  tunnels: {
    guePorts: [],
    vips: [VIP],
    devices: [{ name: 'weir-ipip', kind: 'ipip', checksum: false }],
    ports: [],
    rips: [ip('10.5.0.51'), ip('fd00:5::51')],
  },
};
const found = (change: Partial<RealServerFacts>) =>
  diagnose({ ...started, ...change }).map(({ code, fix, advice }) => [code, fix ?? advice ?? '']);
const tunnels = (change: Partial<RealServerFacts['tunnels']>) => ({ tunnels: { ...started.tunnels, ...change } });
const settings = (values: Readonly<Record<string, string>>) => new Map([...started.settings, ...Object.entries(values)]);
const without = { interfaces: realServer.interfaces, addresses: started.addresses.slice(1), localVips: [] };

test('a server that was started for tunnels, and one that a person set up, have no finding', () => {
  assert.deepEqual(found({}), []);
  assert.deepEqual(found(tunnels({ vips: [], devices: [] })), []);
  const { method: _, methodCertain: __, ...bare } = { ...started, ...without };
  assert.deepEqual(chosenMethod(bare), { method: 'tun', methodCertain: true }, 'by what is remembered');
});

test('the device is gone or down: the command that makes it again, with the options of the start', () => {
  const again = 'weir realserver start --mode tun --vip 10.5.0.9';
  assert.deepEqual(found(without), [['server-tunnel-absent', again]]);
  const down = { ...tunnel, flags: 0 };
  assert.deepEqual(found({ interfaces: [...realServer.interfaces, down], localVips: [] }), [['server-tunnel-down', again]]);
  const port = { family: 'inet', port: 6080 } as const;
  assert.deepEqual(found({ ...without, ...tunnels({ ports: [port], guePorts: [port] }) }), [
    ['server-tunnel-absent', 'weir realserver start --mode tun --tun-type gue --tun-port 6080 --vip 10.5.0.9'],
  ]);
  const six = tunnels({ devices: [{ name: 'weir-ip6', kind: 'ip6tnl', checksum: false }] });
  assert.deepEqual(found({ ...without, ...six }), [
    ['server-tunnel-absent', 'weir realserver start --mode tun --rip fd00:5::51 --vip 10.5.0.9'],
  ]);
  const gre = tunnels({ devices: [{ name: 'weir-gre-0002', kind: 'gre', remote: ip('10.5.0.2'), checksum: true }] });
  assert.deepEqual(found({ ...without, ...gre }), [
    ['server-tunnel-absent', 'weir realserver start --mode tun --tun-type gre --tun-csum --from 10.5.0.2 --vip 10.5.0.9'],
  ]);
});

test('without a start, of a server whose operator gives the method', () => {
  const bare = tunnels({ vips: [], devices: [] });
  assert.match(
    found({ ...without, ...bare })[0]?.join(' ') ?? '',
    /^server-tunnel-absent weir realserver start --mode tun --vip 10\.5\.0\.9, with --tun-type/,
  );
  const down = { ...tunnel, name: 'tunl0', flags: 0 };
  assert.deepEqual(found({ ...bare, interfaces: [...realServer.interfaces, down], localVips: [] }), [
    ['server-tunnel-down', 'ip link set tunl0 up'],
  ]);
  const lost = { addresses: started.addresses.slice(1), localVips: [] };
  assert.deepEqual(found({ ...bare, ...lost }), [['server-vip-absent', 'weir realserver start --mode tun --vip 10.5.0.9']]);
});

test('rp_filter: strict, and loose where the device has no address', () => {
  const all = 'net/ipv4/conf/all/rp_filter';
  const one = 'net/ipv4/conf/weir-ipip/rp_filter';
  const loose = 'sysctl -w net.ipv4.conf.weir-ipip.rp_filter=2';
  assert.deepEqual(found({ settings: settings({ [all]: '1' }) }), [['server-reverse-path', loose]]);
  assert.deepEqual(found({ settings: settings({ [one]: '1' }) }), [['server-reverse-path', loose.replace('=2', '=0')]]);
  assert.deepEqual(found({ settings: settings({ [all]: '1', [one]: '2' }) }), []);
  const onLo = { addresses: realServer.addresses };
  assert.deepEqual(found({ ...onLo, settings: settings({ [all]: '2' }) }), [
    ['server-reverse-path', `ip addr add 10.5.0.9/32 dev weir-ipip; ${loose}`],
  ]);
  assert.deepEqual(found(onLo), []);
});

test('a port of GUE that is closed, and an MTU that is too small for IPv6', () => {
  const closed = tunnels({ ports: [{ family: 'inet6', port: 6080 }], guePorts: [{ family: 'inet', port: 6080 }] });
  assert.deepEqual(found(closed), [['server-tunnel-port', 'modprobe fou; ip -6 fou add port 6080 gue']]);
  const device = { ...tunnel, name: 'weir-ip6', kind: 'ip6tnl', hardware: LinkHardware.ip6Tunnel, mtu: 1200 };
  const six = ip('fd00:5::9');
  const small = {
    family: 'inet6',
    vips: [six],
    localVips: [],
    gateways: [],
    waysBack: [],
    holders: [{ ifindex: 2, address: six, mac: '02:00:00:00:00:01' }],
    interfaces: [...realServer.interfaces, device],
    addresses: [{ ifindex: 2, address: ip('fd00:5::51'), prefixLength: 64 }],
    ...tunnels({ vips: [six], devices: [{ name: 'weir-ip6', kind: 'ip6tnl', checksum: false }] }),
  } as const;
  assert.deepEqual(found(small), [
    ['server-tunnel-mtu', 'ip link set weir-ip6 mtu 1280; weir realserver start --mode tun --rip fd00:5::51 --vip fd00:5::9'],
  ]);
});

test('a rule that drops the outer packets, whatever it does with the inner ones', () => {
  const chains = (...rules: readonly string[]) =>
    iptablesChains(`*filter\n:INPUT DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n${rules.join('\n')}\nCOMMIT\n`, 'iptables');
  const web = '-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT';
  const service = { ports: [{ protocol: 'tcp', port: 80 }], sockets: undefined } as unknown as Partial<RealServerFacts>;
  const of = (...rules: readonly string[]) => found({ ...service, chains: chains(...rules) });
  assert.deepEqual(of(web), [['server-tunnel-filter', 'iptables -I INPUT -p 4 -j ACCEPT']]);
  for (const name of ['ipencap', '4', 'ipip']) assert.deepEqual(of(web, `-A INPUT -p ${name} -j ACCEPT`), [], name);
  const port = { family: 'inet', port: 6080 } as const;
  const gue = { ...service, ...tunnels({ ports: [port], guePorts: [port] }) };
  assert.deepEqual(found({ ...gue, chains: chains(web) }), [['server-tunnel-filter', 'iptables -I INPUT -p udp --dport 6080 -j ACCEPT']]);
  assert.deepEqual(found({ ...gue, chains: chains(web, '-A INPUT -p udp -m udp --dport 6080 -j ACCEPT') }), []);
  const ruleset = {
    nftables: [{ chain: { family: 'inet', table: 'f', name: 'in', type: 'filter', hook: 'input', prio: 0, policy: 'drop' } }],
  };
  const gre = tunnels({ devices: [{ name: 'weir-ipip', kind: 'gre', checksum: false }] });
  const byNft = found({ ...gre, chains: nftChains(JSON.stringify(ruleset)) ?? [] });
  assert.deepEqual(
    byNft.find(([code]) => code === 'server-tunnel-filter'),
    ['server-tunnel-filter', 'nft insert rule inet f in meta l4proto 47 accept'],
  );
});
