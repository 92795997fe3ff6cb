// real_server: keepalived.conf(5), "LVS CONFIGURATION".
import type { Keyword } from '../../keyword.js';
import { slowStartKeyword, timingKeywords } from './check-timing.js';
import { checkerKeywords } from './checker.js';

const own: readonly Keyword[] = [
  {
    name: 'weight',
    argument: { kind: 'integer', min: 0, max: 2147483647 },
    meaning: "Share of new connections (the virtual server's weight, else 1).",
    messages: { invalid: 'Real server weight %v is outside range 0-2147483647' },
  },
  {
    name: 'lvs_method',
    aliases: ['lb_kind'],
    argument: { kind: 'words', min: 1 },
    repeated: true,
    meaning: "How packets reach this server, as the virtual server's lvs_method.",
  },
  {
    name: 'uthreshold',
    argument: { kind: 'integer', min: 0, max: 4294967295 },
    default: '0',
    meaning: 'No new connections from this number on (0: no limit).',
    messages: { invalid: "Invalid real_server uthreshold '%v' - ignoring" },
  },
  {
    name: 'lthreshold',
    argument: { kind: 'integer', min: 0, max: 4294967295 },
    default: '0',
    meaning: 'New connections again below this number (0: three quarters of uthreshold).',
    messages: { invalid: "Invalid real_server lthreshold '%v' - ignoring" },
  },
  {
    name: 'inhibit_on_failure',
    argument: { kind: 'boolean' },
    meaning: "Weight 0 instead of removal when down (the virtual server's).",
    messages: { invalid: 'Invalid inhibit_on_failure parameter %v' },
  },
  {
    name: 'notify_up',
    argument: { kind: 'script' },
    meaning: 'Run when the server comes up: COMMAND [user [group]].',
    messages: { again: '((null)) notify_up script already specified - ignoring %v' },
  },
  {
    name: 'notify_down',
    argument: { kind: 'script' },
    meaning: 'Run when the server goes down: COMMAND [user [group]].',
    messages: { again: '((null)) notify_down script already specified - ignoring %v' },
  },
  {
    name: 'alpha',
    argument: { kind: 'boolean' },
    meaning: 'Down until the first successful check (as the virtual server).',
    messages: { invalid: 'Invalid alpha parameter %v' },
  },
  {
    name: 'smtp_alert',
    argument: { kind: 'boolean' },
    default: 'on',
    meaning: 'Send mail when the server comes up or goes down.',
    messages: { invalid: 'Invalid real_server smtp_alert parameter %v' },
  },
  {
    name: 'virtualhost',
    argument: { kind: 'text' },
    meaning: 'Host header of HTTP_GET and SSL_GET to this server.',
    messages: { missing: 'real server virtualhost missing' },
  },
  {
    name: 'snmp_name',
    argument: { kind: 'words', min: 0 },
    acted: 'accepted',
    because: 'weir has no SNMP agent',
    meaning: 'The name in SNMP tables.',
  },
];

const timing = timingKeywords({
  connectTimeout: 'real server connect_timeout %v invalid - ignoring',
  delayLoop: "real server delay_loop '%v' invalid - ignoring",
  delayBeforeRetry: "real server delay_before_retry '%v' invalid - ignoring",
  warmup: "real server warmup '%v' invalid - ignoring",
  retry: 'retry value invalid - %v',
  leastRetry: 1,
  inherited: true,
});

const realServerKeywords: readonly Keyword[] = [...own, slowStartKeyword({}), ...timing, ...checkerKeywords];

export const realServerKeyword: Keyword = {
  name: 'real_server',
  argument: { kind: 'block', label: 2, keywords: () => realServerKeywords },
  repeated: true,
  meaning: "A server: ADDRESS [PORT] (no port: the virtual server's).",
};
