import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instanceText, readText } from '../../../../../test/support/keepalived-text.js';

/** A tracker of each kind, named t1, and its name in messages. */
const kinds = {
  scripts: { list: 'track_script', noun: 'script', before: 'vrrp_script t1 {\nscript /bin/true\n}\n' },
  files: { list: 'track_file', noun: 'file', before: 'track_file t1 {\nfile /run/v\nweight 0\n}\n' },
  processes: { list: 'track_process', noun: 'process', before: 'vrrp_track_process t1 {\nprocess a\n}\n' },
  bfds: { list: 'track_bfd', noun: 'bfd', before: 'bfd_instance t1 {\nneighbor_ip 10.99.0.2\n}\n' },
} as const;
type Kind = keyof typeof kinds;
const names = Object.keys(kinds) as Kind[];

const track = (list: string, ...lines: string[]): string[] => [`${list} {`, ...lines, '}'];
const read = (kind: Kind, ...lines: string[]) => {
  const { configuration, errors } = readText(kinds[kind].before + instanceText(track(kinds[kind].list, ...lines)));
  return { tracked: configuration.instances[0]?.track[kind], errors };
};

test('trackers by name, weight and direction', () => {
  for (const kind of names) {
    assert.deepEqual(read(kind, 't1'), { tracked: [{ name: 't1' }], errors: [] }, kind);
    assert.deepEqual(read(kind, 't1 weight -5').tracked, [{ name: 't1', weight: -5 }], kind);
    assert.deepEqual(read(kind, 't1 weight 5 reverse').tracked, [{ name: 't1', weight: 5, reverse: true }], kind);
    assert.deepEqual(read(kind, 't1 weight 5 noreverse').tracked, [{ name: 't1', weight: 5, reverse: false }], kind);
  }
  const { configuration } = readText(instanceText(track('track_interface', 'eth1', 'eth2 weight 5 reverse')));
  assert.deepEqual(configuration.instances[0]?.track.interfaces, [{ name: 'eth1' }, { name: 'eth2', weight: 5, reverse: true }]);
});

test("mistakes in the lists are reported in keepalived's words, which differ by kind", () => {
  for (const kind of names) {
    const { noun, list } = kinds[kind];
    const option = kind === 'bfds' ? 'unknown track bfd t1 option' : `unknown track ${noun} option`;
    const weightOption =
      kind === 'scripts' || kind === 'processes' ? `unknown ${list} t1 weight option` : `unknown track ${noun} t1 weight option`;
    assert.deepEqual(read(kind, 'nosuch').errors, [`(V1) track ${noun} nosuch not found, ignoring...`]);
    assert.deepEqual(read(kind, 't1', 't1').errors, [`(V1) duplicate ${list} t1 - ignoring`]);
    assert.deepEqual(read(kind, 't1 foo').errors, [`(V1) ${option} foo - ignoring`]);
    assert.deepEqual(read(kind, 't1 weight').errors, [`(V1) weight without value specified for track ${noun} t1 - ignoring`]);
    assert.deepEqual(read(kind, 't1 weight 5 foo').errors, [`(V1) ${weightOption} foo - ignoring`]);
    const limit = kind === 'files' || kind === 'processes' ? 254 : 253;
    const range =
      kind === 'scripts'
        ? 'track script t1: weight must be between [-253..253] inclusive, ignoring...'
        : `weight for track ${noun} t1 must be in [-${limit}..${limit}] inclusive. Ignoring...`;
    assert.deepEqual(read(kind, 't1 weight abc').errors, ["invalid number 'abc'", `(V1) ${range}`]);
  }
  assert.deepEqual(read('scripts', 't1 weight 254'), {
    tracked: [{ name: 't1', weight: 253 }],
    errors: ['(V1) weight for t1 cannot be +/-254. Setting to +/-253'],
  });
});

