import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lab } from '../definition/lab.js';
import { hostInterfacesOf } from '../definition/names.js';
import { labs } from '../labs/index.js';
import { inBatches } from './build.js';
import { type Action, actionText, planLab } from './plan.js';

const small: Lab = {
  name: 'two',
  title: 'two hosts',
  switches: ['lan'],
  hosts: {
    a: {
      interfaces: { eth0: { switch: 'lan', addresses: ['10.0.0.1/24', '10.0.0.9/24'] } },
      sysctls: { 'net.ipv4.ip_forward': 1 },
      routes: [{ to: '10.9.0.0/16', dev: 'eth0' }],
    },
    b: { interfaces: { ens33: { switch: 'lan' } }, gateway: '10.0.0.1', sites: [{ port: 8080 }] },
  },
  steps: [],
};

const defaults = (namespace: string): readonly string[] =>
  [
    'net.ipv6.conf.all.disable_ipv6=1',
    'net.ipv6.conf.default.disable_ipv6=1',
    'net.ipv4.ip_forward=0',
    'net.ipv4.conf.all.rp_filter=0',
    'net.ipv4.conf.default.rp_filter=0',
    'net.ipv4.conf.all.arp_ignore=0',
    'net.ipv4.conf.all.arp_announce=0',
    'net.ipv4.conf.all.send_redirects=1',
    'net.ipv4.conf.default.send_redirects=1',
  ].map((setting) => `ip netns exec ${namespace} sysctl -w ${setting}`);

test('a lab becomes the commands that build it, in order', () => {
  assert.deepEqual(planLab(small, 'two.2').map(actionText), [
    'ip netns add weir-two.2-sw',
    'ip netns exec weir-two.2-sw sysctl -w net.ipv6.conf.all.disable_ipv6=1',
    'ip netns exec weir-two.2-sw sysctl -w net.ipv6.conf.default.disable_ipv6=1',
    'ip -n weir-two.2-sw link add br-lan type bridge stp_state 0 forward_delay 0 mcast_snooping 0',
    'ip -n weir-two.2-sw link set br-lan up',
    'ip netns add weir-two.2-a',
    'ip -n weir-two.2-a link set lo up',
    ...defaults('weir-two.2-a'),
    'ip -n weir-two.2-a link add eth0 address 02:77:00:00:00:00 type veth peer name a-eth0 netns weir-two.2-sw',
    'ip -n weir-two.2-sw link set a-eth0 master br-lan',
    'ip -n weir-two.2-sw link set a-eth0 up',
    'ip -n weir-two.2-a link set eth0 up',
    'ip -n weir-two.2-a address add 10.0.0.1/24 dev eth0',
    'ip -n weir-two.2-a address add 10.0.0.9/24 dev eth0',
    'ip netns exec weir-two.2-a sysctl -w net.ipv4.ip_forward=1',
    'ip -n weir-two.2-a route add 10.9.0.0/16 dev eth0',
    'ip netns add weir-two.2-b',
    'ip -n weir-two.2-b link set lo up',
    ...defaults('weir-two.2-b'),
    'ip -n weir-two.2-b link add ens33 address 02:77:00:00:01:00 type veth peer name b-ens33 netns weir-two.2-sw',
    'ip -n weir-two.2-sw link set b-ens33 master br-lan',
    'ip -n weir-two.2-sw link set b-ens33 up',
    'ip -n weir-two.2-b link set ens33 up',
    'ip -n weir-two.2-b route add default via 10.0.0.1',
    'ip netns exec weir-two.2-b nginx …  # port 8080',
  ]);
});

test('IPv6 stays on where a lab has an IPv6 address; the address is usable immediately, and sites listen on it', () => {
  const six: Lab = {
    ...small,
    hosts: { a: { interfaces: { eth0: { switch: 'lan', addresses: ['fd00::1/64'] } }, sites: [{ port: 80 }] } },
  };
  const plan = planLab(six, 'six');
  const settings = plan.filter((action) => action.kind === 'sysctl' && action.namespace === 'weir-six-a');
  assert.ok(settings.length > 0);
  assert.ok(settings.every((action) => action.kind !== 'sysctl' || !action.key.includes('disable_ipv6')));
  const texts = plan.map(actionText);
  const noDetection = texts.indexOf('ip netns exec weir-six-a sysctl -w net.ipv6.conf.all.accept_dad=0');
  assert.ok(noDetection >= 0 && noDetection < texts.indexOf('ip -n weir-six-a address add fd00::1/64 dev eth0'));
  assert.deepEqual(
    plan.flatMap((action) => (action.kind === 'sites' ? action.sites : [])),
    [
      { port: 80, address: '0.0.0.0' },
      { port: 80, address: '::' },
    ],
  );
});

test('a host’s own settings come after the defaults', () => {
  const values = planLab(small, 'two').flatMap((action) =>
    action.kind === 'sysctl' && action.key === 'net.ipv4.ip_forward' && action.namespace === 'weir-two-a' ? [action.value] : [],
  );
  assert.deepEqual(values, ['0', '1']);
});

test('a port gets a short name where those of its host and interface are long', () => {
  const long: Lab = {
    ...small,
    hosts: { 'a-host-with-a-long-name': { interfaces: { eth0: { switch: 'lan' }, eth1: { switch: 'lan' } } } },
  };
  assert.deepEqual(
    hostInterfacesOf(long).map(({ port }) => port),
    ['port-0-0', 'port-0-1'],
  );
});

test('port names and MACs of a lab are unique, and every port name fits', () => {
  for (const lab of labs) {
    const interfaces = hostInterfacesOf(lab);
    for (const values of [interfaces.map(({ port }) => port), interfaces.map(({ mac }) => mac)]) {
      assert.equal(new Set(values).size, interfaces.length, lab.name);
    }
    assert.ok(interfaces.every(({ port }) => port.length <= 15));
  }
});

test('every action of a plan happens inside a namespace of the run', () => {
  for (const lab of labs) {
    for (const action of planLab(lab, 'x')) {
      assert.match(action.kind === 'namespace' ? action.name : action.namespace, /^weir-x-/);
    }
  }
});

test('batches keep the order and join only actions that one process can perform', () => {
  const plan = planLab(small, 'two');
  const batches = inBatches(plan);
  assert.deepEqual(batches.flat(), plan);
  assert.ok(batches.length < plan.length);
  const place = (action: Action): string => (action.kind === 'namespace' ? action.name : action.namespace);
  for (const batch of batches) {
    assert.equal(new Set(batch.map((action) => `${action.kind} ${place(action)}`)).size, 1);
    assert.ok(batch.length === 1 || batch[0]?.kind === 'ip' || batch[0]?.kind === 'sysctl');
  }
});
