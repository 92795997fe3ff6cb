// global_defs: names, priorities, CPUs and buffers of the processes (keepalived.conf(5)). Most keywords exist once for each kind of
// process.

import type { Keyword } from '../../keyword.js';
import { UNSIGNED_MAX } from '../../values/number.js';
import { BOOLEAN, FLAG, integer, TEXT, words } from '../arguments.js';

/** The keywords of one kind of process; `role` is part of their names. */
const forRole = (role: 'vrrp' | 'checker' | 'bfd'): readonly Keyword[] => [
  {
    name: `${role}_priority`,
    argument: integer(-20, 19),
    meaning: `Nice value (${role}), -20 to 19.`,
    messages: { missing: `No ${role} process priority specified`, invalid: `Invalid ${role} process priority specified` },
  },
  {
    name: `${role}_rt_priority`,
    argument: words(1),
    meaning: `Real-time priority (${role}), 1 to 99.`,
    messages: { missing: `No ${role} process real-time priority specified` },
  },
  {
    name: `${role}_rlimit_rttime`,
    aliases: [`${role}_rlimit_rtime`],
    argument: integer(1, UNSIGNED_MAX),
    default: '10000',
    meaning: 'Microseconds that it may run with real-time priority without blocking (RLIMIT_RTTIME).',
    messages: { invalid: `Invalid ${role} real-time limit - %v` },
  },
  { name: `${role}_no_swap`, argument: FLAG, meaning: `Lock its memory (${role}).` },
  {
    name: `${role}_cpu_affinity`,
    argument: words(1),
    meaning: `CPUs that it may run on, by number (${role}).`,
    messages: { missing: `No ${role} cpu_id set specified` },
  },
  {
    name: `${role}_process_name`,
    ...(role === 'checker' ? { aliases: ['lvs_process_name'] } : {}),
    argument: TEXT,
    meaning: `Its name in ps (${role}).`,
  },
];

const NO_CHECKER_NETLINK = 'the checker keeps no netlink socket, the table of virtual servers is memory that it shares with the kernel';

/** Sizes of a netlink socket's receive buffer; `because`: why they have no effect. */
const buffer = (name: string, because?: string): readonly Keyword[] => [
  {
    name,
    argument: integer(0, UNSIGNED_MAX),
    ...(because === undefined ? {} : { acted: 'accepted', because }),
    meaning: 'Size of a netlink receive buffer, in bytes.',
    messages: { missing: `${name} size missing`, invalid: `${name} size (%v) invalid` },
  },
  {
    name: `${name}_force`,
    argument: BOOLEAN,
    ...(because === undefined ? {} : { acted: 'accepted', because }),
    meaning: "Set that size beyond the system's limit (SO_RCVBUFFORCE).",
    messages: { invalid: `Invalid value '%v' for global ${name}_force specified` },
  },
];

/** The keywords of global_defs for processes. */
export const globalProcessKeywords: readonly Keyword[] = [
  ...forRole('vrrp'),
  ...forRole('checker'),
  ...forRole('bfd'),
  { name: 'process_names', argument: FLAG, meaning: 'Show the name of each process in ps.' },
  { name: 'process_name', argument: TEXT, meaning: 'Name of the parent process in ps.' },
  {
    name: 'max_auto_priority',
    argument: integer(-1, 99),
    default: '0',
    meaning: 'Highest real-time priority that a process sets when its timers run late; -1: never.',
    messages: { missing: '', invalid: "max_auto_priority '%v' must be in [0, 99] (or -1 to disable) - ignoring" },
  },
  {
    name: 'min_auto_priority_delay',
    argument: integer(1, 10_000_000),
    default: '1000000',
    meaning: 'Delay of a timer, in microseconds, that raises the priority.',
    messages: {
      missing: 'min_auto_priority_delay requires delay time',
      invalid: "min_auto_priority_delay '%v' must be in [1, 10000000] - ignoring",
    },
  },
  ...buffer('vrrp_netlink_cmd_rcv_bufs'),
  ...buffer('vrrp_netlink_monitor_rcv_bufs'),
  ...buffer('lvs_netlink_cmd_rcv_bufs', NO_CHECKER_NETLINK),
  ...buffer('lvs_netlink_monitor_rcv_bufs', NO_CHECKER_NETLINK),
  ...buffer('process_monitor_rcv_bufs'),
];
