// The plan of a real server of VS/TUN: the devices of each tunnel type, exact undoing, and what speaks against them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import fc from '../../../test/support/properties.js';
import { afterStep } from '../../../test/support/real-server-host.js';
import { formatAddress } from '../../model/address-text.js';
import { failureLine } from '../../model/errors/weir-error.js';
import type { Observed, ObservedInterface } from './observed.js';
import { type Plan, planStart, planStop, type Wanted } from './plan.js';
import { readSaved, readScriptSaved, writeSaved } from './saved.js';
import { realServerStatus } from './status.js';
import type { Step } from './step.js';
import { type TunnelDevice, type TunnelWish, tunnelDevices } from './tunnel-devices.js';

const four = ip('10.9.8.7');
const six = ip('fd00:9::7');
const IPIP: TunnelWish = { type: 'ipip', checksum: false, outer: ['inet'], directors: [] };
const GUE: TunnelWish = { ...IPIP, type: 'gue', port: 6080 };
const GRE: TunnelWish = { ...IPIP, type: 'gre' };
const both = ['inet', 'inet6'] as const;

const conf = (name: string, arp: string, rpFilter: string): [string, string][] => [
  [`net/ipv4/conf/${name}/arp_ignore`, arp],
  [`net/ipv4/conf/${name}/arp_announce`, arp],
  [`net/ipv4/conf/${name}/rp_filter`, rpFilter],
];

const host = (all = '0'): Observed => ({
  interfaces: [
    { name: 'lo', ifindex: 1, up: true, loopback: true, noArp: false },
    { name: 'n1', ifindex: 2, up: true, loopback: false, noArp: false },
  ],
  addresses: [{ ifindex: 2, address: ip('10.9.8.2'), prefixLength: 24, label: 'n1' }],
  hostRoutes: [],
  localRoutes: [],
  loopbackHasIpv6: true,
  guePorts: [],
  settings: new Map([...conf('all', '0', all), ...conf('lo', '0', '0'), ...conf('n1', '0', '1')]),
});

const device = (name: string, more: Partial<NonNullable<ObservedInterface['tunnel']>> = {}, up = true): ObservedInterface => ({
  name,
  ifindex: 9,
  up,
  loopback: false,
  noArp: true,
  tunnel: { kind: 'ipip', external: false, checksum: false, ...more },
});

const planned = (plan: Plan) => (plan.kind === 'plan' ? plan : assert.fail(failureLine(plan.failure)));
const refused = (plan: Plan) => (plan.kind === 'refused' ? failureLine(plan.failure) : plan.kind);
const applied = (on: Observed, steps: readonly Step[]) => steps.reduce(afterStep, on);
const textOf = (step: Step): string => {
  switch (step.kind) {
    case 'setting':
      return `${step.path}=${step.value}`;
    case 'interface':
      return `${step.name} ${step.up ? 'up' : 'down'}`;
    case 'add-address':
    case 'delete-address':
      return `${step.kind} ${step.address.family} ${step.interface ?? 'lo'}`;
    case 'add-tunnel':
      return `add ${step.device.name}`;
    case 'delete-tunnel':
      return `delete ${step.name}`;
    case 'add-port':
    case 'delete-port':
      return `${step.kind} ${step.port.family} ${step.port.port}`;
    default:
      return step.kind;
  }
};
const afterArp = (wanted: Wanted, on = host()) =>
  planned(planStart(on, wanted, undefined))
    .steps.map(textOf)
    .filter((text) => !text.includes('/arp_'));

/** As the options of `ip link add NAME type KIND`. */
function tunnelOptions({ kind, remote, checksum }: Omit<TunnelDevice, 'name'>): string {
  const accepts = remote !== undefined ? `remote ${formatAddress(remote)}` : kind === 'sit' ? '' : 'external';
  return [kind === 'ip6tnl' ? 'mode any' : '', checksum ? 'icsum' : '', accepts].filter((word) => word !== '').join(' ');
}

test('each type has the devices that the kernel needs for the families of outer and inner packets', () => {
  const names = (wish: TunnelWish, ...vips: readonly (typeof four)[]) =>
    tunnelDevices(wish, vips).map((one) => `${one.name}: ${one.kind} ${tunnelOptions(one)}`.trim());
  assert.deepEqual(names(IPIP, four), ['weir-ipip: ipip external']);
  assert.deepEqual(names(IPIP, six), ['sit0: sit']);
  assert.deepEqual(names(IPIP, four, six), ['weir-ipip: ipip external', 'sit0: sit']);
  assert.deepEqual(names({ ...GUE, outer: both }, four), ['weir-ipip: ipip external', 'weir-ip6: ip6tnl mode any external']);
  assert.deepEqual(names({ ...GRE, outer: both }, six), ['weir-gre: gre external', 'weir-gre6: ip6gre external']);
  const directors = [ip('192.0.2.2'), ip('198.51.2.2'), ip('2001:db8::beef')];
  assert.deepEqual(names({ ...GRE, checksum: true, outer: both, directors }, four), [
    'weir-gre-0202: gre icsum remote 192.0.2.2',
    'weir-gre-0203: gre icsum remote 198.51.2.2',
    'weir-gre6-beef: ip6gre icsum remote 2001:db8::beef',
  ]);
});

