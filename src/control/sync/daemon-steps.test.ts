import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { emptyConfiguration, oneInstance } from '../../../test/support/keepalived-configuration.js';
import { readText } from '../../../test/support/keepalived-text.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { DaemonSpec } from '../../model/sync-daemon.js';
import type { VrrpState } from '../vrrp/messages.js';
import { type DaemonStep, daemonKeeper, daemonSteps, wantedDaemons } from './daemon-steps.js';

type Settings = KeepalivedConfiguration['global']['lvsSyncDaemon'];

/** VI_1 has VRID 51. */
const withDaemon = (lvsSyncDaemon: Settings): KeepalivedConfiguration => ({
  ...emptyConfiguration,
  instances: [oneInstance],
  global: { ...emptyConfiguration.global, ...(lvsSyncDaemon === undefined ? {} : { lvsSyncDaemon }) },
});
const following = withDaemon({ interface: 'eth1', instance: 'VI_1' });
const master: DaemonSpec = { role: 'master', interface: 'eth1', syncId: 51 };
const backup: DaemonSpec = { ...master, role: 'backup' };
const textOf = (step: DaemonStep): string => `${step.kind} ${step.kind === 'stop' ? step.role : step.spec.role}`;

test('without an instance the checker keeps both', () => {
  const options = { maxLength: 1000, port: 9, ttl: 5, group: ip('239.1.2.3') };
  const configuration = withDaemon({ interface: 'eth1', ...options });
  assert.equal(daemonKeeper(configuration), 'checker');
  assert.deepEqual(
    wantedDaemons(configuration, 'checker'),
    (['master', 'backup'] as const).map((role) => ({ role, interface: 'eth1', syncId: 0, ...options })),
  );
  assert.deepEqual(
    wantedDaemons(configuration, 'vrrp', () => 'master'),
    [],
  );
  assert.deepEqual(
    wantedDaemons(withDaemon({ interface: 'eth1', syncId: 7 }), 'checker').map(({ syncId }) => syncId),
    [7, 7],
  );
});

test('with an instance the VRRP process keeps one, by its state and with its VRID', () => {
  assert.equal(daemonKeeper(following), 'vrrp');
  assert.deepEqual(wantedDaemons(following, 'checker'), []);
  const states: readonly (readonly [VrrpState, DaemonSpec])[] = [
    ['init', backup],
    ['backup', backup],
    ['fault', backup],
    ['master', master],
  ];
  for (const [state, spec] of states)
    assert.deepEqual(
      wantedDaemons(following, 'vrrp', () => state),
      [spec],
      state,
    );
  const chosen = withDaemon({ interface: 'eth1', instance: 'VI_1', syncId: 0 });
  assert.deepEqual(
    wantedDaemons(chosen, 'vrrp', (name) => (name === 'VI_1' ? 'master' : 'fault')),
    [{ ...master, syncId: 0 }],
  );
});

test('no daemon without the line, or for an instance that is not there', () => {
  assert.equal(daemonKeeper(withDaemon(undefined)), undefined);
  for (const keeper of ['checker', 'vrrp'] as const) {
    assert.deepEqual(wantedDaemons(withDaemon(undefined), keeper), []);
    assert.deepEqual(
      wantedDaemons(withDaemon({ interface: 'eth1', instance: 'VI_9' }), keeper, () => 'master'),
      [],
    );
  }
});

test('the old keyword of an instance has the sync id 0', () => {
  const instance = 'vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51\nlvs_sync_daemon_interface eth1\n}';
  assert.deepEqual(
    wantedDaemons(readText(instance).configuration, 'vrrp', () => 'master'),
    [{ ...master, syncId: 0 }],
  );
});

test('in the grace period after a takeover the backup goes on beside the master, and nothing else changes', () => {
  const configuration = withDaemon({ interface: 'eth1', instance: 'VI_1' });
  const wanted = (state: 'master' | 'backup', inGrace: boolean) => wantedDaemons(configuration, 'vrrp', () => state, inGrace);
  assert.deepEqual(daemonSteps(wanted('backup', false), wanted('master', true)).map(textOf), ['start master']);
  assert.deepEqual(daemonSteps(wanted('master', true), wanted('master', false)).map(textOf), ['stop backup']);
  assert.deepEqual(daemonSteps(wanted('master', true), wanted('backup', true)).map(textOf), ['stop master']);
});

test('a change of state stops the one before it starts the other', () => {
  const steps = daemonSteps([backup], [master]);
  assert.deepEqual(steps, [
    { kind: 'stop', role: 'backup' },
    { kind: 'start', spec: master },
  ]);
  assert.deepEqual(daemonSteps([master], [backup]).map(textOf), ['stop master', 'start backup']);
  assert.deepEqual(daemonSteps([master], [master]), []);
  assert.deepEqual(daemonSteps([backup, master], []).map(textOf), ['stop backup', 'stop master']);
  assert.deepEqual(daemonSteps([], [master]).map(textOf), ['start master']);
});

test('a reload restarts what has changed, and nothing else', () => {
  const both = [master, { ...backup, interface: 'eth2' }];
  assert.deepEqual(daemonSteps(both, [{ ...master, group: ip('224.0.0.81') }, both[1] as DaemonSpec]).map(textOf), [
    'stop master',
    'start master',
  ]);
  const group = { ...master, group: ip('239.1.2.3') };
  assert.deepEqual(daemonSteps([group], [{ ...group, group: ip('239.1.2.3') }]), []);
  for (const change of [{ interface: 'eth2' }, { syncId: 1 }, { maxLength: 9 }, { port: 9 }, { ttl: 9 }, { group: ip('239.1.2.4') }]) {
    assert.deepEqual(daemonSteps([group], [{ ...group, ...change }]).map(textOf), ['stop master', 'start master'], JSON.stringify(change));
  }
});
