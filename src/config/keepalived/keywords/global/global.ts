// global_defs: settings of the whole daemon (keepalived.conf(5)). VRRP, virtual servers and processes have tables of their own.
import type { Keyword } from '../../keyword.js';
import { UNSIGNED_MAX } from '../../values/number.js';
import { BOOLEAN, FLAG, integer, LINES, PATH, SCRIPT, SECONDS_MAX, seconds, TEXT, words } from '../arguments.js';
import { globalLvsKeywords } from './global-lvs.js';
import { globalProcessKeywords } from './global-process.js';
import { globalVrrpKeywords } from './global-vrrp.js';

const alertBoolean = (name: string, meaning: string): Keyword => ({
  name,
  argument: BOOLEAN,
  meaning,
  messages: { invalid: `Invalid value '%v' for global ${name} specified` },
});

const mail: readonly Keyword[] = [
  { name: 'notification_email', argument: LINES, meaning: 'Recipients of mail, separated by blanks.' },
  {
    name: 'notification_email_from',
    argument: TEXT,
    default: 'keepalived@HOST',
    meaning: 'Sender of the mail.',
    messages: { missing: 'emailfrom missing - ignoring' },
  },
  { name: 'smtp_server', argument: words(1), default: '127.0.0.1 25', meaning: 'ADDRESS or NAME [PORT] of the mail relay.' },
  { name: 'smtp_helo_name', argument: words(0), default: "the host's name", meaning: 'Name that is sent to the mail relay in HELO.' },
  {
    name: 'smtp_connect_timeout',
    argument: integer(0, SECONDS_MAX),
    default: '30',
    meaning: 'Timeout of the connection to the mail relay, in seconds.',
    messages: { invalid: "smtp_connect_timeout '%v' must be in [0, 4294] - ignoring" },
  },
  alertBoolean('smtp_alert', 'Default of smtp_alert everywhere.'),
  alertBoolean('smtp_alert_vrrp', 'Default of smtp_alert for VRRP instances and groups.'),
  alertBoolean('smtp_alert_checker', 'Default of smtp_alert for real and virtual servers.'),
  { name: 'no_email_faults', argument: FLAG, meaning: 'Send no mail when an instance enters FAULT.' },
  alertBoolean('no_checker_emails', 'Mail only when a real server is added or removed.'),
];

/** A FIFO and the program that reads it. */
const fifo = (name: string, what: string): readonly Keyword[] => [
  {
    name,
    argument: words(1),
    meaning: `PATH [USER [GROUP]]: named pipe that receives a line for each ${what}.`,
    messages: { missing: `No ${name} name specified`, again: `${name} already specified - ignoring %v` },
  },
  {
    name: `${name}_script`,
    argument: SCRIPT,
    meaning: 'Program that reads the pipe; its path is the last argument.',
    messages: { missing: `No ${name}_script specified`, again: `${name}_script already specified - ignoring %v` },
  },
];

/** The script that runs before the first child starts or after the last one ends, and its timeout. */
const aroundLife = (when: 'startup' | 'shutdown', meaning: string): readonly Keyword[] => [
  {
    name: `${when}_script`,
    argument: SCRIPT,
    meaning,
    messages: { missing: `${when} script missing`, invalid: `Invalid ${when} script`, again: `${when} script already specified` },
  },
  {
    name: `${when}_script_timeout`,
    argument: integer(1, 1000),
    default: '10',
    meaning: 'Its timeout in seconds.',
    messages: { missing: `${when}_script_timeout requires value`, invalid: `${when}_script_timeout '%v' must be in [1, 1000] - ignoring` },
  },
];