test('mistakes in track_interface', () => {
  const cases: [string[], string[]][] = [
    [['eth1', 'eth1'], ['(V1) duplicate track_interface eth1 - ignoring']],
    [['eth1 eth2'], ['(V1) unknown track_interface eth1 option eth2 - ignoring']],
    [['eth1 weight'], ['(V1) weight without value specified for track_interface eth1 - ignoring']],
    [['eth1 weight 5 noreverse'], ['(V1) unknown track_interace eth1 weight option noreverse - ignoring']],
    [['eth1 weight abc'], ["invalid number 'abc'", '(V1) weight abc for eth1 must be between [-253..253] inclusive. Ignoring...']],
    [['eth1 weight -254'], ['(V1) weight for eth1 cannot be +/-254. Setting to +/-253']],
    [['eth0'], ['(V1) Ignoring track_interface eth0 since own interface']],
  ];
  for (const [lines, reported] of cases)
    assert.deepEqual(readText(instanceText(track('track_interface', ...lines))).errors, reported, lines.join());
});

test('a tracker that is defined further down is not found', () => {
  const { errors, diagnostics } = readText(`${instanceText(track('track_script', 't1'))}\n${kinds.scripts.before}`);
  assert.deepEqual(errors, ['(V1) track script t1 not found, ignoring...']);
  assert.match(diagnostics[0]?.hint ?? '', /defined in line 11 only/);
});

const inGroup = (more = ''): string => `vrrp_sync_group G1 {\ngroup {\nV1\nV2\n}\n${more}\n}\n`;
const pair = (lines: string[]): string => `${instanceText(lines)}\n${instanceText([]).replace('V1', 'V2').replace('eth0', 'eth9')}\n`;

/** `t1 weight 10` (or eth1) in an instance that is an address owner or a member: what takes effect, and what is reported. */
function settled(kind: Kind | 'interfaces', how: 'owner' | 'member', more = '') {
  const list = kind === 'interfaces' ? track('track_interface', 'eth1 weight 10') : track(kinds[kind].list, 't1 weight 10');
  const before = kind === 'interfaces' ? '' : kinds[kind].before;
  const text = how === 'owner' ? instanceText(['priority 255', ...list]) : inGroup(more) + pair(list);
  const { configuration, errors, notices } = readText(before + text);
  return {
    tracked: configuration.instances[0]?.track[kind],
    reported: [...errors, ...notices.filter((text) => !text.includes('understood'))],
  };
}

/** keepalived also reports scripts that nothing tracks any more. */
const unused = (kind: Kind): readonly string[] => (kind === 'scripts' ? ['Warning - script t1 is not used'] : []);

/** What is tracked, as the messages name it. */
const reported = {
  scripts: 'script t1 with weights',
  files: 'file t1 with weight 10',
  processes: 'process t1 with weight 10',
  bfds: 'bfd t1 with weight 10',
};

test("an address owner's priority never changes: weights are ignored, and reported", () => {
  for (const kind of names) {
    const ignored = [`(V1) ignoring tracked ${reported[kind]} due to address_owner`, ...unused(kind)];
    assert.deepEqual(settled(kind, 'owner'), { tracked: [], reported: ignored });
  }
  assert.deepEqual(settled('interfaces', 'owner'), {
    tracked: [],
    reported: ['(V1) ignoring eth1 tracked interface due to address owner'],
  });
});

test('members of a sync group must not differ in priority', () => {
  for (const kind of names) {
    const ignored = [`(V1) ignoring tracked ${reported[kind]} due to SYNC group`, ...unused(kind)];
    assert.deepEqual(settled(kind, 'member'), { tracked: [], reported: ignored });
    assert.deepEqual(settled(kind, 'member', 'sync_group_tracking_weight').tracked, [{ name: 't1', weight: 10 }]);
  }
  assert.deepEqual(settled('interfaces', 'member'), {
    tracked: [{ name: 'eth1' }],
    reported: ['(V1) ignoring eth1 tracked interface weight due to SYNC group'],
  });
});

test('interfaces that group and member both track', () => {
  const both = settled('interfaces', 'member', 'sync_group_tracking_weight\ntrack_interface {\neth1\n}');
  assert.deepEqual(both.reported, [
    '(V1) track_interface eth1 is configured on VRRP instance and sync group. Remove vrrp instance or sync group config',
  ]);
  const files = kinds.files.before + inGroup('track_file {\nt1\n}') + pair(track('track_file', 't1 weight 10'));
  const { configuration, errors } = readText(files);
  assert.deepEqual(errors, ['(V1) ignoring weight from tracked file t1 due to SYNC group. specify weight 0']);
  assert.deepEqual(configuration.instances[0]?.track.files, [{ name: 't1', weight: 0 }]);
});
