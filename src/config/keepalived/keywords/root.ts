// The root of keepalived.conf: keywords outside any block, and the blocks (keepalived.conf(5)).

import type { Keyword } from '../keyword.js';
import { UNSIGNED_MAX } from '../values/number.js';
import { block, FLAG, integer, LINES, linesOf, TEXT, words } from './arguments.js';
import { bfdInstanceKeyword } from './bfd.js';
import { globalKeywords } from './global/global.js';
import { addressWords, routeWords, ruleWords } from './network.js';
import { sslKeyword } from './virtual-server/ssl.js';
import { virtualServerGroupKeyword, virtualServerKeyword } from './virtual-server/virtual-server.js';
import { interfaceBlocks } from './vrrp/garp.js';
import { syncGroupKeyword } from './vrrp/sync-group.js';
import { trackBlocks } from './vrrp/track.js';
import { vrrpInstanceKeyword } from './vrrp/vrrp.js';

const trackGroup: readonly Keyword[] = [
  { name: 'group', argument: LINES, meaning: 'Names of instances.', messages: { again: 'Group list already specified for sync group %n' } },
];

const settings: readonly Keyword[] = [
  {
    name: 'net_namespace',
    argument: TEXT,
    meaning: 'Network namespace to run in (ip netns).',
    messages: { missing: 'net_namespace name missing - ignoring', again: 'Duplicate net_namespace definition %v - ignoring' },
  },
  {
    name: 'net_namespace_ipvs',
    argument: words(0),
    meaning: '[NAME]: network namespace of the virtual servers.',
    messages: { again: 'Duplicate net_namespace_ipvs definition %v - ignoring' },
  },
  {
    name: 'namespace_with_ipsets',
    argument: FLAG,
    acted: 'accepted',
    because: 'weir uses nftables sets, in any namespace',
    meaning: 'Use ipsets in a namespace on old kernels.',
  },
  {
    name: 'instance',
    argument: TEXT,
    meaning: 'Name of this daemon, used in the names of pid files.',
    messages: { missing: 'instance name missing - ignoring', again: 'Duplicate instance definition %v - ignoring' },
  },
  { name: 'use_pid_dir', argument: FLAG, meaning: 'Put pid files into /run/keepalived.' },
  {
    name: 'linkbeat_use_polling',
    argument: FLAG,
    acted: 'accepted',
    because: 'weir gets interface states by netlink',
    meaning: 'Poll the state of interfaces.',
  },
  {
    name: 'child_wait_time',
    argument: integer(0, UNSIGNED_MAX),
    default: '5',
    meaning: 'Seconds that processes have to stop before they are killed.',
    messages: { invalid: 'Invalid child_wait_time %v' },
  },
];

/** Everything that may stand outside blocks, except `include`, which is replaced before. */
export const rootKeywords: readonly Keyword[] = [
  ...settings,
  { name: 'global_defs', argument: block(() => globalKeywords), meaning: 'Settings of the whole daemon.' },
  { name: 'static_ipaddress', argument: linesOf(() => addressWords), meaning: 'Addresses that are added to the host at start.' },
  {
    name: 'static_routes',
    argument: linesOf(() => routeWords),
    meaning: 'Routes that are added to the host at start, in the syntax of ip route.',
  },
  {
    name: 'static_rules',
    argument: linesOf(() => ruleWords),
    meaning: 'Rules that are added to the host at start, in the syntax of ip rule.',
  },
  {
    name: 'track_group',
    argument: block(() => trackGroup, 1),
    repeated: true,
    meaning: 'Instances that go to FAULT while a static object with this track_group, or its interface, is missing.',
    messages: { missing: 'track_group must have a name - skipping' },
  },
  ...interfaceBlocks,
  ...trackBlocks,
  syncGroupKeyword,
  vrrpInstanceKeyword,
  bfdInstanceKeyword,
  virtualServerGroupKeyword,
  virtualServerKeyword,
  sslKeyword,
];
