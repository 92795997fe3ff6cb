// What keepalived.data has of static objects, as recorded of keepalived: light tunnels, track groups and their members.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instanceText, readText } from '../../test/support/keepalived-text.js';
import { initialState } from '../control/vrrp/state/vrrp-machine.js';
import { step } from '../control/vrrp/step.js';
import { topologyLines } from './topology.js';

const groups = ['track_group TG {', 'group {', 'V1 V9', '}', '}', 'track_group GONE {', 'group {', 'V9', '}', '}'];
const blocks = (...blocks: readonly (readonly [string, readonly string[]])[]): readonly string[] =>
  blocks.flatMap(([keyword, lines]) => [`${keyword} {`, ...lines, '}']);

test('static objects, and the track groups that they belong to', () => {
  const routes: readonly (readonly [string, string])[] = [
    ['192.168.9.0/24 dev eth0 track_group TG', 'prepend 192.168.9.0/24 dev eth0 proto 18 track_group TG'],
    ['192.168.9.0/24 dev eth0 encap mpls 100', 'prepend 192.168.9.0/24 encap mpls 64100 dev eth0 proto 18'],
    ['192.168.9.0/24 dev eth0 encap ip id 1 dst 10.0.0.1', 'prepend 192.168.9.0/24 encap ip id 1 dst 10.0.0.1 dev eth0 proto 18'],
    ['192.168.9.0/24 dev eth0 encap ip6 id 1 dst fe80::1', 'prepend 192.168.9.0/24 encap ip6 id 1 dst fe80::1 dev eth0 proto 18'],
    ['192.168.9.0/24 dev eth0 encap ila 1:2:3:4', 'prepend 192.168.9.0/24 encap ila 288233674720149760 dev eth0 proto 18'],
    ['192.168.9.0/24 dev eth0 ttl-propagate enabled', 'prepend 192.168.9.0/24 dev eth0 proto 18 ttl-propagate enabled'],
    ['192.168.9.0/24 dev eth0 vrf red', 'prepend 192.168.9.0/24 dev eth0 vrf red proto 18'],
    ['192.168.9.0/24 dev eth0 features ecn', 'prepend 192.168.9.0/24 dev eth0 proto 18 features ecn'],
  ];
  const before = [
    ...groups,
    ...blocks(
      ['static_ipaddress', ['10.1.1.1 dev eth0 track_group TG']],
      ['static_routes', routes.map(([line]) => line)],
      ['static_rules', ['iif eth0 table 100 preference 7 track_group TG']],
    ),
  ];
  const { configuration, errors } = readText(instanceText([], before));
  assert.deepEqual(errors, []);
  const machine = step(initialState(), { kind: 'configure', configuration, interfaces: [] }, 0).state;
  const lines = topologyLines(machine, { offsetUs: 0, ctime: String }, []);
  assert.deepEqual(lines.slice(0, lines.indexOf('------< VRRP Topology >------')), [
    '------< Static Addresses >------',
    '     10.1.1.1 dev eth0 scope global track_group TG set',
    '------< Static Routes >------',
    ...routes.map(([, line]) => `     ${line}`),
    '------< Static Rules >------',
    '     from all priority 7 tos 0x0 iif eth0 protocol 18 lookup 100 track_group TG',
    '------< Static Track groups >------',
    ' Static Track Group = TG',
    '   VRRP member instances :',
    '     V1',
  ]);
});
