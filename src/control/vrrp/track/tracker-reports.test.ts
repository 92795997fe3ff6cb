// Trackers: verdicts, weights, FAULT, and the words about them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sessionOf } from '../../../../test/support/bfd-nodes.js';
import { ip } from '../../../../test/support/ip.js';
import fc from '../../../../test/support/properties.js';
import {
  configurationOf,
  eth0,
  eth1,
  give,
  instanceOf,
  lines,
  logs,
  pass,
  S,
  startNode,
  type VrrpNode,
} from '../../../../test/support/vrrp-node.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import {
  NOTHING_TRACKED,
  type Tracked,
  type TrackedSet,
  type TrackFile,
  type TrackProcess,
  type TrackScript,
} from '../../../model/keepalived/trackers.js';
import type { ScriptOutcome } from '../messages.js';

const chk: TrackScript = {
  name: 'chk',
  script: { argv: ['/bin/true'], text: '/bin/true' },
  intervalUs: S,
  weight: 0,
  reverse: false,
  rise: 1,
  fall: 1,
  initFail: false,
};
const tf: TrackFile = { name: 'tf', path: '/tf', weight: 2, reverse: false };
const tp: TrackProcess = {
  name: 'tp',
  argv: ['x'],
  parameterMatch: 'none',
  fullCommand: false,
  weight: 0,
  reverse: false,
  quorum: 2,
  quorumMax: 3,
  forkDelayUs: 0,
  terminateDelayUs: 0,
};
const exit = (status: number): ScriptOutcome => ({ kind: 'exited', status });

function tracking(
  set: Partial<TrackedSet>,
  changes: Partial<KeepalivedConfiguration> = {},
  instance: Partial<VrrpInstance> = {},
): KeepalivedConfiguration {
  return {
    ...configurationOf({ track: { ...NOTHING_TRACKED, ...set }, ...instance }),
    scripts: [chk],
    files: [tf],
    processes: [tp],
    ...changes,
  };
}

function script(changes: Partial<TrackScript> = {}, instance: Partial<VrrpInstance> = {}): VrrpNode {
  const node = startNode(tracking({ scripts: [{ name: 'chk' }] }, { scripts: [{ ...chk, ...changes }] }, instance));
  lines(node);
  return node;
}

/** The log of each outcome. */
function play(node: VrrpNode, ...outcomes: readonly (ScriptOutcome | number)[]): readonly (readonly string[])[] {
  return outcomes.map((outcome) => {
    give(node, { kind: 'script', name: 'chk', outcome: typeof outcome === 'number' ? exit(outcome) : outcome });
    return logs(node);
  });
}

test('weight 0: no state is entered before the first result, which decides alone', () => {
  const node = script({ rise: 2, fall: 3 });
  assert.equal(node.wakeAtUs, undefined);
  assert.deepEqual(play(node, 0), [['VRRP_Script(chk) succeeded', '(VI_1) Entering BACKUP STATE']]);
  assert.deepEqual(play(node, 1, 1, 1), [
    ['Script `chk` now returning 1'],
    [],
    ['VRRP_Script(chk) failed (exited with status 1)', '(VI_1) Entering FAULT STATE'],
  ]);
  assert.deepEqual(play(node, 0, 0), [['Script `chk` now returning 0'], ['VRRP_Script(chk) succeeded', '(VI_1) Entering BACKUP STATE']]);
  assert.deepEqual(play(node, 2, 2, 0, 1, 1), [
    ['Script `chk` now returning 2'],
    [],
    ['Script `chk` now returning 0'],
    ['Script `chk` now returning 1'],
    [],
  ]);
  assert.equal(instanceOf(node).state, 'backup', 'three in a row, not three in all');
});

test('exactly rise successes and fall failures in a row change the verdict, whatever came before', () => {
  const counts = fc.integer({ min: 1, max: 5 });
  fc.assert(
    fc.property(counts, counts, fc.array(fc.boolean(), { maxLength: 60 }), (rise, fall, runs) => {
      const node = script({ rise, fall });
      let [good, run] = [false, 0];
      for (const [index, success] of runs.entries()) {
        play(node, success ? 0 : 1);
        run = success === good ? 0 : run + 1;
        if (index === 0 || run >= (good ? fall : rise)) [good, run] = [success, 0];
        assert.equal(instanceOf(node).faults.length, good ? 0 : 1);
      }
    }),
  );
});