const scripts: readonly Keyword[] = [
  {
    name: 'script_user',
    argument: words(1),
    default: 'keepalived_script, else root',
    meaning: 'USER [GROUP] that scripts run as.',
    messages: { missing: 'No script username specified' },
  },
  {
    name: 'enable_script_security',
    argument: FLAG,
    meaning: 'Do not run scripts as root if others than root can change them or their path.',
  },
  {
    name: 'use_symlink_paths',
    argument: BOOLEAN,
    since: '2.3.0',
    acted: 'accepted',
    because: 'weir always uses paths as they are written',
    messages: { invalid: "Invalid value '%v' for global use_symlink_path specified" },
    meaning: 'Run and show scripts by the path as written, without resolving symbolic links.',
  },
  {
    name: 'set_supplementary_groups',
    argument: BOOLEAN,
    since: 'after 2.4.3',
    meaning: 'Run scripts with the supplementary groups of their user; a group written as `:GROUP` or `:` does it for one script.',
    messages: { invalid: 'Invalid set_supplementary_groups parameter %v' },
  },
  ...aroundLife('startup', 'Run once before anything else.'),
  ...aroundLife('shutdown', 'Run once after everything else.'),
  ...fifo('notify_fifo', 'event'),
  ...fifo('vrrp_notify_fifo', 'event of VRRP'),
  ...fifo('lvs_notify_fifo', 'event of virtual and real servers'),
  { name: 'fifo_write_vrrp_states_on_reload', argument: FLAG, meaning: 'Write all states to the FIFOs again after a reload.' },
];

const NO_SNMP = 'weir has no SNMP agent';
const NO_DBUS = 'weir is not on D-Bus';

const flag = (name: string, meaning: string, aliases?: readonly string[]): Keyword => ({
  name,
  ...(aliases === undefined ? {} : { aliases }),
  argument: FLAG,
  acted: 'accepted',
  because: meaning.startsWith('SNMP') ? NO_SNMP : NO_DBUS,
  meaning,
});

const monitoring: readonly Keyword[] = [
  flag('enable_snmp_vrrp', 'SNMP: the VRRP part of KEEPALIVED-MIB.', ['enable_snmp_keepalived']),
  flag('enable_snmp_checker', 'SNMP: the virtual server part of KEEPALIVED-MIB.'),
  flag('enable_snmp_rfc', 'SNMP: VRRP-MIB and VRRPv3-MIB.'),
  flag('enable_snmp_rfcv2', 'SNMP: VRRP-MIB.'),
  flag('enable_snmp_rfcv3', 'SNMP: VRRPv3-MIB.'),
  flag('enable_traps', 'SNMP: send traps.'),
  {
    name: 'snmp_socket',
    argument: words(1),
    acted: 'accepted',
    because: NO_SNMP,
    meaning: 'SNMP: address of the agent.',
    messages: { missing: 'SNMP error : snmp socket name missing', again: 'SNMP socket already set to %v - ignoring' },
  },
  ...['vs', 'rs'].map(
    (what): Keyword => ({
      name: `snmp_${what}_stats_update_interval`,
      argument: seconds(0.001, 30),
      since: '2.3.0',
      acted: 'accepted',
      because: NO_SNMP,
      meaning: 'SNMP: how often counters are read, in seconds.',
      messages: { invalid: "snmp stats vs update interval '%v' invalid - ignoring" },
    }),
  ),
  flag('enable_dbus', 'D-Bus: export the state of the instances.'),
  {
    name: 'dbus_service_name',
    argument: TEXT,
    acted: 'accepted',
    because: NO_DBUS,
    default: 'org.keepalived.Vrrp1',
    meaning: 'D-Bus: name of the service.',
    messages: { missing: 'dbus_service_name missing - ignoring' },
  },
  {
    name: 'dbus_no_interface_name',
    argument: TEXT,
    acted: 'accepted',
    because: NO_DBUS,
    since: '2.3.0',
    meaning: 'D-Bus: part of the path for instances without an interface.',
    messages: { missing: '%k missing - ignoring' },
  },
];

const file = (name: string, meaning: string): Keyword => ({
  name,
  argument: PATH,
  since: '2.3.3',
  meaning,
  messages: { missing: '%k requires a non-empty path' },
});

