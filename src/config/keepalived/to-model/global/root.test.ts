import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readText } from '../../../../../test/support/keepalived-text.js';

test('settings at the root', () => {
  const { configuration, errors } = readText('net_namespace n\nnet_namespace_ipvs\ninstance i\nuse_pid_dir\nchild_wait_time 7\n');
  assert.deepEqual(errors, []);
  const { netNamespace, ipvsNamespace, instanceName, usePidDirectory, childWaitUs } = configuration.root;
  assert.deepEqual([netNamespace, ipvsNamespace, instanceName, usePidDirectory, childWaitUs], ['n', '', 'i', true, 7_000_000]);
  assert.equal(readText('').configuration.root.childWaitUs, 5_000_000);
});

test('static objects, track groups and delays', () => {
  const { configuration, errors } = readText(
    'global_defs {\ndefault_interface eth3\n}\ntrack_group T {\ngroup {\nV1 V2\n}\n}\nstatic_ipaddress {\n10.1.1.1 track_group T\n}\ninterface_up_down_delays {\neth0 1 0.5\neth1 2\n}\n',
  );
  assert.deepEqual(errors, []);
  assert.deepEqual(configuration.root.trackGroups, [{ name: 'T', instances: ['V1', 'V2'] }]);
  assert.deepEqual(configuration.root.interfaceDelays, [
    { interface: 'eth0', downUs: 1_000_000, upUs: 500_000 },
    { interface: 'eth1', downUs: 2_000_000, upUs: 2_000_000 },
  ]);
  assert.equal(configuration.root.staticAddresses[0]?.dev, 'eth3');
  assert.equal(configuration.root.staticAddresses[0].trackGroup, 'T');
});

test("errors at the root are reported in keepalived's words", () => {
  const cases: [string, string[]][] = [
    ['net_namespace', ['net_namespace name missing - ignoring']],
    ['net_namespace a\nnet_namespace b', ['Duplicate net_namespace definition b - ignoring']],
    ['net_namespace_ipvs a\nnet_namespace_ipvs b', ['Duplicate net_namespace_ipvs definition b - ignoring']],
    ['instance', ['instance name missing - ignoring']],
    ['instance a\ninstance b', ['Duplicate instance definition b - ignoring']],
    ['child_wait_time -1', ["negative number '-1'", 'Invalid child_wait_time -1']],
    ['track_group {\n}', ['track_group must have a name - skipping']],
    ['track_group T {\ngroup {\n}\n}', ['Warning - track group T has empty group block']],
    ['track_group T {\ngroup {\nV1\n}\n}\ntrack_group T {\ngroup {\nV1\n}\n}', ['track_group T already defined']],
    ['linkbeat_interfaces {\neth0 MII\n}', []],
    ['linkbeat_interfaces {\neth0 FOO\n}', ['extra characters FOO in linkbeat interface']],
    ['interface_up_down_delays {\neth0 256\n}', ["number '256' outside range [0.000000, 255.000000]"]],
    ['static_ipaddress {\n10.1.1.1 dev eth0 track_group T\n}\ntrack_group T {\ngroup {\nV1\n}\n}', ['track_group T not found']],
  ];
  for (const [text, reported] of cases) assert.deepEqual(readText(text).errors, reported, text);
  assert.deepEqual(readText('interface_up_down_delays {\neth0\n}').notices, ['No delay specified for interface eth0']);
});
