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
    meaning: "Where to connect (the real server's address).",
    messages: { invalid: 'Invalid connect_ip address %v - ignoring' },
  },
  {
    name: 'connect_port',
    argument: port,
    meaning: "Where to connect (the real server's port).",
    messages: { invalid: "Invalid checker connect_port '%v'" },
  },
  {
    name: 'bindto',
    argument: { kind: 'address' },
    meaning: 'The address to connect from.',
    messages: { invalid: 'Invalid bindto address %v - ignoring' },
  },
  { name: 'bind_if', argument: { kind: 'text' }, meaning: 'The interface to connect from.' },
  { name: 'bind_port', argument: port, meaning: 'The port to connect from.', messages: { invalid: "Invalid checker bind_port '%v'" } },
  {
    name: 'fwmark',
    argument: { kind: 'integer', min: 0, max: 4294967295 },
    meaning: 'The firewall mark of the check’s packets.',
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
  meaning: "Failed until the first success (the real server's).",
  messages: { invalid: 'Invalid alpha parameter %v' },
};

const logAll: Keyword = {
  name: 'log_all_failures',
  argument: { kind: 'boolean' },
  meaning: 'Log each failed attempt (checker_log_all_failures of global_defs).',
  messages: { invalid: 'Invalid log_all_failures parameter %v' },
};

const connecting: readonly Keyword[] = [...target, alpha, ...timing, logAll];
/** MISC_CHECK opens no connection itself. */
const running: readonly Keyword[] = [alpha, ...timing.filter(({ name }) => name !== 'connect_timeout'), logAll];

const smtp: readonly Keyword[] = [
  {
    name: 'helo_name',
    argument: { kind: 'text' },
    meaning: 'The name to introduce oneself with (the host name).',
    messages: { missing: 'SMTP_CHECK helo name missing' },
  },
  {
    name: 'host',
    argument: { kind: 'block', label: 0, keywords: () => target },
    repeated: true,
    meaning: 'Where to connect, one block a host (old: say connect_ip and connect_port in the checker itself).',
  },
];

export const DNS_TYPES = ['A', 'NS', 'CNAME', 'SOA', 'MX', 'TXT', 'AAAA'] as const;

const dns: readonly Keyword[] = [
  {
    name: 'type',
    argument: { kind: 'choice', of: DNS_TYPES, anyCase: true },
    default: 'SOA',
    meaning: 'What is asked for.',
    messages: { invalid: 'Unknown DNS check type %v - ignoring' },
  },
  {
    name: 'name',
    argument: { kind: 'text' },
    default: '.',
    meaning: 'The name that is asked about.',
    messages: { again: 'DNS_CHECK name already specified - ignoring' },
  },
];

const misc: readonly Keyword[] = [
  { name: 'misc_path', argument: { kind: 'script' }, meaning: 'The command: exit status 0 is up, 1 down.', messages: { missing: '' } },
  {
    name: 'misc_timeout',
    argument: { kind: 'integer', min: 0, max: 4294 },
    meaning: 'Time the command may take, whole seconds (as delay_loop).',
    messages: { invalid: "Invalid misc_timeout value '%v'" },
  },
  { name: 'misc_dynamic', argument: { kind: 'flag' }, meaning: 'Exit status 2..255 is up, with that less 2 as weight.' },
  { name: 'user', argument: { kind: 'words', min: 0 }, meaning: 'USER [GROUP] who runs it (script_user).' },
];

const udp: readonly Keyword[] = [
  { name: 'payload', argument: { kind: 'words', min: 0 }, meaning: 'What is sent, hexadecimal (random bytes).' },
  {
    name: 'require_reply',
    argument: { kind: 'words', min: 0 },
    meaning: 'An answer must come; it must begin so, hexadecimal, x for any digit.',
  },
  {
    name: 'min_reply_length',
    argument: { kind: 'integer', min: 0, max: 65535 },
    default: '0',
    meaning: 'The shortest good answer, bytes.',
    messages: { invalid: 'UDP_CHECK min length %v not valid - must be between 0 & 65535' },
  },
  {
    name: 'max_reply_length',
    argument: { kind: 'integer', min: 0, max: 65535 },
    default: '255',
    meaning: 'The longest good answer, bytes.',
    messages: { invalid: 'UDP_CHECK max length %v not valid - must be between 0 & 65535' },
  },
];

const file: readonly Keyword[] = [
  { name: 'track_file', argument: { kind: 'text' }, meaning: 'A track_file’s name: its number changes the weight.' },
  {
    name: 'weight',
    argument: { kind: 'words', min: 0 },
    meaning: 'N [reverse], -2147483647..2147483647: what the file’s number is multiplied by.',
  },
];

const bfd: readonly Keyword[] = [
  { name: 'name', argument: { kind: 'words', min: 0 }, repeated: true, meaning: 'A bfd_instance’s name: its session up is up.' },
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
];