test('the log lines for each way that a run can end', () => {
  const node = script();
  assert.deepEqual(
    play(node, { kind: 'signalled', signal: 9 }, 0, { kind: 'timedOut' }, 0, { kind: 'notStarted', why: 'no such file' }).flat(),
    [
      'VRRP_Script(chk) failed (due to signal 9)',
      'VRRP_Script(chk) succeeded',
      '(VI_1) Entering BACKUP STATE',
      'VRRP_Script(chk) timed_out',
      '(VI_1) Entering FAULT STATE',
      'VRRP_Script(chk) succeeded',
      '(VI_1) Entering BACKUP STATE',
      'VRRP_Script(chk) failed (no such file)',
      '(VI_1) Entering FAULT STATE',
    ],
  );
});

test('weights: positive while good, negative while bad, and the opposite with reverse', () => {
  const priorities = (weight: number, reverse: boolean) => {
    const node = script({ weight, reverse });
    const seen = [instanceOf(node).priority];
    for (const status of [0, 1]) {
      play(node, status);
      seen.push(instanceOf(node).priority);
    }
    return seen;
  };
  assert.deepEqual(priorities(20, false), [100, 120, 100]);
  assert.deepEqual(priorities(-20, false), [100, 100, 80]);
  assert.deepEqual(priorities(20, true), [100, 80, 100]);
  assert.deepEqual(priorities(-20, true), [100, 100, 120]);
  assert.deepEqual(priorities(253, false), [100, 254, 100]);
  assert.deepEqual(priorities(-253, false), [100, 100, 1]);
});

test('weight 0 reverse: FAULT while good', () => {
  const node = script({ reverse: true });
  play(node, 0);
  assert.equal(instanceOf(node).state, 'fault');
  assert.deepEqual(play(node, 1)[0]?.at(-1), '(VI_1) Entering BACKUP STATE');
  assert.equal(play(node, 0)[0]?.at(-1), '(VI_1) Entering FAULT STATE');
});

test('init_fail: bad until the first result', () => {
  const node = startNode(tracking({ scripts: [{ name: 'chk' }] }, { scripts: [{ ...chk, initFail: true }] }));
  assert.equal(instanceOf(node).state, 'fault');
  lines(node);
  assert.deepEqual(play(node, 0), [['VRRP_Script(chk) succeeded', '(VI_1) Entering BACKUP STATE']]);
});

test('a change of priority is logged, moves the timer and may be notified', () => {
  const node = script({ weight: 10 }, { notify: { priorityChanges: true, smtpAlert: false } });
  assert.equal(node.wakeAtUs, 3_609_375);
  give(node, { kind: 'script', name: 'chk', outcome: exit(0) }, S);
  assert.deepEqual(lines(node), [
    'VRRP_Script(chk) succeeded',
    '(VI_1) Changing effective priority from 100 to 110',
    '! INSTANCE "VI_1" BACKUP_PRIORITY 110',
  ]);
  assert.equal(node.wakeAtUs, 3_570_312, 'a higher priority waits less');
  pass(node, 4 * S);
  lines(node);
  give(node, { kind: 'script', name: 'chk', outcome: exit(1) });
  assert.equal(lines(node).at(-1), '! INSTANCE "VI_1" MASTER_PRIORITY 100');
});

test('an owner has no weights', () => {
  const node = script({ weight: -50 }, { priority: 255 });
  play(node, 1);
  assert.equal(instanceOf(node).priority, 255);
});

test('files: value times weight, FAULT at -254, no number is 0', () => {
  const node = startNode(tracking({ files: [{ name: 'tf' }] }));
  lines(node);
  const write = (value?: number) => {
    give(node, { kind: 'file', name: 'tf', ...(value === undefined ? {} : { value }) });
    return logs(node);
  };
  assert.deepEqual(write(5), ['(VI_1) Changing effective priority from 100 to 110']);
  assert.deepEqual(write(-10), ['(VI_1) Changing effective priority from 110 to 80']);
  assert.deepEqual(write(200), ['(VI_1) Changing effective priority from 80 to 254']);
  assert.deepEqual(write(-200), ['(VI_1): tracked file tf now FAULT state', '(VI_1) Entering FAULT STATE']);
  assert.deepEqual(write(), ['(VI_1): tracked file tf leaving FAULT state', '(VI_1) Entering BACKUP STATE']);
  const reversed = startNode(tracking({ files: [{ name: 'tf', reverse: true }] }));
  give(reversed, { kind: 'file', name: 'tf', value: 5 });
  assert.equal(instanceOf(reversed).priority, 90);
  const plain = startNode(tracking({ files: [{ name: 'tf', weight: 0 }] }));
  give(plain, { kind: 'file', name: 'tf', value: 1 });
  assert.equal(instanceOf(plain).state, 'fault');
});

