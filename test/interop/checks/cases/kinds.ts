// The kinds of checks: what counts as a failure of each, in whose words.
import { type Answer, http, type Place } from '../servers.js';
import type { CheckCase, Step } from '../types.js';
import { check, config, globals, real, virtual, virtualAt } from './text.js';

const url = (...lines: readonly string[]): string => `url {\n  path /\n${lines.map((line) => `  ${line}\n`).join('')}}`;
const get = (...lines: readonly string[]): string => check('HTTP_GET', ...lines);

/** One server that is well, then answers so until it is out, and is well again. */
function flap(place: Place, good: NonNullable<Step['serve']>, bad: NonNullable<Step['serve']>, name: string): readonly Step[] {
  return [{ attempts: [place, 2], serve: bad }, { until: `Removing service ${name}`, serve: good }, { until: `Adding service ${name}` }];
}

const A = '[10.1.0.11]:tcp:80';
const well = { 'a:80': [http(200, 'body')] } as const;

const icy = { 'a:80': [{ text: 'ICY 200 OK\r\n\r\nbody' }] } as const;
/** keepalived matches a regex in the head, too, if head and page come in one piece. */
const inPieces = (body: string): Answer => ({ pieces: [`HTTP/1.1 200 Text\r\nContent-Length: ${body.length}\r\n\r\n`, body] });
const udpCheck = (...lines: readonly string[]): string =>
  config(virtualAt('10.99.0.100 53', 'protocol UDP', real('a:53', check('UDP_CHECK', 'log_all_failures', ...lines))));
const UDP = '[10.1.0.11]:udp:53';

