import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderDiagnostic } from '../diagnostics/outcome.js';
import { type Diagnostic, reportTo } from '../diagnostics/report.js';
import { readKeepalived } from '../read.js';
import { examineHost, type HostFacts, type HostInterface } from './examine-host.js';

const ethernet: HostInterface = { loopback: false, macvlan: false };
const HOST: HostFacts = {
  interfaces: new Map([
    ['eth0', ethernet],
    ['eth1', ethernet],
    ['red', { ...ethernet, vrf: true }],
    ['vrrp.9', { loopback: false, macvlan: true }],
  ]),
  script: ({ argv: [word] }) =>
    word === '/safe' ? 'found' : word === '/open' ? 'insecure' : word === '/' ? 'unfit' : word === '<x' ? 'shell' : 'absent',
  user: (name) => name === 'root' || name === 'nobody',
  group: (name) => name === 'root',
};

/** What is reported about an instance with these lines, and with this text beside it. */
function reported(lines: string, beside = '', host: HostFacts = HOST): readonly string[] {
  const text = `vrrp_instance V1 {\nvirtual_router_id 51\nvirtual_ipaddress {\n10.0.0.1\n}\n${lines}\n}\n${beside}`;
  const { configuration, values } = readKeepalived(
    { read: () => ({ kind: 'text', text }), list: () => [] },
    { path: 'k', directory: '/', configId: '', environment: {} },
  );
  const found: Diagnostic[] = [];
  examineHost(
    configuration!,
    values,
    host,
    reportTo((diagnostic) => found.push(diagnostic)),
  );
  return found.map((diagnostic) =>
    `${diagnostic.severity}: ${renderDiagnostic({ at: diagnostic.at, text: diagnostic.text })}`.replace('k:', ''),
  );
}

const NONE = (at: string): string => `error: ${at}: (Line ${at.split(':')[0]}) Non-existent interface specified in configuration`;

test('nothing is reported on a host that has everything', () => {
  assert.deepEqual(reported('interface eth0\ntrack_interface {\neth1\n}\nvirtual_routes {\n10.1.0.0/16 dev eth1\n}'), []);
});

test('VRFs of routes: present, missing, and of another kind', () => {
  const route = (vrf: string): readonly string[] => reported(`interface eth0\nvirtual_routes {\n10.1.0.0/16 dev eth1 vrf ${vrf}\n}`);
  assert.deepEqual(route('red'), []);
  assert.deepEqual(route('blue'), ['error: 8:26: (Line 8) VRF blue not found for route']);
  assert.deepEqual(route('eth0'), ['error: 6:11: (Line 6) Route specified VRF eth0 is not a VRF']);
});

test('a missing interface is reported where it is named', () => {
  assert.deepEqual(reported('interface eth9'), [
    "error: 6:11: (Line 6) WARNING - interface eth9 for vrrp_instance V1 doesn't exist",
    NONE('6:11'),
  ]);
  assert.deepEqual(reported('interface eth0\ntrack_interface {\neth1\neth8\n}'), [
    "error: 9:1: (Line 9) (V1) tracked interface eth8 doesn't exist",
    NONE('9:1'),
  ]);
  assert.deepEqual(reported('interface eth0\nvirtual_ipaddress_excluded {\n10.9.0.1/24 dev eth7\n}'), [
    "error: 8:17: (Line 8) WARNING - interface eth7 for ip address 10.9.0.1/24 doesn't exist",
    NONE('8:17'),
  ]);
  assert.deepEqual(reported('interface eth0\nvirtual_routes {\n10.1.0.0/16 dev eth6\n}'), [
    "error: 8:17: (Line 8) WARNING - interface eth6 for VROUTE nexthop doesn't exist",
    NONE('8:17'),
  ]);
  assert.deepEqual(reported('interface eth0\nvirtual_rules {\niif eth5 table 9 preference 9\n}'), [
    "error: 8:5: (Line 8) WARNING - interface eth5 for rule doesn't exist",
    NONE('8:5'),
  ]);
});

