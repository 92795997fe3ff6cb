// vrrp_sync_group: the instances that are master together (keepalived.conf(5)).
import type { SyncGroup } from '../../../../model/keepalived/instance.js';
import type { Report } from '../../diagnostics/report.js';
import type { Values, Word } from '../../keyword.js';
import { blocksOf, has, listOf, nameOf, placeOf } from '../../values/values.js';
import { buildTracked, type DefinedTrackers } from '../tracking/tracked.js';
import type { Inherited } from './inherit.js';
import { buildNotify } from './notify.js';

/** What building groups needs from the rest of the file. */
export interface GroupSurroundings {
  readonly inherited: Inherited;
  readonly trackers: DefinedTrackers;
  /** The names of all vrrp_instance blocks, dropped ones, too: a group reports only names that exist nowhere. */
  readonly defined: ReadonlySet<string>;
  /** The names of the instances that work. */
  readonly working: ReadonlySet<string>;
  readonly report: Report;
}

/** The names in one group that are instances, and in no other group. */
function membersOf(block: Values, listed: readonly Word[], taken: Set<string>, { defined, report }: GroupSurroundings): readonly string[] {
  const group = nameOf(block);
  return listed
    .filter(({ text, at }) => {
      if (!defined.has(text)) report('sync-group-member-unknown', at, { text, group });
      else if (taken.has(text)) report('sync-group-member-of-two', at, { text, group });
      else {
        taken.add(text);
        return true;
      }
      return false;
    })
    .map((word) => word.text);
}

/** A group without members is dropped, and one with a single member has no effect; both are reported. */
function countMembers(block: Values, listed: number, members: number, report: Report): boolean {
  const name = nameOf(block);
  const at = placeOf(block, 'group');
  if (listed === 0) report('sync-group-without-members', at, { name });
  else if (members === 0) report('sync-group-without-known-members', at, { name });
  else if (members === 1) report('sync-group-single-member', at, { name });
  return members > 0;
}

function buildGroup(block: Values, taken: Set<string>, surroundings: GroupSurroundings): SyncGroup | undefined {
  const { report, trackers, inherited, working } = surroundings;
  const name = nameOf(block);
  const listed = listOf(block, 'group');
  if (has(block, 'group') && listed.length === 0) report('sync-group-list-empty', placeOf(block, 'group'), { name });
  const old = has(block, 'global_tracking');
  if (old) report('sync-group-global-tracking-deprecated', placeOf(block, 'global_tracking'), { name });
  const members = membersOf(block, listed, taken, surroundings);
  const track = buildTracked(block, trackers, report);
  if (!countMembers(block, listed.length, members.length, report)) return undefined;
  return {
    name,
    members: members.filter((member) => working.has(member)),
    track,
    trackingWeight: old || has(block, 'sync_group_tracking_weight'),
    notify: buildNotify(block, inherited, report),
  };
}

/** The groups of the file in order. */
export function buildGroups(root: Values, surroundings: GroupSurroundings): readonly SyncGroup[] {
  const taken = new Set<string>();
  const names = new Set<string>();
  return blocksOf(root, 'vrrp_sync_group').flatMap((block) => {
    const name = nameOf(block);
    if (names.has(name)) {
      surroundings.report('sync-group-twice', block.at, { name });
      return [];
    }
    names.add(name);
    const group = buildGroup(block, taken, surroundings);
    return group === undefined || group.members.length === 0 ? [] : [group];
  });
}
