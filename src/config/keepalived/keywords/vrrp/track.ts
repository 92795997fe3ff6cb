// The trackers of VRRP: vrrp_script, track_file, vrrp_track_process, and the lists of them in instances and groups (keepalived.conf(5)).

import type { Keyword } from '../../keyword.js';
import { INT_MAX } from '../../values/number.js';
import { block, FLAG, integer, LINES, SCRIPT, seconds, wholeMs, words } from '../arguments.js';

const trackScript: readonly Keyword[] = [
  {
    name: 'script',
    argument: SCRIPT,
    meaning: 'Command to run; exit status 0 is success.',
    messages: { missing: '' },
  },
  {
    name: 'interval',
    argument: wholeMs(0, 4294),
    default: '1',
    meaning: 'Seconds between two runs (fractions since 2.3.2).',
    messages: { invalid: "(%n): vrrp script interval '%v' must be between 0.001 and 4294 - ignoring" },
  },
  {
    name: 'timeout',
    argument: wholeMs(0, 4294),
    default: 'interval',
    meaning: 'Seconds after which a run is killed and counts as failed.',
    messages: { invalid: "(%n): vrrp script timeout '%v' invalid - ignoring" },
  },
  { name: 'weight', argument: words(1), default: '0', meaning: '-253..253 [reverse]: added to the priority; 0: failure means FAULT.' },
  {
    name: 'rise',
    argument: integer(1, INT_MAX),
    default: '1',
    meaning: 'Number of consecutive successes until it counts as up.',
    messages: { invalid: "(%n): vrrp script rise value '%v' invalid, defaulting to 1" },
  },
  {
    name: 'fall',
    argument: integer(1, INT_MAX),
    default: '1',
    meaning: 'Number of consecutive failures until it counts as down.',
    messages: { invalid: "(%n): vrrp script fall value '%v' invalid, defaulting to 1" },
  },
  { name: 'user', argument: words(1), default: 'script_user', meaning: 'USER [GROUP] that it runs as.' },
  { name: 'init_fail', argument: FLAG, meaning: 'It counts as failed until the first run has ended.' },
];

const trackFile: readonly Keyword[] = [
  {
    name: 'file',
    argument: words(1),
    meaning: 'PATH of a file that contains a number.',
    messages: { missing: 'track file file name missing', again: 'File already set for track file %n - ignoring %v' },
  },
  {
    name: 'weight',
    argument: words(1),
    default: '1',
    meaning: '-254..254 [reverse]: multiplied by the number and added to the priority.',
    messages: { missing: 'No weight specified for track file %n - ignoring', again: 'Weight already set for track file %n - ignoring %v' },
  },
  { name: 'init_file', argument: words(0), meaning: '[VALUE] [overwrite]: create the file at start, if it is missing or always.' },
];

const delay = (name: string, meaning: string): Keyword => ({
  name,
  argument: seconds(0.000001, 3600),
  default: '0',
  meaning,
  messages: { invalid: `${name} (%v) for vrrp_track_process %n must be between [0.000001..3600] inclusive. Ignoring...` },
});

const trackProcess: readonly Keyword[] = [
  {
    name: 'process',
    argument: words(1),
    meaning: 'NAME [ARGUMENT…] of the process to look for.',
    messages: { again: 'Process already set for track process %n - ignoring %v' },
  },
  {
    name: 'param_match',
    argument: words(0),
    meaning: '[initial|partial]: arguments must be the same, begin the same, or each begin the same.',
  },
  { name: 'full_command', argument: FLAG, meaning: 'Compare the whole command line, not the name.' },
  {
    name: 'weight',
    argument: words(1),
    default: '0',
    meaning: '-254..254 [reverse]: added to the priority; 0: FAULT without quorum.',
    messages: {
      missing: 'No weight specified for track process %n - ignoring',
      again: 'Weight already set for track process %n - ignoring %v',
    },
  },
  {
    name: 'quorum',
    argument: integer(1, 65535),
    default: '1',
    meaning: 'Minimum number of running processes.',
    messages: { invalid: 'Quorum (%v) for vrrp_track_process %n must be between [1..65535] inclusive. Ignoring...' },
  },
  {
    name: 'quorum_max',
    argument: integer(0, 65535),
    meaning: 'Maximum number of running processes; 0: none may run.',
    messages: { invalid: 'quorum_max (%v) for vrrp_track_process %n must be between [0..65535] inclusive. Ignoring...' },
  },
  delay('delay', 'fork_delay and terminate_delay in one.'),
  delay('fork_delay', 'Seconds after a start until it counts.'),
  delay('terminate_delay', 'Seconds after an end until it counts.'),
];

/** The blocks at the root that define trackers. */
export const trackBlocks: readonly Keyword[] = [
  { name: 'vrrp_script', argument: block(() => trackScript, 1), repeated: true, meaning: 'A script whose result VRRP tracks.' },
  {
    name: 'track_file',
    aliases: ['vrrp_track_file'],
    argument: block(() => trackFile, 1),
    repeated: true,
    meaning: 'A file whose number VRRP (or a FILE_CHECK) tracks.',
  },
  { name: 'vrrp_track_process', argument: block(() => trackProcess, 1), repeated: true, meaning: 'A process that VRRP tracks.' },
];

/** The lists of trackers in an instance or a sync group. */
export const trackLists: readonly Keyword[] = [
  { name: 'track_interface', argument: LINES, meaning: 'IF [weight -253..253 [reverse]]: interfaces to track.' },
  { name: 'track_script', argument: LINES, meaning: 'NAME [weight -253..253 [reverse|noreverse]]: scripts to track.' },
  { name: 'track_file', argument: LINES, meaning: 'NAME [weight -254..254 [reverse|noreverse]]: files to track.' },
  { name: 'track_process', argument: LINES, meaning: 'NAME [weight -254..254 [reverse|noreverse]]: processes to track.' },
  { name: 'track_bfd', argument: LINES, meaning: 'NAME [weight -253..253 [reverse|noreverse]]: BFD sessions to track.' },
];
