// The plan of a real server: right order, nothing twice, exact undoing, also from every half-done state.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import fc from '../../../test/support/properties.js';
import { afterStep } from '../../../test/support/real-server-host.js';
import { failureLine } from '../../model/errors/weir-error.js';
import type { Observed } from './observed.js';
import { type Plan, planStart, planStop } from './plan.js';
import { NOTHING_SAVED, readSaved, readScriptSaved, writeSaved } from './saved.js';
import { realServerStatus } from './status.js';
import type { Step } from './step.js';

const a = ip('10.9.8.7');
const b = ip('10.9.8.6');
const six = ip('fd00:9::7');

const settings = (value: string) =>
  new Map(
    ['all', 'lo', 'n1'].flatMap((name) => ['arp_ignore', 'arp_announce'].map((key) => [`net/ipv4/conf/${name}/${key}`, value] as const)),
  );

/** A host with one interface that faces the cluster, and one tunnel that must be left alone. */
const fresh: Observed = {
  interfaces: [
    { name: 'lo', ifindex: 1, up: true, loopback: true, noArp: false },
    { name: 'n1', ifindex: 2, up: true, loopback: false, noArp: false },
    { name: 'tun', ifindex: 3, up: true, loopback: false, noArp: true },
  ],
  addresses: [
    { ifindex: 1, address: ip('127.0.0.1'), prefixLength: 8, label: 'lo' },
    { ifindex: 2, address: ip('10.9.8.2'), prefixLength: 24, label: 'n1' },
    { ifindex: 3, address: ip('10.1.1.1'), prefixLength: 32, label: 'tun' },
  ],
  hostRoutes: [],
  localRoutes: [],
  loopbackHasIpv6: true,
  guePorts: [],
  settings: settings('0'),
};

const planned = (plan: Plan) => (plan.kind === 'plan' ? plan : assert.fail(failureLine(plan.failure)));
const applied = (host: Observed, steps: readonly Step[]) => steps.reduce(afterStep, host);

test('sysctls come before the first VIP, all and lo before the interfaces, tunnels are left alone', () => {
  const { steps } = planned(planStart(fresh, { vips: [a, b] }, undefined));
  assert.deepEqual(
    steps.map((step) => (step.kind === 'setting' ? `${step.path}=${step.value}` : step.kind)),
    [
      'net/ipv4/conf/all/arp_ignore=1',
      'net/ipv4/conf/all/arp_announce=2',
      'net/ipv4/conf/lo/arp_ignore=1',
      'net/ipv4/conf/lo/arp_announce=2',
      'net/ipv4/conf/n1/arp_ignore=1',
      'net/ipv4/conf/n1/arp_announce=2',
      'add-address',
      'add-address',
      'add-route',
      'add-route',
    ],
  );
  assert.deepEqual(
    steps.flatMap((step) => (step.kind === 'add-address' ? step.label : [])),
    ['lo:0', 'lo:1'],
  );
});

test('a second start does nothing, and remembers the same', () => {
  const first = planned(planStart(fresh, { vips: [a] }, undefined));
  const second = planned(planStart(applied(fresh, first.steps), { vips: [a] }, first.after));
  assert.deepEqual(second.steps, []);
  assert.deepEqual(second.after, first.after);
});

test('stricter values that hide as well are kept; 3 and 4 do not hide', () => {
  const host = {
    ...fresh,
    settings: new Map([...settings('2'), ['net/ipv4/conf/n1/arp_ignore', '3'], ['net/ipv4/conf/all/arp_ignore', '8']]),
  };
  const { steps } = planned(planStart(host, { vips: [a] }, undefined));
  assert.deepEqual(
    steps.filter(({ kind }) => kind === 'setting'),
    [{ kind: 'setting', path: 'net/ipv4/conf/n1/arp_ignore', value: '1' }],
  );
});

test('labels that are taken are not given again', () => {
  const host = { ...fresh, addresses: [...fresh.addresses, { ifindex: 1, address: ip('10.3.3.3'), prefixLength: 32, label: 'lo:0' }] };
  const { steps } = planned(planStart(host, { vips: [a] }, undefined));
  assert.deepEqual(
    steps.flatMap((step) => (step.kind === 'add-address' ? step.label : [])),
    ['lo:1'],
  );
});

