// vrrp_sync_group: which instances are master together (keepalived.conf(5)).
import type { SyncGroup } from '../../../../model/keepalived/instance.js';
import type { Report, Values, Word } from '../../keyword.js';
import { blocksOf, has, listOf, nameOf, placeOf } from '../../values/values.js';
import { tellError } from '../report.js';
import { buildTracked, type DefinedTrackers } from '../tracking/tracked.js';
import type { Inherited } from './inherit.js';
import { buildNotify } from './notify.js';

/** What groups need to know of the rest of the file. */
export interface GroupSurroundings {
  readonly inherited: Inherited;
  readonly trackers: DefinedTrackers;
  /** The names of every vrrp_instance block, also of those left out: a group tells only of names that stand nowhere. */
  readonly defined: ReadonlySet<string>;
  /** The names of the instances that work. */
  readonly working: ReadonlySet<string>;
  readonly report: Report;
}

/** The names of one group that are instances of no other. */
function membersOf(block: Values, listed: readonly Word[], taken: Set<string>, { defined, report }: GroupSurroundings): readonly string[] {
  const group = nameOf(block);
  return listed
    .filter(({ text, at }) => {
      if (!defined.has(text)) tellError(report, at, `Virtual router ${text} specified in sync group ${group} doesn't exist - ignoring`);
      else if (taken.has(text)) tellError(report, at, `Virtual router ${text} cannot exist in more than one sync group; ignoring ${group}`);
      else {
        taken.add(text);
        return true;
      }
      return false;
    })
    .map((word) => word.text);
}

/** A group without members is none, with one it does nothing; both are told. */
function countMembers(block: Values, listed: number, members: number, report: Report): boolean {
  const name = nameOf(block);
  const at = placeOf(block, 'group');
  if (listed === 0) tellError(report, at, `Sync group ${name} has no virtual router(s). removing`, 'list the instances in group { }');
  else if (members === 0) tellError(report, at, `Sync group ${name}, no matching virtual router found in group declaration - removing`);
  else if (members === 1) tellError(report, at, `Sync group ${name} has only 1 virtual router(s) - this probably isn't what you want`);
  return members > 0;
}

function buildGroup(block: Values, taken: Set<string>, surroundings: GroupSurroundings): SyncGroup | undefined {
  const { report, trackers, inherited, working } = surroundings;
  const name = nameOf(block);
  const listed = listOf(block, 'group');
  if (has(block, 'group') && listed.length === 0) {
    tellError(report, placeOf(block, 'group'), `Warning - sync group ${name} has empty group block`);
  }
  const old = has(block, 'global_tracking');
  if (old) {
    const text = `(${name}) global_tracking is deprecated. Use track_interface/script/file on the sync group`;
    tellError(report, placeOf(block, 'global_tracking'), text);
  }
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

/** The groups of the file in its order. */
export function buildGroups(root: Values, surroundings: GroupSurroundings): readonly SyncGroup[] {
  const taken = new Set<string>();
  const names = new Set<string>();
  return blocksOf(root, 'vrrp_sync_group').flatMap((block) => {
    const name = nameOf(block);
    if (names.has(name)) {
      tellError(surroundings.report, block.at, `vrrp sync group ${name} already defined`, 'the first one counts');
      return [];
    }
    names.add(name);
    const group = buildGroup(block, taken, surroundings);
    return group === undefined || group.members.length === 0 ? [] : [group];
  });
}
