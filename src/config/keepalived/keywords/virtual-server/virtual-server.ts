// virtual_server_group and virtual_server: keepalived.conf(5), "LVS CONFIGURATION".
import { DEFAULT_SCHEDULER, schedulers } from '../../../../model/schedulers.js';
import type { Keyword } from '../../keyword.js';
import { slowStartKeyword, timingKeywords } from './check-timing.js';
import { realServerKeyword } from './real-server.js';

const scheduling: readonly Keyword[] = [
  {
    name: 'lvs_sched',
    aliases: ['lb_algo'],
    argument: { kind: 'choice', of: schedulers.map(({ name }) => name) },
    repeated: true,
    default: DEFAULT_SCHEDULER,
    meaning: 'Scheduler for new connections.',
    messages: { invalid: "Invalid lvs_scheduler '%v' - ignoring" },
  },
  {
    name: 'lvs_method',
    aliases: ['lb_kind'],
    argument: { kind: 'words', min: 1 },
    repeated: true,
    default: 'NAT',
    meaning: 'How packets reach servers: NAT, DR, or TUN [type ipip|gue port N|gre [nocsum|csum|remcsum]].',
  },
  { name: 'flag-1', argument: { kind: 'flag' }, meaning: "The scheduler's first flag." },
  { name: 'flag-2', argument: { kind: 'flag' }, meaning: "The scheduler's second flag." },
  { name: 'flag-3', argument: { kind: 'flag' }, meaning: "The scheduler's third flag." },
  { name: 'sh-port', argument: { kind: 'flag' }, repeated: true, meaning: 'sh: hash the source port, too; behind lvs_sched.' },
  {
    name: 'sh-fallback',
    argument: { kind: 'flag' },
    repeated: true,
    meaning: 'sh: use another server if the chosen one is unavailable; behind lvs_sched.',
  },
  { name: 'mh-port', argument: { kind: 'flag' }, repeated: true, meaning: 'mh: hash the source port, too; behind lvs_sched.' },
  {
    name: 'mh-fallback',
    argument: { kind: 'flag' },
    repeated: true,
    meaning: 'mh: use another server if the chosen one is unavailable; behind lvs_sched.',
  },
  { name: 'hashed', argument: { kind: 'flag' }, repeated: true, meaning: 'sh and mh: flag-1 by its oldest name; behind lvs_sched.' },
  { name: 'ops', argument: { kind: 'flag' }, meaning: 'Schedule every datagram separately (UDP only).' },
  {
    name: 'protocol',
    argument: { kind: 'choice', of: ['TCP', 'UDP', 'SCTP'], anyCase: true },
    default: 'UDP',
    meaning: 'Protocol that is balanced; not used for a firewall mark.',
    messages: { invalid: 'Unknown protocol %v - ignoring' },
  },
  {
    name: 'persistence_timeout',
    argument: { kind: 'words', min: 0 },
    meaning: 'Seconds that a client stays with its server, 1..2678400 (without a number: 360).',
  },
  { name: 'persistence_engine', argument: { kind: 'text' }, meaning: 'Persistence engine: `sip`.' },
  {
    name: 'persistence_granularity',
    argument: { kind: 'text' },
    meaning: 'Which clients count as one: an IPv4 netmask, or an IPv6 prefix length 1..128.',
  },
  {
    name: 'ip_family',
    argument: { kind: 'choice', of: ['inet', 'inet6'] },
    meaning: 'Address family of a firewall mark whose servers are all reached through tunnels.',
    messages: { invalid: 'unknown address family %v' },
  },
];

