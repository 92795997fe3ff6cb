import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { ip } from '../../../test/support/ip.js';
import type { DaemonStep } from '../../control/sync/daemon-steps.js';
import type { DaemonRole, DaemonSpec } from '../../model/sync-daemon.js';
import { systemError } from '../../sys/errno.js';
import { DaemonKeeper } from './daemon-keeper.js';
import { daemonCommand } from './run-daemon-step.js';

const master: DaemonSpec = { role: 'master', interface: 'eth1', syncId: 5 };
const backup: DaemonSpec = { ...master, role: 'backup' };

/** A step ends by `end`. */
function keeping(retryMs = 1_000_000, left: readonly DaemonRole[] = ['master', 'backup']) {
  const steps: string[] = [];
  const lines: string[] = [];
  const ends: ((failure?: string) => void)[] = [];
  const run = (step: DaemonStep): Promise<string | undefined> => {
    steps.push(`${step.kind} ${step.kind === 'stop' ? step.role : step.spec.role}`);
    return new Promise((end) => ends.push(end));
  };
  const dead = new Set<DaemonRole>();
  const hasDied = (role: DaemonRole): boolean => dead.delete(role);
  /** Asked to end; each is asked twice until it has. */
  const asked: DaemonRole[] = [];
  const isAsked = (role: DaemonRole): boolean => asked.push(role) < 2;
  const keeper = new DaemonKeeper({
    run,
    isLeft: (role) => left.includes(role),
    hasDied,
    end: isAsked,
    log: (_, text) => lines.push(text),
    retryMs,
  });
  const end = async (failure?: string): Promise<void> => {
    ends.shift()?.(failure);
    await turn();
  };
  return { keeper, steps, lines, dead, asked, end };
}

test('first what another keeper has left is stopped, that none runs is no failure, and where none are wanted nothing is', async () => {
  const { keeper, steps, lines, end } = keeping();
  keeper.want([]);
  assert.deepEqual(steps, []);
  keeper.want([backup]);
  for (let k = 0; k < 2; k++) await end('No daemon is running');
  await end();
  assert.deepEqual(steps, ['stop master', 'stop backup', 'start backup']);
  assert.deepEqual(lines, ['synchronisation: backup started']);
});

test('no command runs for a daemon that does not run and has not died', () => {
  for (const [left, expected] of [
    [[], 'start backup'],
    [['backup'], 'stop backup'],
  ] as const) {
    const { keeper, steps } = keeping(1_000_000, left);
    keeper.want([backup]);
    assert.deepEqual(steps, [expected]);
  }
});

test('one step after the other, and the last wish counts', async () => {
  const { keeper, steps, end } = keeping();
  keeper.want([backup]);
  for (let k = 0; k < 2; k++) await end();
  assert.deepEqual(steps.splice(0), ['stop master', 'stop backup', 'start backup']);
  keeper.want([master]);
  keeper.want([backup]);
  keeper.want([master]);
  assert.deepEqual(steps, [], 'a step is under way');
  await end();
  assert.deepEqual(steps, ['stop backup']);
  await end();
  assert.deepEqual(steps, ['stop backup', 'start master']);
  keeper.want([backup]);
  await end();
  await end();
  assert.deepEqual(steps, ['stop backup', 'start master', 'stop master', 'start backup']);
});

test('what does not start is logged once, and tried again', async () => {
  const { keeper, steps, lines, end } = keeping(1);
  keeper.want([master]);
  for (let k = 0; k < 2; k++) await end();
  for (let k = 0; k < 2; k++) {
    await end('no such interface');
    await pause(20);
    await end('No daemon is running');
  }
  await end();
  assert.deepEqual(steps.slice(2), ['start master', 'stop master', 'start master', 'stop master', 'start master']);
  assert.deepEqual(lines, ['synchronisation: master not started: no such interface', 'synchronisation: master started']);
});

test('one that dies is started again, and one that the last wish does not have is not', async () => {
  const { keeper, steps, lines, dead, end } = keeping(1);
  keeper.want([backup]);
  for (let k = 0; k < 3; k++) await end();
  await pause(20);
  assert.deepEqual(steps.splice(0), ['stop master', 'stop backup', 'start backup']);
  dead.add('backup');
  await pause(20);
  assert.deepEqual(steps.splice(0), ['start backup']);
  await end();
  keeper.want([]);
  dead.add('backup');
  await pause(20);
  assert.deepEqual(steps.splice(0), ['stop backup']);
  await end();
  await keeper.close();
  dead.add('backup');
  await pause(20);
  assert.deepEqual(steps, []);
  assert.deepEqual(lines, [
    'synchronisation: backup started',
    'synchronisation: backup has ended, and is started again',
    'synchronisation: backup started',
  ]);
});

test('what cannot be looked for counts as alive, and is logged once', async () => {
  const lines: string[] = [];
  const steps: string[] = [];
  const run = async ({ kind }: DaemonStep): Promise<undefined> => void steps.push(kind);
  const hasDied = (): boolean => {
    throw systemError('EINVAL', 'open', '/run/weir/sync');
  };
  const keeper = new DaemonKeeper({ run, isLeft: hasDied, hasDied, end: hasDied, log: (_, text) => lines.push(text), retryMs: 1 });
  keeper.want([backup]);
  await pause(50);
  await keeper.close();
  assert.deepEqual(steps, ['stop', 'stop', 'start']);
  assert.deepEqual(lines, ['synchronisation: backup started', 'synchronisation: backup not looked for: invalid argument']);
});

test('its end waits for the step under way and the daemons’ end, begins nothing, and does not wait for ever', async () => {
  const { keeper, steps, asked, end } = keeping();
  keeper.want([backup]);
  for (let k = 0; k < 2; k++) await end();
  const closed = keeper.close();
  keeper.want([master]);
  await turn();
  assert.deepEqual(asked, []);
  await end();
  await closed;
  assert.deepEqual(
    [steps, asked],
    [
      ['stop master', 'stop backup', 'start backup'],
      ['backup', 'backup'],
    ],
  );
  const other = keeping();
  other.keeper.want([backup]);
  await other.keeper.close(1);
  assert.deepEqual([other.asked, other.lines], [['master', 'backup'], ['synchronisation: master was asked to end, and still runs']]);
});

test('the words for ipvsadm', () => {
  assert.deepEqual(daemonCommand({ kind: 'stop', role: 'master' }), ['--stop-daemon', 'master']);
  assert.deepEqual(daemonCommand({ kind: 'start', spec: backup }).join(' '), '--start-daemon backup --mcast-interface eth1 --syncid 5');
  const all = { ...backup, maxLength: 1400, group: ip('224.0.0.82'), port: 8849, ttl: 2, peers: [ip('10.8.9.2'), ip('10.8.9.3')] };
  assert.deepEqual(daemonCommand({ kind: 'start', spec: all }).slice(6), [
    '--sync-maxlen',
    '1400',
    '--mcast-group',
    '224.0.0.82',
    '--mcast-port',
    '8849',
    '--mcast-ttl',
    '2',
    '--sync-peers',
    '10.8.9.2,10.8.9.3',
  ]);
});