test('the device is complete before the VIP is on it, and the port of GUE is opened last', () => {
  assert.deepEqual(afterArp({ vips: [four, six], tunnel: GUE }), [
    'add weir-ipip',
    'add sit0',
    'net/ipv4/conf/weir-ipip/rp_filter=0',
    'weir-ipip up',
    'sit0 up',
    'add-address inet weir-ipip',
    'add-address inet6 sit0',
    'add-port inet 6080',
  ]);
  assert.ok(
    planned(planStart(host(), { vips: [four], tunnel: IPIP }, undefined)).steps.some((step) => textOf(step).includes('n1/arp_ignore')),
  );
  assert.ok(!planned(planStart(host(), { vips: [six], tunnel: IPIP }, undefined)).steps.some((step) => textOf(step).includes('/arp_')));
});

test('rp_filter: 0 counts only while `all` is 0; else 2 is the larger one', () => {
  const settings = (all: string) => afterArp({ vips: [four], tunnel: IPIP }, host(all)).filter((text) => text.includes('rp_filter'));
  assert.deepEqual(settings('0'), ['net/ipv4/conf/weir-ipip/rp_filter=0']);
  assert.deepEqual(settings('1'), ['net/ipv4/conf/weir-ipip/rp_filter=2']);
  assert.deepEqual(settings('2'), ['net/ipv4/conf/weir-ipip/rp_filter=2']);
  const start = planned(planStart(host(), { vips: [four], tunnel: IPIP }, undefined));
  const later = applied(host(), [...start.steps, { kind: 'setting', path: 'net/ipv4/conf/all/rp_filter', value: '1' }]);
  const again = planned(planStart(later, { vips: [four], tunnel: IPIP }, start.after));
  assert.deepEqual(again.steps.map(textOf), ['net/ipv4/conf/weir-ipip/rp_filter=2'], 'a program made `all` strict since');
  const stop = planned(planStop(applied(later, again.steps), undefined, again.after));
  assert.equal(applied(applied(later, again.steps), stop.steps).interfaces.length, 2);
});

const WISHES: readonly TunnelWish[] = [
  IPIP,
  GUE,
  { ...GRE, outer: both },
  { ...IPIP, outer: both, directors: [ip('192.0.2.2'), ip('2001:db8::1')] },
];

test('killed after any number of steps of start or stop, stop undoes it exactly; a module’s own device stays, down', () => {
  const withSit = { ...host('1'), interfaces: [...host().interfaces, device('sit0', { kind: 'sit' }, false)] };
  const before = { ...withSit, settings: new Map([...withSit.settings, ...conf('sit0', '0', '1')]) };
  fc.assert(
    fc.property(fc.constantFrom(...WISHES), fc.nat(20), fc.nat(20), (tunnel, started, stopped) => {
      const start = planned(planStart(before, { vips: [four, six], tunnel }, undefined));
      const memory = readSaved(writeSaved(start.before)) ?? assert.fail('a memory that cannot be read');
      const half = applied(before, start.steps.slice(0, started));
      const stop = planned(planStop(half, undefined, memory));
      assert.equal(stop.after, undefined);
      const quarter = applied(half, stop.steps.slice(0, stopped));
      assert.deepEqual(applied(quarter, planned(planStop(quarter, undefined, memory)).steps), before);
    }),
  );
});

test('a second start completes what is there, or changes nothing', () => {
  fc.assert(
    fc.property(fc.constantFrom(...WISHES), fc.nat(20), (tunnel, started) => {
      const start = planned(planStart(host(), { vips: [four, six], tunnel }, undefined));
      const half = applied(host(), start.steps.slice(0, started));
      const again = planned(planStart(half, { vips: [four, six], tunnel }, start.before));
      const whole = applied(half, again.steps);
      assert.deepEqual(planned(planStart(whole, { vips: [four, six], tunnel }, again.after)).steps, []);
      const undone = applied(whole, planned(planStop(whole, undefined, again.after)).steps);
      const left = undone.interfaces.filter(({ name }) => name !== 'sit0');
      assert.deepEqual([left, undone.addresses, undone.guePorts], [host().interfaces, host().addresses, []]);
    }),
  );
});