const quorum: readonly Keyword[] = [
  { name: 'alpha', argument: { kind: 'flag' }, meaning: 'Servers count as down until their first successful check.' },
  { name: 'omega', argument: { kind: 'flag' }, meaning: 'Run the notify scripts for servers and quorum going down at stop, too.' },
  {
    name: 'quorum',
    argument: { kind: 'integer', min: 1, max: 4294967295 },
    default: '1',
    meaning: 'Total weight of healthy servers that makes the service up.',
    messages: { invalid: 'Quorum %v must be in [1, 4294967295]. Setting to 1.' },
  },
  {
    name: 'hysteresis',
    argument: { kind: 'integer', min: 0, max: 4294967295 },
    default: '0',
    meaning: 'How far the weight must exceed or fall below the quorum for a change; less than the quorum.',
    messages: { invalid: 'Hysteresis %v must be in [0, 4294967295] - ignoring' },
  },
  {
    name: 'quorum_up',
    argument: { kind: 'script' },
    meaning: 'Run when the quorum is gained: COMMAND [user [group]].',
    messages: { again: '((null)) quorum_up script already specified - ignoring %v' },
  },
  {
    name: 'quorum_down',
    argument: { kind: 'script' },
    meaning: 'Run when the quorum is lost: COMMAND [user [group]].',
    messages: { again: '((null)) quorum_down script already specified - ignoring %v' },
  },
  { name: 'ha_suspend', argument: { kind: 'flag' }, meaning: "Suspend checks while the service's address is not on this host." },
  { name: 'inhibit_on_failure', argument: { kind: 'flag' }, meaning: 'A server that is down gets weight 0 instead of being removed.' },
  {
    name: 'smtp_alert',
    argument: { kind: 'boolean' },
    meaning: 'Send mail when the quorum is gained or lost (off).',
    messages: { invalid: 'Invalid virtual_server smtp_alert parameter %v' },
  },
  {
    name: 'virtualhost',
    argument: { kind: 'text' },
    meaning: 'Host header of HTTP_GET and SSL_GET.',
    messages: { missing: 'virtual server virtualhost missing' },
  },
  {
    name: 'snmp_name',
    argument: { kind: 'words', min: 0 },
    acted: 'accepted',
    because: 'weir has no SNMP agent',
    meaning: 'The name in SNMP tables.',
  },
  {
    name: 'weight',
    argument: { kind: 'integer', min: 1, max: 2147483647 },
    default: '1',
    meaning: 'Weight of servers that do not set one.',
    messages: { invalid: 'Virtual server weight %v is outside range 1-2147483647' },
  },
];

const servers: readonly Keyword[] = [
  {
    name: 'sorry_server',
    argument: { kind: 'words', min: 1 },
    meaning: 'ADDRESS [PORT] of the server that is used while the quorum is lost.',
  },
  {
    name: 'sorry_server_inhibit',
    argument: { kind: 'flag' },
    repeated: true,
    meaning: 'The sorry server stays, with weight 0, while it is not needed; behind sorry_server.',
  },
  {
    name: 'sorry_server_lvs_method',
    argument: { kind: 'words', min: 0 },
    repeated: true,
    meaning: 'How packets reach the sorry server, as lvs_method; behind sorry_server.',
  },
];

const timing = timingKeywords({
  connectTimeout: 'virtual server connect_timeout %v invalid - ignoring',
  delayLoop: "virtual server delay loop '%v' invalid - ignoring",
  delayBeforeRetry: "virtual server delay before retry '%v' invalid - ignoring",
  warmup: "virtual server warmup '%v' invalid - ignoring",
  retry: 'retry value invalid - %v',
  leastRetry: 1,
  inherited: false,
});

const virtualServerKeywords: readonly Keyword[] = [
  ...scheduling,
  ...quorum,
  slowStartKeyword({ default: '0' }),
  ...timing,
  ...servers,
  realServerKeyword,
];

export const virtualServerKeyword: Keyword = {
  name: 'virtual_server',
  argument: { kind: 'block', label: 2, keywords: () => virtualServerKeywords },
  repeated: true,
  meaning: 'A service: ADDRESS [PORT], `fwmark N` or `group NAME`.',
};

export const virtualServerGroupKeyword: Keyword = {
  name: 'virtual_server_group',
  argument: { kind: 'lines', label: 1 },
  repeated: true,
  meaning:
    'Services that share one definition, one a line: ADDRESS [PORT], ranges a.b.c.d-e, A-B or NET/LEN [PORT], `fwmark N [inet|inet6]`.',
};