test('dynamic_interfaces allows interfaces to appear later', () => {
  assert.deepEqual(reported('interface eth9', 'global_defs {\ndynamic_interfaces\n}'), []);
});

test('what keepalived cannot run without', () => {
  assert.deepEqual(reported('interface eth0', 'static_ipaddress {\n10.1.1.1\n}\nglobal_defs {\ndefault_interface eth9\n}'), [
    'unusable: 9:1: (Line 9) Static address 10.1.1.1 requires either an interface or default interface must exist',
    NONE('9:1'),
  ]);
  assert.deepEqual(reported('interface eth0', 'linkbeat_interfaces {\neth9\n}\ninterface_up_down_delays {\neth8 1\n}'), [
    'unusable: 9:1: (Line 9) unknown interface eth9 specified for linkbeat interface',
    'unusable: 12:1: (Line 12) unknown interface eth8 specified for up/down delay',
  ]);
});

test('the name of a macvlan that another interface has', () => {
  assert.deepEqual(reported('interface eth0\nuse_vmac vrrp.9'), []);
  assert.deepEqual(reported('interface eth0\nuse_vmac eth1'), [
    'error: 7:10: (Line 7) (V1) interface eth1 already exists and is not a private macvlan; ignoring vmac if_name',
  ]);
});

const script = (command: string, more = ''): string => `vrrp_script s {\nscript ${command}\n${more}\n}\n`;
const violation = (at: string, end = ''): string =>
  `security: ${at}: (Line ${at.split(':')[0]}) SECURITY VIOLATION - scripts are being executed but script_security not enabled.${end}`;

test('scripts without script security', () => {
  const notify = (path: string, global = ''): readonly string[] => reported(`interface eth0\nnotify ${path}`, global);
  assert.deepEqual(notify('/safe'), [violation('7:1')]);
  assert.deepEqual(notify('/open'), [violation('7:1', ' There are insecure scripts.')]);
  assert.deepEqual(notify('/absent'), ["notice: 7:1: (Line 7) script '/absent' does not exist"]);
  assert.deepEqual(notify('/safe nobody'), []);
  assert.deepEqual(notify('/safe nobodyelse'), []);
  assert.deepEqual(notify('/open', 'global_defs {\nscript_user root\nenable_script_security\n}'), []);
  assert.deepEqual(reported('interface eth0', 'global_defs {\nstartup_script /safe\n}').length, 1);
});

test('tracked scripts that cannot run', () => {
  assert.deepEqual(reported('interface eth0', script('/absent')), [
    'error: 9:1: (Line 9) Disabling track script s since not found/accessible',
  ]);
  assert.deepEqual(reported('interface eth0', script('/')), [
    'error: 9:1: (Line 9) Disabling track script s due to insecure',
    violation('9:1'),
  ]);
  assert.deepEqual(reported('interface eth0', script('"<x"')), []);
  const secured = 'global_defs {\nscript_user root\nenable_script_security\n}\n';
  assert.deepEqual(reported('interface eth0', secured + script('/open')), [
    'error: 13:1: (Line 13) Disabling track script s due to insecure',
  ]);
});

test('missing users', () => {
  const secured = 'global_defs {\nenable_script_security\n}\n';
  assert.deepEqual(reported('interface eth0', secured + script('/safe')), [
    'error: 12:1: (Line 12) Unable to set default user keepalived_script for script',
    'error: 12:1: (Line 12) Unable to set default user for vrrp script s - removing',
  ]);
  assert.deepEqual(reported('interface eth0', script('/safe', 'user nosuch')), [
    "error: 9:1: (Line 9) Unable to set uid/gid for script '/safe'",
  ]);
  assert.deepEqual(reported('interface eth0', 'global_defs {\nscript_user nosuch\n}'), [
    'error: 9:1: (Line 9) Error setting global script uid/gid',
  ]);
  const withUser = { ...HOST, user: () => true };
  assert.deepEqual(reported('interface eth0', secured + script('/safe'), withUser), []);
});
