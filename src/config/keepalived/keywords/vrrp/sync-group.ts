// vrrp_sync_group: instances that change state together (keepalived.conf(5)).
import type { Keyword } from '../../keyword.js';
import { block, FLAG, LINES } from '../arguments.js';
import { notifyScripts, notifySwitches } from './notify.js';
import { trackLists } from './track.js';

const syncGroup: readonly Keyword[] = [
  {
    name: 'group',
    argument: LINES,
    meaning: 'Names of the instances.',
    messages: { again: 'Group list already specified for sync group %n' },
  },
  ...trackLists,
  {
    name: 'sync_group_tracking_weight',
    argument: FLAG,
    meaning: 'Apply the weights of trackers, although members may then differ in priority.',
  },
  { name: 'global_tracking', argument: FLAG, meaning: 'Apply trackers of members to the whole group; use track_* in the group instead.' },
  ...notifyScripts('vrrp group %n:'),
  ...notifySwitches({
    changes: "(%n) Invalid value '%v' for sync group notify_priority_changes specified",
    mail: 'Invalid vrrp_group smtp_alert parameter %v',
  }),
];

export const syncGroupKeyword: Keyword = {
  name: 'vrrp_sync_group',
  argument: block(() => syncGroup, 1),
  repeated: true,
  meaning: 'Instances that change state together.',
  messages: { missing: 'vrrp_sync_group must have a name - skipping' },
};
