// The blocks of health checks of a real server: keepalived.conf(5), "CHECKERS".
import type { Argument, Keyword } from '../../keyword.js';
import { timingKeywords } from './check-timing.js';
import { httpKeywords, sslKeywords } from './http-check.js';

const port: Argument = { kind: 'integer', min: 1, max: 65535 };

/** Keywords of every check that opens a connection. */
const target: readonly Keyword[] = [
  {
    name: 'connect_ip',
    argument: { kind: 'address' },
    meaning: "Address to connect to (the real server's).",
    messages: { invalid: 'Invalid connect_ip address %v - ignoring' },
  },
  {
    name: 'connect_port',
    argument: port,
    meaning: "Port to connect to (the real server's).",
    messages: { invalid: "Invalid checker connect_port '%v'" },
  },
  {
    name: 'bindto',
    argument: { kind: 'address' },
    meaning: 'Address to connect from.',
    messages: { invalid: 'Invalid bindto address %v - ignoring' },
  },
  { name: 'bind_if', argument: { kind: 'text' }, meaning: 'Interface to connect from.' },
  { name: 'bind_port', argument: port, meaning: 'Port to connect from.', messages: { invalid: "Invalid checker bind_port '%v'" } },
  {
    name: 'fwmark',
    argument: { kind: 'integer', min: 0, max: 4294967295 },
    meaning: 'Firewall mark of the check’s packets.',
    messages: { invalid: "Invalid fwmark connection value '%v'" },
  },
];

const timing = timingKeywords({
  connectTimeout: 'connect_timeout %v invalid - ignoring',
  delayLoop: "delay_loop '%v' is invalid - ignoring",
  delayBeforeRetry: "Invalid delay_before_retry connection value '%v'",
  warmup: "Invalid warmup connection value '%v'",
  retry: "Invalid retry connection value '%v'",
  leastRetry: 0,
  inherited: true,
});

const alpha: Keyword = {
  name: 'alpha',
  argument: { kind: 'boolean' },
  meaning: 'The check counts as failed until its first success (as the real server).',
  messages: { invalid: 'Invalid alpha parameter %v' },
};

const logAll: Keyword = {
  name: 'log_all_failures',
  argument: { kind: 'boolean' },
  meaning: 'Log every failed attempt (as checker_log_all_failures in global_defs).',
  messages: { invalid: 'Invalid log_all_failures parameter %v' },
};

const connecting: readonly Keyword[] = [...target, alpha, ...timing, logAll];
/** MISC_CHECK opens no connection itself. */
const running: readonly Keyword[] = [alpha, ...timing.filter(({ name }) => name !== 'connect_timeout'), logAll];
/** VIP_CHECK connects as the datapath does. */
const probing: readonly Keyword[] = [alpha, ...timing, logAll];

const smtp: readonly Keyword[] = [
  {
    name: 'helo_name',
    argument: { kind: 'text' },
    meaning: 'Name in HELO (the host name).',
    messages: { missing: 'SMTP_CHECK helo name missing' },
  },
  {
    name: 'host',
    argument: { kind: 'block', label: 0, keywords: () => target },
    repeated: true,
    meaning: 'A host to connect to, one block each (old form: connect_ip and connect_port in the check itself).',
  },
];

const DNS_TYPES = ['A', 'NS', 'CNAME', 'SOA', 'MX', 'TXT', 'AAAA'] as const;

const dns: readonly Keyword[] = [
  {
    name: 'type',
    argument: { kind: 'choice', of: DNS_TYPES, anyCase: true },
    default: 'SOA',
    meaning: 'What is requested.',
    messages: { invalid: 'Unknown DNS check type %v - ignoring' },
  },
  {
    name: 'name',
    argument: { kind: 'text' },
    default: '.',
    meaning: 'Name that is queried.',
    messages: { again: 'DNS_CHECK name already specified - ignoring' },
  },
];

const misc: readonly Keyword[] = [
  { name: 'misc_path', argument: { kind: 'script' }, meaning: 'The command: exit status 0 means up, 1 down.', messages: { missing: '' } },
  {
    name: 'misc_timeout',
    argument: { kind: 'integer', min: 0, max: 4294 },
    meaning: 'Timeout of the command, in whole seconds (as delay_loop).',
    messages: { invalid: "Invalid misc_timeout value '%v'" },
  },
  { name: 'misc_dynamic', argument: { kind: 'flag' }, meaning: 'Exit status 2..255 means up, with that number less 2 as weight.' },
  { name: 'user', argument: { kind: 'words', min: 0 }, meaning: 'USER [GROUP] that it runs as (script_user).' },
];

const udp: readonly Keyword[] = [
  { name: 'payload', argument: { kind: 'words', min: 0 }, meaning: 'Payload in hexadecimal (`keepalived check - …`, 32 bytes).' },
  {
    name: 'require_reply',
    argument: { kind: 'words', min: 0 },
    meaning: 'A reply is required, and must begin with these hexadecimal digits; x matches any digit.',
  },
  {
    name: 'min_reply_length',
    argument: { kind: 'integer', min: 0, max: 65535 },
    default: '0',
    meaning: 'Minimum length of the reply, in bytes.',
    messages: { invalid: 'UDP_CHECK min length %v not valid - must be between 0 & 65535' },
  },
  {
    name: 'max_reply_length',
    argument: { kind: 'integer', min: 0, max: 65535 },
    default: '255',
    meaning: 'Maximum length of the reply, in bytes.',
    messages: { invalid: 'UDP_CHECK max length %v not valid - must be between 0 & 65535' },
  },
];

const file: readonly Keyword[] = [
  { name: 'track_file', argument: { kind: 'text' }, meaning: 'Name of a track_file, whose number changes the weight.' },
  {
    name: 'weight',
    argument: { kind: 'words', min: 0 },
    meaning: 'N [reverse], -2147483647..2147483647: multiplier of the file’s number.',
  },
];

const bfd: readonly Keyword[] = [
  {
    name: 'name',
    argument: { kind: 'words', min: 0 },
    repeated: true,
    meaning: 'Name of a bfd_instance: the server is up while its session is.',
  },
  alpha,
];

const block = (name: string, keywords: readonly Keyword[], meaning: string): Keyword => ({
  name,
  argument: { kind: 'block', label: 0, keywords: () => keywords },
  repeated: true,
  meaning,
});

/** Any number of checks of any kind; all must succeed. */
export const checkerKeywords: readonly Keyword[] = [
  block('HTTP_GET', [...httpKeywords, ...connecting], 'Pages over HTTP: status, digest, regular expression.'),
  block('SSL_GET', [...sslKeywords, ...connecting], 'Pages over HTTPS (certificates are not verified).'),
  block('TCP_CHECK', connecting, 'A TCP connection.'),
  block('SMTP_CHECK', [...smtp, ...connecting], 'A mail server’s greeting.'),
  block('DNS_CHECK', [...dns, ...connecting], 'An answer of a name server.'),
  block('MISC_CHECK', [...misc, ...running], 'A command’s exit status.'),
  block('UDP_CHECK', [...udp, ...connecting], 'A datagram, and perhaps its answer.'),
  block('PING_CHECK', connecting, 'An ICMP echo.'),
  block('FILE_CHECK', file, 'A number in a file.'),
  block('BFD_CHECK', bfd, 'A BFD session.'),
  block('VIP_CHECK', probing, 'A SYN by the way of clients’ packets to the VIP; a failure names the part that is broken. weir only.'),
];