export const kindCases: readonly CheckCase[] = [
  {
    name: 'http-status',
    what: 'a page with another status',
    config: config(virtual(real('a:80', get('log_all_failures', url('status_code 200'))))),
    serve: well,
    steps: flap('a:80', well, { 'a:80': [http(503, 'no')] }, A),
  },
  {
    name: 'http-digest',
    what: 'a page with another digest',
    config: config(virtual(real('a:80', get('log_all_failures', url('digest 841a2d689ad86bd1611447453c22c6fc'))))),
    serve: well,
    steps: flap('a:80', well, { 'a:80': [http(200, 'other')] }, A),
  },
  {
    name: 'http-regex',
    what: 'a page without the expression',
    config: config(virtual(real('a:80', get('log_all_failures', url('regex "b.dy"'))))),
    serve: well,
    steps: flap('a:80', well, { 'a:80': [http(200, 'other')] }, A),
  },
  {
    name: 'http-regex-no-match',
    what: 'a page with an expression that must not match',
    config: config(virtual(real('a:80', get('retry 0', url('regex "b.dy"', 'regex_no_match'))))),
    serve: { 'a:80': [http(200, 'other')] },
    steps: flap('a:80', { 'a:80': [http(200, 'other')] }, well, A),
  },
  {
    name: 'http-regex-offset',
    what: 'regex_max_offset is the last place where a match may begin',
    config: config(virtual(real('a:80', get('retry 0', 'log_all_failures', url('regex "body"', 'regex_max_offset 2'))))),
    serve: { 'a:80': [inPieces('xxbody.')] },
    steps: flap('a:80', { 'a:80': [inPieces('xxbody.')] }, { 'a:80': [inPieces('xxxbody.')] }, A),
  },
  {
    name: 'http-icy',
    what: 'the status counts whatever protocol stands in front of it; without a space behind it there is none',
    config: config(virtual(real('a:80', get('retry 0', 'log_all_failures', url())))),
    serve: icy,
    steps: flap('a:80', icy, { 'a:80': [{ text: 'HTTP/1.1 200\r\n\r\nbody' }] }, A),
  },
  {
    name: 'http-refused',
    what: 'a web server that refuses',
    config: config(virtual(real('a:80', get('log_all_failures', url())))),
    serve: well,
    steps: flap('a:80', well, { 'a:80': 'refuse' }, A),
  },
  {
    name: 'http-silent',
    what: 'a web server that takes connections and answers nothing',
    config: config(virtual(real('a:80', get('log_all_failures', url())))),
    serve: well,
    steps: flap('a:80', well, { 'a:80': ['accept'] }, A),
  },
  {
    name: 'http-reset',
    what: 'a web server that resets connections',
    config: config(virtual(real('a:80', get('retry 0', url())))),
    serve: well,
    steps: flap('a:80', well, { 'a:80': ['reset'] }, A),
  },
  {
    name: 'http-close',
    what: 'a web server that closes without an answer',
    config: config(virtual(real('a:80', get('retry 0', 'log_all_failures', url())))),
    serve: well,
    steps: flap('a:80', well, { 'a:80': ['close'] }, A),
  },
  {
    name: 'http-garbage',
    what: 'an answer that is no HTTP',
    config: config(virtual(real('a:80', get('retry 0', 'log_all_failures', url())))),
    serve: well,
    steps: flap('a:80', well, { 'a:80': [{ text: 'nonsense\n' }] }, A),
  },
  {
    name: 'http-two-urls',
    what: 'two pages, asked in turn',
    config: config(virtual('delay_loop 1', real('a:80', get('retry 0', url(), 'url {\n  path /two\n}')))),
    serve: well,
    steps: flap('a:80', well, { 'a:80': [http(404)] }, A),
  },
  {
    name: 'http-first',
    what: 'a page that is bad from the start: the first failure is logged with its retries',
    config: config(virtual(real('a:80', get('retry 2', 'log_all_failures', url())))),
    serve: { 'a:80': [http(503), http(503), http(200)] },
    steps: [{ until: 'Removing service' }, { until: 'Adding service' }],
  },
  {
    name: 'http-alpha',
    what: 'with alpha the first failure of a page changes nothing, and only log_all_failures shows it',
    config: config(
      globals('lvs_notify_fifo @/fifo', 'lvs_notify_fifo_script "@/reader"', 'script_user root'),
      virtual('alpha', real('a:80', 'notify_down "@/note down"', get('log_all_failures', url()))),
    ),
    serve: { 'a:80': [http(503), http(503), http(200)] },
    steps: [{ until: 'Adding service' }],
  },
  {
    name: 'http-two-bad-urls',
    what: 'a page that fails while the server comes back is asked for again after delay_before_retry',
    config: config(virtual(real('a:80', get('retry 0', 'log_all_failures', url(), 'url {\n  path /two\n}')))),
    serve: { 'a:80': [http(503), http(200), http(200), http(404), http(404), http(200)] },
    steps: [{ until: 'Removing service' }, { until: 'Adding service' }],
  },
  {
    name: 'http-fast-recovery',
    uncounted: { '10.1.0.11': 'the next attempt begins in the moment in which the one before is logged' },
    what: 'fast_recovery asks all pages without a pause',
    config: config(virtual('delay_loop 1', real('a:80', get('retry 0', 'fast_recovery', url(), 'url {\n  path /two\n}')))),
    serve: well,
    steps: flap('a:80', well, { 'a:80': [http(404)] }, A),
  },
  {
    name: 'smtp',
    what: 'a mail server that refuses HELO',
    config: config(virtual(real('a:80', check('SMTP_CHECK', 'helo_name me')))),
    serve: { 'a:80': [{ dialogue: ['220 a\r\n', '250 b\r\n', '221 c\r\n'] }] },
    steps: flap(
      'a:80',
      { 'a:80': [{ dialogue: ['220 a\r\n', '250 b\r\n', '221 c\r\n'] }] },
      { 'a:80': [{ dialogue: ['220 a\r\n', '550 b\r\n'] }] },
      A,
    ),
  },
  {
    name: 'smtp-greeting',
    what: 'a mail server with a wrong greeting, with all failures in the log',
    config: config(virtual(real('a:80', check('SMTP_CHECK', 'log_all_failures', 'helo_name me')))),
    serve: { 'a:80': [{ dialogue: ['220 a\r\n', '250 b\r\n', '221 c\r\n'] }] },
    steps: flap('a:80', { 'a:80': [{ dialogue: ['220 a\r\n', '250 b\r\n', '221 c\r\n'] }] }, { 'a:80': [{ dialogue: ['554 a\r\n'] }] }, A),
  },
  {
    name: 'smtp-first',
    what: 'a mail server that is bad from the start: each round retries, the first one, too',
    config: config(virtual('retry 2', real('a:80', check('SMTP_CHECK', 'helo_name me')))),
    serve: { 'a:80': [...Array<Answer>(4).fill({ dialogue: ['554 a\r\n'] }), { dialogue: ['220 a\r\n', '250 b\r\n', '221 c\r\n'] }] },
    steps: [{ until: 'Removing service' }, { until: 'Adding service' }],
  },
  {
    name: 'smtp-refused',
    what: 'a mail server that refuses connections',
    config: config(virtual(real('a:80', check('SMTP_CHECK', 'helo_name me')))),
    serve: { 'a:80': [{ dialogue: ['220 a\r\n', '250 b\r\n', '221 c\r\n'] }] },
    steps: flap('a:80', { 'a:80': [{ dialogue: ['220 a\r\n', '250 b\r\n', '221 c\r\n'] }] }, { 'a:80': 'refuse' }, A),
  },
  {
    name: 'dns-code',
    what: 'a name server that answers with an error',
    config: config(virtualAt('10.99.0.100 53', 'protocol UDP', real('a:53', check('DNS_CHECK', 'retry 1', 'log_all_failures')))),
    serve: { 'a:53/udp': [{ rcode: 0 }] },
    steps: flap('a:53/udp', { 'a:53/udp': [{ rcode: 0 }] }, { 'a:53/udp': [{ rcode: 2 }] }, '[10.1.0.11]:udp:53'),
  },
  {
    name: 'dns-silent',
    what: 'a name server that does not answer',
    config: config(virtualAt('10.99.0.100 53', 'protocol UDP', real('a:53', check('DNS_CHECK', 'retry 1')))),
    serve: { 'a:53/udp': [{ rcode: 0 }] },
    steps: flap('a:53/udp', { 'a:53/udp': [{ rcode: 0 }] }, { 'a:53/udp': ['accept'] }, '[10.1.0.11]:udp:53'),
  },
  {
    name: 'udp',
    what: 'UDP_CHECK by what ICMP answers',
    config: config(virtualAt('10.99.0.100 53', 'protocol UDP', real('a:53', check('UDP_CHECK', 'log_all_failures')))),
    serve: { 'a:53/udp': ['accept'] },
    steps: flap('a:53/udp', { 'a:53/udp': ['accept'] }, { 'a:53/udp': 'refuse' }, '[10.1.0.11]:udp:53'),
  },
  {
    name: 'udp-unreachable',
    what: 'UDP_CHECK of a host that is unreachable by ICMP',
    config: udpCheck(),
    serve: { 'a:53/udp': ['accept'] },
    steps: flap('a:53/udp', { 'a:53/udp': ['accept'] }, { 'a:53/udp': 'unreachable' }, UDP),
  },
  {
    name: 'udp-any-reply',
    what: 'require_reply without data: any answer is good, however long; none is bad',
    config: udpCheck('require_reply', 'min_reply_length 5', 'max_reply_length 9', 'connect_timeout 1'),
    serve: { 'a:53/udp': [{ text: 'ok' }, { text: 'much too long' }] },
    steps: flap('a:53/udp', { 'a:53/udp': [{ text: 'ok' }] }, { 'a:53/udp': ['accept'] }, UDP),
  },
  {
    name: 'udp-reply',
    what: 'require_reply with data: a short answer is compared as far as it goes, and lengths count',
    config: udpCheck('payload 61', 'require_reply 6f6b7878', 'min_reply_length 2', 'retry 0'),
    serve: { 'a:53/udp': [{ text: 'ok' }, { text: 'okxx and more' }] },
    steps: [
      ...flap('a:53/udp', { 'a:53/udp': [{ text: 'okx' }] }, { 'a:53/udp': [{ text: 'no' }] }, UDP),
      { attempts: ['a:53/udp', 1], serve: { 'a:53/udp': [{ text: 'o' }] } },
      { until: `Removing service ${UDP}` },
    ],
  },
  {
    name: 'misc-exit',
    what: 'a script that fails',
    config: config(virtual(real('a:80', check('MISC_CHECK', 'misc_path "@/exit status"', 'log_all_failures', 'user root')))),
    files: { status: '1' },
    steps: [
      { until: 'Removing service', files: { status: '0' } },
      { until: 'Adding service', files: { status: '1' } },
      { until: 'Removing service' },
    ],
  },
  {
    name: 'misc-dynamic',
    what: 'misc_dynamic takes the weight from the exit status',
    config: config(virtual(real('a:80', 'weight 5', check('MISC_CHECK', 'misc_path "@/exit status"', 'misc_dynamic', 'user root')))),
    files: { status: '12' },
    steps: [
      { until: 'Changing weight', files: { status: '0' } },
      { until: 'Changing weight', files: { status: '3' } },
      { until: 'Changing weight', files: { status: '1' } },
      { until: 'Removing service', files: { status: '9' } },
      { until: 'Adding service' },
    ],
  },
  {
    name: 'file-check',
    what: 'FILE_CHECK adds to the weight',
    config: config(
      'track_file load {\n  file @/load\n}',
      virtual(real('a:80', 'weight 10', 'FILE_CHECK {\n  track_file load\n  weight 2\n}'), real('b:80', 'weight 10')),
    ),
    files: { load: '1' },
    steps: [
      { until: 'Gained quorum', files: { load: '5' } },
      { until: 'Changing weight', files: { load: '-3' } },
      { until: 'Changing weight', files: { load: '0' } },
      { until: 'Changing weight' },
    ],
  },
  {
    name: 'misc-timeout',
    what: 'a script that does not end',
    config: config(virtual(real('a:80', check('MISC_CHECK', 'misc_path "/usr/bin/sleep 30"', 'misc_timeout 1', 'retry 0', 'user root')))),
    steps: [{ until: 'Removing service' }],
  },
  {
    name: 'ping',
    what: 'PING_CHECK of a host that answers',
    config: config(virtual('alpha', real('a:80', check('PING_CHECK')))),
    steps: [{ until: 'Adding service' }],
  },
  {
    name: 'ping-silent',
    what: 'PING_CHECK of a host that answers no longer, and does again',
    config: config(virtual(real('a:80', check('PING_CHECK', 'connect_timeout 1', 'log_all_failures')))),
    steps: [
      { until: 'ICMP connection to', sysctl: 'net.ipv4.icmp_echo_ignore_all=1' },
      { until: 'Removing service', sysctl: 'net.ipv4.icmp_echo_ignore_all=0' },
      { until: 'Adding service' },
    ],
  },
  {
    name: 'ping-no-route',
    what: 'PING_CHECK of a host to which there is no way',
    config: config(virtual(real('a:80', check('PING_CHECK', 'connect_ip 10.77.0.1', 'log_all_failures')))),
    steps: [{ until: 'Lost quorum' }],
    only: { debian: [/^send ICMP packet fail$/] },
  },
  {
    name: 'ipv6-tcp',
    what: 'TCP_CHECK by IPv6 of a port that is closed',
    config: config(virtual(real('a:80', check('TCP_CHECK', 'connect_ip ::1', 'connect_port 9', 'log_all_failures')))),
    steps: [{ until: 'Lost quorum' }],
  },
  {
    name: 'ipv6-http',
    what: 'HTTP_GET by IPv6 of a port that is closed',
    config: config(virtual(real('a:80', get('connect_ip ::1', 'connect_port 9', 'log_all_failures', url())))),
    steps: [{ until: 'Lost quorum' }],
  },
  {
    name: 'ipv6-udp',
    what: 'UDP_CHECK by IPv6 of a port that is closed',
    config: config(virtual(real('a:80', check('UDP_CHECK', 'connect_ip ::1', 'connect_port 9', 'log_all_failures')))),
    steps: [{ until: 'Lost quorum' }],
  },
  {
    name: 'ipv6-ping',
    what: 'PING_CHECK by IPv6 of a host that answers',
    config: config(virtual('alpha', real('a:80', check('PING_CHECK', 'connect_ip ::1')))),
    steps: [{ until: 'Adding service' }],
  },
];