test('processes: a quorum with an upper limit', () => {
  const node = startNode(tracking({ processes: [{ name: 'tp' }] }));
  assert.equal(instanceOf(node).state, 'init');
  lines(node);
  const states = [2, 3, 4, 3, 1].map((running) => {
    give(node, { kind: 'process', name: 'tp', running });
    return instanceOf(node).state;
  });
  assert.deepEqual(states, ['backup', 'backup', 'fault', 'backup', 'fault']);
  assert.ok(logs(node).includes('Quorum lost for tracked process tp'));
});

test('tracked interfaces: FAULT without a weight, priority with one', () => {
  const down = { ...eth1, up: false };
  const strict = startNode(tracking({ interfaces: [{ name: 'eth1' }] }));
  give(strict, { kind: 'interface', facts: down });
  assert.equal(instanceOf(strict).state, 'fault');
  const weighed = startNode(tracking({ interfaces: [{ name: 'eth1', weight: -30 }] }));
  give(weighed, { kind: 'interface', facts: down });
  assert.equal(instanceOf(weighed).priority, 70);
  give(weighed, { kind: 'interfaceGone', name: 'eth1' });
  assert.deepEqual([instanceOf(weighed).priority, logs(weighed).at(-1)], [70, 'Interface eth1 deleted']);
});

test('BFD sessions: down until they are reported, and a known state is not logged again', () => {
  const session = { ...sessionOf('b'), name: 'r' };
  const bfds = (tracked: Tracked) => startNode({ ...tracking({ bfds: [tracked] }), bfds: [session] });
  const strict = bfds({ name: 'r' });
  assert.equal(instanceOf(strict).state, 'fault');
  lines(strict);
  give(strict, { kind: 'bfd', name: 'r', up: false });
  give(strict, { kind: 'bfd', name: 'nobody', up: true });
  assert.deepEqual(logs(strict), []);
  give(strict, { kind: 'bfd', name: 'r', up: true });
  assert.deepEqual(logs(strict), ['VRRP_Instance(VI_1) Tracked BFD instance r is UP', '(VI_1) Entering BACKUP STATE']);
  give(strict, { kind: 'bfd', name: 'r', up: false });
  assert.deepEqual(logs(strict), ['VRRP_Instance(VI_1) Tracked BFD instance r is DOWN', '(VI_1) Entering FAULT STATE']);
  const weights = [20, -20].map((weight) => {
    const node = bfds({ name: 'r', weight });
    const down = instanceOf(node).priority;
    give(node, { kind: 'bfd', name: 'r', up: true });
    return [down, instanceOf(node).priority];
  });
  assert.deepEqual(weights, [
    [100, 120],
    [80, 100],
  ]);
  const reversed = bfds({ name: 'r', weight: 0, reverse: true });
  assert.notEqual(instanceOf(reversed).state, 'fault');
  give(reversed, { kind: 'bfd', name: 'r', up: true });
  assert.equal(instanceOf(reversed).state, 'fault');
});

test('the own address: without one it is a FAULT, another one is used, a virtual one is not', () => {
  const node = startNode(configurationOf({}));
  lines(node);
  give(node, { kind: 'interface', facts: { ...eth0, addresses: [ip('10.99.0.100'), ip('fe80::1')] } });
  assert.deepEqual(logs(node), ['Deassigned address 10.99.0.1 from interface eth0', '(VI_1) Entering FAULT STATE']);
  give(node, { kind: 'interface', facts: { ...eth0, addresses: [ip('10.99.0.100'), ip('10.99.0.5')] } });
  assert.deepEqual(logs(node).slice(1), ['Assigned address 10.99.0.5 for interface eth0', '(VI_1) Entering BACKUP STATE']);
  assert.deepEqual(instanceOf(node).source, ip('10.99.0.5'));
  const tracked = startNode(configurationOf({ sourceAddress: ip('10.99.0.7'), trackSourceAddress: true }));
  assert.equal(instanceOf(tracked).state, 'fault');
});

