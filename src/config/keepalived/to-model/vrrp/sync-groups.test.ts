import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instanceText, readText } from '../../../../../test/support/keepalived-text.js';

const two = `${instanceText([])}\n${instanceText([]).replace('V1', 'V2').replace('eth0', 'eth1')}`;
const group = (name: string, members: string, more = ''): string => `vrrp_sync_group ${name} {\ngroup {\n${members}\n}\n${more}\n}\n`;
const single = (name: string): string => `Sync group ${name} has only 1 virtual router(s) - this probably isn't what you want`;

test('a group has its members, scripts and trackers, before or behind the instances', () => {
  const text = group('G1', 'V1 V2', 'notify_master /bin/m\nsync_group_tracking_weight\ntrack_interface {\neth2 weight 5\n}');
  for (const file of [text + two, two + text]) {
    const { configuration, errors } = readText(file.replace('}vrrp', '}\nvrrp'));
    assert.deepEqual(errors, []);
    const [built] = configuration.syncGroups;
    assert.deepEqual(built?.members, ['V1', 'V2']);
    assert.equal(built.trackingWeight, true);
    assert.deepEqual(built.notify.master?.argv, ['/bin/m']);
    assert.deepEqual(built.track.interfaces, [{ name: 'eth2', weight: 5 }]);
  }
});

test("errors in a group are reported in keepalived's words", () => {
  const cases: [string, string[], number][] = [
    [group('G1', 'V1'), [single('G1')], 1],
    [group('G1', 'V1\nV9'), ["Virtual router V9 specified in sync group G1 doesn't exist - ignoring", single('G1')], 1],
    [group('G1', ''), ['Warning - sync group G1 has empty group block', 'Sync group G1 has no virtual router(s). removing'], 0],
    ['vrrp_sync_group G1 {\n}\n', ['Sync group G1 has no virtual router(s). removing'], 0],
    [group('G1', 'V1\nV1'), ['Virtual router V1 cannot exist in more than one sync group; ignoring G1', single('G1')], 1],
    [
      group('G1', 'V1\nV2') + group('G2', 'V1'),
      [
        'Virtual router V1 cannot exist in more than one sync group; ignoring G2',
        'Sync group G2, no matching virtual router found in group declaration - removing',
      ],
      1,
    ],
    [group('G1', 'V1\nV2') + group('G1', 'V1'), ['vrrp sync group G1 already defined'], 1],
    ['vrrp_sync_group {\n}\n', ['vrrp_sync_group must have a name - skipping'], 0],
    [
      group('G1', 'V1\nV2', 'global_tracking'),
      ['(G1) global_tracking is deprecated. Use track_interface/script/file on the sync group'],
      1,
    ],
  ];
  for (const [text, reported, groups] of cases) {
    const { configuration, errors } = readText(text + two);
    assert.deepEqual([...errors].sort(), [...reported].sort(), text);
    assert.equal(configuration.syncGroups.length, groups, text);
  }
});

test("a group's notify_priority_changes applies to its members", () => {
  const changes = (more: string): readonly boolean[] =>
    readText(group('G1', 'V1\nV2', more) + two).configuration.instances.map(({ notify }) => notify.priorityChanges);
  assert.deepEqual(changes('notify_priority_changes on'), [true, true]);
  assert.deepEqual(changes(''), [false, false]);
});

test('a member that cannot work is not waited for', () => {
  const { configuration, errors } = readText(group('G1', 'V1\nV2') + two.replace(/virtual_router_id 51(?![\s\S]*virtual_router_id)/, ''));
  assert.deepEqual(errors, ['(V2) the virtual router id must be set']);
  assert.deepEqual(configuration.syncGroups[0]?.members, ['V1']);
});