test('the devices stay until the last VIP that comes by them goes; VIPs of VS/DR stay', () => {
  const other = ip('10.9.8.6');
  const dr = planned(planStart(host(), { vips: [other] }, undefined));
  const start = planned(planStart(applied(host(), dr.steps), { vips: [four, six], tunnel: GUE }, dr.after));
  const all = applied(applied(host(), dr.steps), start.steps);
  const first = planned(planStop(all, [four], start.after));
  assert.deepEqual(first.steps.map(textOf), ['delete-address inet weir-ipip']);
  const second = planned(planStop(applied(all, first.steps), [six], first.after));
  assert.deepEqual(second.steps.map(textOf), ['delete-address inet6 sit0', 'delete-port inet 6080', 'delete weir-ipip', 'sit0 down']);
  assert.deepEqual([second.after?.vips, second.after?.tunnels, second.after?.ports], [['10.9.8.6'], [], []]);
});

test('what would not be what was asked for is refused', () => {
  const start = (tunnel: TunnelWish, ...more: readonly ObservedInterface[]) =>
    refused(planStart({ ...host(), interfaces: [...host().interfaces, ...more] }, { vips: [four], tunnel }, undefined));
  const from = { ...IPIP, directors: [ip('192.0.2.2')] };
  assert.match(start(IPIP, device('weir-ipip', { remote: ip('192.0.2.9') })), /^weir-ipip is there already, and takes other packets/);
  assert.match(start(GRE, device('weir-gre')), /^weir-gre is there already/);
  assert.match(
    start(IPIP, device('cilium_ipip4', { external: true })),
    /^cilium_ipip4 takes the packets of every ipip tunnel .* --from DIRECTOR/,
  );
  assert.equal(start(from, device('cilium_ipip4', { external: true })), 'plan');
  assert.match(start(from, device('weir-ipip', { external: true })), /^weir-ipip takes packets of every director already/);
  assert.equal(start(IPIP, device('weir-ipip', { external: true })), 'plan');
  const shared = planStart({ ...host(), interfaces: [...host().interfaces, device('tunl0')] }, { vips: [four], tunnel: IPIP }, undefined);
  assert.deepEqual(planned(shared).notes, ['what came in by tunl0 from any host comes in by weir-ipip now']);
});

test('status: what keeps the packets of a tunnel from being taken', () => {
  const start = planned(planStart(host(), { vips: [four], tunnel: GUE }, undefined));
  const whole = applied(host(), start.steps);
  const of = (on: Observed) => {
    const { state, tunnels, ports } = realServerStatus(on, [four], { arpRules: [], translated: [], saved: start.before });
    return [state, tunnels[0]?.problem, ports[0]?.open];
  };
  const set = (path: string, value: string) => applied(whole, [{ kind: 'setting', path: `net/ipv4/conf/${path}/rp_filter`, value }]);
  assert.deepEqual(of(whole), ['started', undefined, true]);
  assert.deepEqual(of(set('all', '1')), ['partly', 'drops what it takes, by strict rp_filter', true]);
  assert.deepEqual(of(set('weir-ipip', '2')), ['started', undefined, true]);
  assert.deepEqual(of(applied(whole, [{ kind: 'interface', name: 'weir-ipip', up: false }])), ['partly', 'down', true]);
  assert.deepEqual(of({ ...whole, guePorts: [] }), ['partly', undefined, false]);
  assert.deepEqual(of(applied(whole, [{ kind: 'delete-tunnel', name: 'weir-ipip' }])), ['stopped', 'not there', true]);
  const onLo = applied(set('weir-ipip', '2'), [
    { kind: 'delete-address', address: four, interface: 'weir-ipip' },
    { kind: 'add-address', address: four, label: 'lo:0' },
  ]);
  assert.deepEqual(of(onLo), ['partly', 'drops what it takes, by rp_filter, since it has no IPv4 address', true]);
});

test('the memory of the script is read, and nothing that is none', () => {
  const saved = readScriptSaved(
    [
      'vip 10.9.8.7',
      'tunnel-vip 10.9.8.7',
      'tunnel weir-ipip ipip absent any -',
      'tunnel weir-gre6-0001 ip6gre down 2001:db8::1 icsum',
      'address 10.9.8.7 none weir-ipip',
      'port inet 6080',
      '',
    ].join('\n'),
  );
  assert.deepEqual(saved?.tunnels, [
    { name: 'weir-ipip', kind: 'ipip', was: 'absent', checksum: false },
    { name: 'weir-gre6-0001', kind: 'ip6gre', was: 'down', remote: '2001:db8::1', checksum: true },
  ]);
  assert.deepEqual([saved?.addresses, saved?.ports], [[{ address: '10.9.8.7', interface: 'weir-ipip' }], [{ family: 'inet', port: 6080 }]]);
  for (const line of [
    'tunnel ../x ipip absent any -',
    'tunnel a vxlan absent any -',
    'tunnel a ipip gone any -',
    'port inet 0',
    'tunnel a ipip up',
  ])
    assert.equal(readScriptSaved(line), undefined, line);
});