const daemon: readonly Keyword[] = [
  {
    name: 'router_id',
    argument: TEXT,
    default: "the host's name",
    meaning: 'Name of this node in mail.',
    messages: { missing: 'routerid name missing - ignoring' },
  },
  {
    name: 'default_interface',
    argument: TEXT,
    default: 'eth0',
    meaning: 'Interface of static addresses without `dev`.',
    messages: { missing: 'default_interface requires interface name' },
  },
  { name: 'dynamic_interfaces', argument: words(0), meaning: '[allow_if_changes]: interfaces may appear later (and change).' },
  { name: 'reload_check_config', argument: words(0), meaning: '[LOGFILE]: test a new configuration before it replaces the old one.' },
  {
    name: 'reload_time_file',
    argument: words(1),
    meaning: 'PATH of a file whose first line is the time of a reload: [[YY]YY-MM-DD ]HH:MM:SS[Z]. It is removed after the reload.',
    messages: { missing: 'reload_time_file invalid' },
  },
  { name: 'reload_repeat', argument: FLAG, meaning: 'Keep that file; without a date, reload at its time every day.' },
  {
    name: 'reload_file',
    argument: words(0),
    meaning: '[PATH]: file that is created or emptied before the configuration is read at a reload, and removed afterwards.',
  },
  {
    name: 'include_check',
    argument: words(0),
    meaning: '[+|-][readable|match|wildcard_match|brace_match]…: which failures of include are errors.',
  },
  {
    name: 'json_version',
    argument: integer(1, 2),
    default: '1',
    since: '2.2.8',
    meaning: 'Version of the JSON dump: 1 is an array of instances, 2 an object that also has tracked processes.',
    messages: { missing: '%k requires version', invalid: 'Invalid JSON version' },
  },
  file('state_dump_file', 'Where SIGUSR1 writes the state.'),
  file('stats_dump_file', 'Where SIGUSR2 writes the counters.'),
  file('json_dump_file', 'Where the JSON dump is written.'),
  { name: 'umask', argument: words(1), meaning: 'NUMBER or BIT[|BIT]… (IRUSR … IXOTH): umask for new files.' },
  {
    name: 'random_seed',
    argument: integer(0, UNSIGNED_MAX),
    meaning: 'Seed of ${_RANDOM}.',
    messages: { invalid: 'random_seed %v invalid' },
  },
  {
    name: 'config_save_dir',
    argument: TEXT,
    meaning: 'Directory for a copy of each configuration, and for data dumps before and after each reload.',
  },
  {
    name: 'tmp_config_directory',
    argument: words(1),
    acted: 'accepted',
    because: 'weir passes the configuration between processes in memory',
    meaning: 'Directory of the copy that the processes share.',
    messages: { missing: 'tmp_config_directory missing directory name', again: 'tmp_config_directory already specified - ignoring' },
  },
  {
    name: 'data_use_instance',
    argument: BOOLEAN,
    meaning: 'Add the network namespace and the instance name to the names of dump files: keepalived.NS_INSTANCE.data.',
    messages: { invalid: "Invalid value '%v' for global date_use_instance specified" },
  },
  {
    name: 'iproute_usr_dir',
    argument: PATH,
    default: '/usr/lib/iproute2 and /usr/share/iproute2',
    since: '2.3.2',
    meaning: "Directory of the distribution's rt_tables and similar files with names for numbers.",
    messages: { missing: '%k requires path' },
  },
  {
    name: 'iproute_etc_dir',
    argument: PATH,
    default: '/etc/iproute2',
    since: '2.3.2',
    meaning: "Directory of the administrator's files, whose names win.",
    messages: { missing: '%k requires path' },
  },
];

/** global_defs. */
export const globalKeywords: readonly Keyword[] = [
  ...daemon,
  ...mail,
  ...scripts,
  ...globalVrrpKeywords,
  ...globalLvsKeywords,
  ...globalProcessKeywords,
  ...monitoring,
];