test('killed after any number of steps of a start, stop undoes it exactly', () => {
  const down = { ...fresh, interfaces: fresh.interfaces.map((found) => ({ ...found, up: !found.loopback })) };
  fc.assert(
    fc.property(fc.constantFrom(fresh, down), fc.nat(12), fc.nat(12), (host, started, stopped) => {
      const start = planned(planStart(host, { vips: [a, six, b] }, undefined));
      const memory = readSaved(writeSaved(start.before)) ?? assert.fail('a memory that cannot be read');
      const half = applied(host, start.steps.slice(0, started));
      const stop = planned(planStop(half, undefined, memory));
      assert.equal(stop.after, undefined);
      const quarter = applied(half, stop.steps.slice(0, stopped));
      assert.deepEqual(applied(quarter, planned(planStop(quarter, undefined, memory)).steps), host);
    }),
  );
});

test('killed after any number of steps, a second start completes it and stop still undoes it exactly', () => {
  fc.assert(
    fc.property(fc.nat(11), (started) => {
      const start = planned(planStart(fresh, { vips: [a, b] }, undefined));
      const half = applied(fresh, start.steps.slice(0, started));
      const again = planned(planStart(half, { vips: [a, b] }, start.before));
      const whole = applied(half, again.steps);
      assert.deepEqual(planned(planStart(whole, { vips: [a, b] }, again.after)).steps, []);
      assert.deepEqual(applied(whole, planned(planStop(whole, undefined, again.after)).steps), fresh);
    }),
  );
});

test('the sysctls stay until the last VIP goes', () => {
  const start = planned(planStart(fresh, { vips: [a, b] }, undefined));
  const host = applied(fresh, start.steps);
  const one = planned(planStop(host, [a], start.after));
  assert.deepEqual(
    one.steps.map(({ kind }) => kind),
    ['delete-route', 'delete-address'],
  );
  assert.deepEqual(one.after?.vips, ['10.9.8.6']);
  const rest = planned(planStop(applied(host, one.steps), [b], one.after));
  assert.deepEqual(applied(applied(host, one.steps), rest.steps), fresh);
});

test('an IPv6 VIP is put on lo, and nothing else; the sysctls go with the last IPv4 VIP', () => {
  const start = planned(planStart(fresh, { vips: [six] }, undefined));
  assert.deepEqual(start.steps, [{ kind: 'add-address', address: six }]);
  const both = planned(planStart(applied(fresh, start.steps), { vips: [a, six] }, start.after));
  const host = applied(applied(fresh, start.steps), both.steps);
  assert.deepEqual(planned(planStart(host, { vips: [a, six] }, both.after)).steps, []);
  const four = planned(planStop(host, [a], readSaved(writeSaved(both.after ?? assert.fail()))));
  assert.deepEqual(applied(host, four.steps), applied(fresh, start.steps), 'as if it had been alone');
  assert.deepEqual(four.after, start.after);
  const last = planned(planStop(applied(host, four.steps), undefined, four.after));
  assert.deepEqual(applied(applied(host, four.steps), last.steps), fresh);
  const refused = (vip: string, observed = fresh) => {
    const plan = planStart(observed, { vips: [ip(vip)] }, undefined);
    return plan.kind === 'refused' ? failureLine(plan.failure) : plan.kind;
  };
  assert.equal(refused('fe80::1'), 'fe80::1 cannot be a VIP');
  assert.equal(
    refused('fd00:9::7', { ...fresh, loopbackHasIpv6: false }),
    'IPv6 is off on lo — fix: sysctl -w net.ipv6.conf.lo.disable_ipv6=0',
  );
  const onWire = { ...fresh, addresses: [...fresh.addresses, { ifindex: 2, address: six, prefixLength: 128 }] };
  assert.match(refused('fd00:9::7', onWire), /a real server that answers neighbour solicitations for the VIP takes it/);
});

test('status: an IPv6 VIP counts on lo as /128, not on an interface that answers for it', () => {
  const of = (ifindex: number, prefixLength: number) => {
    const host = { ...fresh, addresses: [...fresh.addresses, { ifindex, address: six, prefixLength }] };
    const { state, vips, interfaces } = realServerStatus(host, [six], { arpRules: [], translated: [], saved: NOTHING_SAVED });
    return [state, vips[0]?.problem, interfaces.length];
  };
  assert.deepEqual(of(1, 128), ['started', undefined, 0]);
  assert.deepEqual(of(1, 64), ['partly', 'makes the whole subnet local', 0]);
  assert.deepEqual(of(2, 128), ['partly', 'answers neighbour solicitations there', 0]);
  assert.deepEqual(of(3, 128), ['started', undefined, 0], 'a tunnel has no neighbours');
  assert.equal(realServerStatus(fresh, [six], { arpRules: [], translated: [], saved: NOTHING_SAVED }).state, 'stopped');
});