test('interface_up_down_delays: a change must last', () => {
  const configuration = configurationOf({});
  const interfaceDelays = [{ interface: 'eth0', downUs: 2 * S, upUs: 3 * S }];
  const node = startNode({ ...configuration, root: { ...configuration.root, interfaceDelays } });
  const down = { ...eth0, up: false };
  give(node, { kind: 'interface', facts: down }, S);
  give(node, { kind: 'interface', facts: eth0 }, 2 * S);
  pass(node, 5 * S);
  assert.equal(instanceOf(node).state, 'master');
  give(node, { kind: 'interface', facts: down });
  pass(node, 6.9 * S);
  assert.equal(instanceOf(node).state, 'master');
  const again = (delays: typeof interfaceDelays) => {
    const reloaded = { ...configuration, root: { ...configuration.root, interfaceDelays: delays } };
    const other = { ...node };
    give(other, { kind: 'configure', configuration: reloaded, interfaces: [down] });
    return instanceOf(other).state;
  };
  assert.equal(again(interfaceDelays), 'master', 'nor does a reload count it');
  assert.equal(again([]), 'fault', 'unless the delay is gone');
  pass(node, 7.1 * S);
  assert.equal(instanceOf(node).state, 'fault');
});

test('an interface that returns gets its macvlan again', () => {
  const node = startNode(configurationOf({ virtualInterface: { kind: 'vmac' } }));
  give(node, { kind: 'interfaceGone', name: 'eth0' });
  lines(node);
  give(node, { kind: 'interface', facts: eth0 });
  assert.deepEqual(
    lines(node).filter((line) => line.startsWith('create')),
    ['create vmac vrrp.51 on eth0'],
  );
});

test('dont_track_primary: its own interface may go down', () => {
  const node = startNode(configurationOf({ dontTrackPrimary: true }));
  give(node, { kind: 'interface', facts: { ...eth0, up: false } });
  assert.equal(instanceOf(node).state, 'backup');
});

test('an owner with a track script is master as soon as the script reports, alone and in a group', () => {
  const owner = { priority: 255, initialState: 'master' } as const;
  const events = (node: VrrpNode) => lines(node).filter((line) => /Entering|timeout|^!/.test(line));
  const alone = script({ weight: 0 }, owner);
  assert.equal(instanceOf(alone).state, 'init');
  give(alone, { kind: 'script', name: 'chk', outcome: exit(0) });
  assert.deepEqual(events(alone), ['(VI_1) Entering MASTER STATE', '! INSTANCE "VI_1" MASTER 255']);
  give(alone, { kind: 'script', name: 'chk', outcome: exit(1) });
  give(alone, { kind: 'script', name: 'chk', outcome: exit(0) });
  assert.equal(instanceOf(alone).state, 'backup', 'after a FAULT it waits');

  const single = tracking({ scripts: [{ name: 'chk' }] }, { scripts: [{ ...chk, weight: 0 }] }, owner);
  const second = { ...single.instances[0]!, name: 'VI_2', vrid: 52, track: NOTHING_TRACKED };
  const notify = { priorityChanges: false, smtpAlert: false };
  const group = { name: 'G', members: ['VI_1', 'VI_2'], track: NOTHING_TRACKED, trackingWeight: false, notify };
  const both = (...members: readonly VrrpInstance[]) => {
    const node = startNode({ ...single, instances: members, syncGroups: [group] });
    lines(node);
    give(node, { kind: 'script', name: 'chk', outcome: exit(0) });
    return node;
  };
  assert.deepEqual(
    events(both(single.instances[0]!, second)).filter((line) => line.startsWith('!')),
    ['! INSTANCE "VI_1" MASTER 255', '! INSTANCE "VI_2" MASTER 255', '! GROUP "G" MASTER 0'],
  );
  const mixed = both(single.instances[0]!, { ...second, priority: 100, initialState: 'backup' });
  assert.deepEqual([instanceOf(mixed).state, instanceOf(mixed, 'VI_2').state], ['backup', 'backup'], 'not before the others may');
});