test('a VIP that was on lo before is not ours to remove', () => {
  const host = { ...fresh, addresses: [...fresh.addresses, { ifindex: 1, address: a, prefixLength: 32, label: 'lo' }] };
  const start = planned(planStart(host, { vips: [a] }, undefined));
  const stop = planned(planStop(applied(host, start.steps), [a], start.after));
  assert.deepEqual(applied(applied(host, start.steps), stop.steps), host);
  assert.deepEqual(stop.notes, ['10.9.8.7 was on lo before weir: left there']);
});

test('a sysctl that someone changed since is left alone and reported', () => {
  const start = planned(planStart(fresh, { vips: [a] }, undefined));
  const touched = applied(fresh, [...start.steps, { kind: 'setting', path: 'net/ipv4/conf/n1/arp_ignore', value: '8' }]);
  const stop = planned(planStop(touched, undefined, start.after));
  assert.equal(applied(touched, stop.steps).settings.get('net/ipv4/conf/n1/arp_ignore'), '8');
  assert.deepEqual(stop.notes, ['net.ipv4.conf.n1.arp_ignore is 8, not 1 as start set it: left unchanged']);
});

test('what cannot be is refused in one line and plans nothing', () => {
  const wide = { ...fresh, addresses: [...fresh.addresses, { ifindex: 1, address: a, prefixLength: 24, label: 'lo' }] };
  const reasons = [
    planStart(fresh, { vips: [ip('10.9.8.2')] }, undefined),
    planStart(wide, { vips: [a] }, undefined),
    planStart(fresh, { vips: [ip('224.0.0.1')] }, undefined),
    planStart(fresh, { vips: [a], interfaces: ['n9'] }, undefined),
    planStart(fresh, { vips: [a], interfaces: ['lo'] }, undefined),
  ].map((plan) => (plan.kind === 'refused' ? failureLine(plan.failure) : assert.fail('not refused')));
  assert.deepEqual(reasons, [
    '10.9.8.2 is on n1: a real server that answers ARP for the VIP takes it from the director',
    '10.9.8.7/24 is on lo, which makes the whole subnet local — fix: ip addr del 10.9.8.7/24 dev lo',
    '224.0.0.1 cannot be a VIP',
    'no such interface: n9',
    'lo is the loopback — fix: --iface names an interface that faces the cluster',
  ]);
});

test('a memory survives its file; damaged or foreign ones are not read', () => {
  const { before } = planned(planStart(fresh, { vips: [a] }, undefined));
  const text = writeSaved(before);
  assert.deepEqual(readSaved(text), before);
  assert.equal(readSaved(text.slice(0, -5)), undefined);
  assert.equal(readSaved(text.replace('net/ipv4/conf/n1/', 'net/ipv4/conf/n1/../../../')), undefined, 'no writing elsewhere');
  assert.equal(readSaved('null'), undefined);
  assert.equal(readSaved('{"version":2}'), undefined);
  fc.assert(fc.property(fc.string(), (garbage) => void readSaved(garbage)));
});

test('the script’s memory is read too', () => {
  const text = 'setting net/ipv4/conf/all/arp_ignore 0 1\nloopback-was-down\nvip 10.9.8.7\naddress 10.9.8.7 lo:0\nroute 10.9.8.7\n';
  assert.deepEqual(readScriptSaved(text), {
    version: 1,
    vips: ['10.9.8.7'],
    tunnelVips: [],
    addresses: [{ address: '10.9.8.7', label: 'lo:0' }],
    routes: ['10.9.8.7'],
    settings: [{ path: 'net/ipv4/conf/all/arp_ignore', previous: '0', set: '1' }],
    tunnels: [],
    ports: [],
    loopbackWasDown: true,
  });
  assert.deepEqual(readScriptSaved('vip fd00:9::7\naddress fd00:9::7 none\n')?.addresses, [{ address: 'fd00:9::7' }]);
  for (const line of ['route fd00:9::7', 'address fd00:9::7 lo:0', 'address 10.9.8.7 none']) assert.equal(readScriptSaved(line), undefined);
  assert.equal(readScriptSaved('vip 10.9.8.7; reboot\n'), undefined);
  assert.equal(readScriptSaved('setting kernel/core_pattern 0 1\n'), undefined);
  fc.assert(fc.property(fc.string(), (garbage) => void readScriptSaved(garbage)));
});
