// The kinds of checks: what counts as a failure of each, in whose words.
import { type Answer, type Behaviour, endpointOf, http, type Place } from '../servers.js';
import type { CheckCase, Step } from '../types.js';
import { check, config, globals, real, virtual, virtualAt } from './text.js';

const url = (...lines: readonly string[]): string => `url {\n  path /\n${lines.map((line) => `  ${line}\n`).join('')}}`;
const get = (...lines: readonly string[]): string => check('HTTP_GET', ...lines);

/** `[10.1.0.11]:tcp:80`, `[10.1.0.11]:udp:53` */
function serverAt(place: Place): string {
  const { address, port } = endpointOf(place);
  return `[${address}]:${place.endsWith('/udp') ? 'udp' : 'tcp'}:${port}`;
}

/** The server is bad until it is out, and then good again. */
const flap = (place: Place, good: Behaviour, bad: Behaviour): readonly Step[] => [
  { attempts: [place, 2], serve: { [place]: bad } },
  { until: `Removing service ${serverAt(place)}`, serve: { [place]: good } },
  { until: `Adding service ${serverAt(place)}` },
];

interface Flapping extends Pick<CheckCase, 'name' | 'what' | 'config' | 'uncounted'> {
  readonly place: Place;
  readonly good: Behaviour;
  readonly bad: Behaviour;
}

/** One server that is good, then bad, then good again. */
const flapping = ({ place, good, bad, ...rest }: Flapping): CheckCase => ({
  ...rest,
  serve: { [place]: good },
  steps: flap(place, good, bad),
});

/** HTTP_GET of one server with these lines. */
const pages = (...lines: readonly string[]): string => config(virtual(real('a:80', get(...lines))));
const WELL: Behaviour = [http(200, 'body')];
const MAIL: readonly Answer[] = [{ dialogue: ['220 a\r\n', '250 b\r\n', '221 c\r\n'] }];
/** keepalived matches a regex in the head, too, if head and page come in one piece. */
const inPieces = (body: string): Answer => ({ pieces: [`HTTP/1.1 200 Text\r\nContent-Length: ${body.length}\r\n\r\n`, body] });
const udpCheck = (...lines: readonly string[]): string =>
  config(virtualAt('10.99.0.100 53', 'protocol UDP', real('a:53', check('UDP_CHECK', 'log_all_failures', ...lines))));

export const kindCases: readonly CheckCase[] = [
  flapping({
    name: 'http-status',
    what: 'a page with another status',
    config: pages('log_all_failures', url('status_code 200')),
    place: 'a:80',
    good: WELL,
    bad: [http(503, 'no')],
  }),
  flapping({
    name: 'http-digest',
    what: 'a page with another digest',
    config: pages('log_all_failures', url('digest 841a2d689ad86bd1611447453c22c6fc')),
    place: 'a:80',
    good: WELL,
    bad: [http(200, 'other')],
  }),
  flapping({
    name: 'http-regex',
    what: 'a page without the expression',
    config: pages('log_all_failures', url('regex "b.dy"')),
    place: 'a:80',
    good: WELL,
    bad: [http(200, 'other')],
  }),
  flapping({
    name: 'http-regex-no-match',
    what: 'a page with an expression that must not match',
    config: pages('retry 0', url('regex "b.dy"', 'regex_no_match')),
    place: 'a:80',
    good: [http(200, 'other')],
    bad: WELL,
  }),
  flapping({
    name: 'http-regex-offset',
    what: 'regex_max_offset is the last place where a match may begin',
    config: pages('retry 0', 'log_all_failures', url('regex "body"', 'regex_max_offset 2')),
    place: 'a:80',
    good: [inPieces('xxbody.')],
    bad: [inPieces('xxxbody.')],
  }),
  flapping({
    name: 'http-icy',
    what: 'the status counts whatever protocol stands in front of it; without a space behind it there is none',
    config: pages('retry 0', 'log_all_failures', url()),
    place: 'a:80',
    good: [{ text: 'ICY 200 OK\r\n\r\nbody' }],
    bad: [{ text: 'HTTP/1.1 200\r\n\r\nbody' }],
  }),
  flapping({
    name: 'http-refused',
    what: 'a web server that refuses',
    config: pages('log_all_failures', url()),
    place: 'a:80',
    good: WELL,
    bad: 'refuse',
  }),
  flapping({
    name: 'http-silent',
    what: 'a web server that takes connections and answers nothing',
    config: pages('log_all_failures', url()),
    place: 'a:80',
    good: WELL,
    bad: ['accept'],
  }),
  flapping({
    name: 'http-reset',
    what: 'a web server that resets connections',
    config: pages('retry 0', url()),
    place: 'a:80',
    good: WELL,
    bad: ['reset'],
  }),
  flapping({
    name: 'http-close',
    what: 'a web server that closes without an answer',
    config: pages('retry 0', 'log_all_failures', url()),
    place: 'a:80',
    good: WELL,
    bad: ['close'],
  }),
  flapping({
    name: 'http-garbage',
    what: 'an answer that is no HTTP',
    config: pages('retry 0', 'log_all_failures', url()),
    place: 'a:80',
    good: WELL,
    bad: [{ text: 'nonsense\n' }],
  }),
  flapping({
    name: 'http-two-urls',
    what: 'two pages, asked in turn',
    config: config(virtual('delay_loop 1', real('a:80', get('retry 0', url(), 'url {\n  path /two\n}')))),
    place: 'a:80',
    good: WELL,
    bad: [http(404)],
  }),
  {
    name: 'http-first',
    what: 'a page that is bad from the start: the first failure is logged with its retries',
    config: pages('retry 2', 'log_all_failures', url()),
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
    steps: [
      { until: 'Adding service' },
      { noted: ['RS [10.1.0.11]:tcp:80 [10.99.0.100]:tcp:80 UP', 1] },
      { noted: ['VS [10.99.0.100]:tcp:80 UP', 1] },
    ],
  },
  {
    name: 'http-two-bad-urls',
    what: 'a page that fails while the server comes back is asked for again after delay_before_retry',
    config: pages('retry 0', 'log_all_failures', url(), 'url {\n  path /two\n}'),
    serve: { 'a:80': [http(503), http(200), http(200), http(404), http(404), http(200)] },
    steps: [{ until: 'Removing service' }, { until: 'Adding service' }],
  },
  flapping({
    name: 'http-fast-recovery',
    uncounted: { '10.1.0.11': 'the next attempt begins in the moment in which the one before is logged' },
    what: 'fast_recovery asks all pages without a pause',
    config: config(virtual('delay_loop 1', real('a:80', get('retry 0', 'fast_recovery', url(), 'url {\n  path /two\n}')))),
    place: 'a:80',
    good: WELL,
    bad: [http(404)],
  }),
  flapping({
    name: 'smtp',
    what: 'a mail server that refuses HELO',
    config: config(virtual(real('a:80', check('SMTP_CHECK', 'helo_name me')))),
    place: 'a:80',
    good: MAIL,
    bad: [{ dialogue: ['220 a\r\n', '550 b\r\n'] }],
  }),
  flapping({
    name: 'smtp-greeting',
    what: 'a mail server with a wrong greeting, with all failures in the log',
    config: config(virtual(real('a:80', check('SMTP_CHECK', 'log_all_failures', 'helo_name me')))),
    place: 'a:80',
    good: MAIL,
    bad: [{ dialogue: ['554 a\r\n'] }],
  }),
  {
    name: 'smtp-first',
    what: 'a mail server that is bad from the start: each round retries, the first one, too',
    config: config(virtual('retry 2', real('a:80', check('SMTP_CHECK', 'helo_name me')))),
    serve: { 'a:80': [...Array<Answer>(4).fill({ dialogue: ['554 a\r\n'] }), ...MAIL] },
    steps: [{ until: 'Removing service' }, { until: 'Adding service' }],
  },
  flapping({
    name: 'smtp-refused',
    what: 'a mail server that refuses connections',
    config: config(virtual(real('a:80', check('SMTP_CHECK', 'helo_name me')))),
    place: 'a:80',
    good: MAIL,
    bad: 'refuse',
  }),
  flapping({
    name: 'dns-code',
    what: 'a name server that answers with an error',
    config: config(virtualAt('10.99.0.100 53', 'protocol UDP', real('a:53', check('DNS_CHECK', 'retry 1', 'log_all_failures')))),
    place: 'a:53/udp',
    good: [{ rcode: 0 }],
    bad: [{ rcode: 2 }],
  }),
  flapping({
    name: 'dns-silent',
    what: 'a name server that does not answer',
    config: config(virtualAt('10.99.0.100 53', 'protocol UDP', real('a:53', check('DNS_CHECK', 'retry 1')))),
    place: 'a:53/udp',
    good: [{ rcode: 0 }],
    bad: ['accept'],
  }),
  flapping({
    name: 'udp',
    what: 'UDP_CHECK by what ICMP answers',
    config: udpCheck(),
    place: 'a:53/udp',
    good: ['accept'],
    bad: 'refuse',
  }),
  flapping({
    name: 'udp-unreachable',
    what: 'UDP_CHECK of a host that is unreachable by ICMP',
    config: udpCheck(),
    place: 'a:53/udp',
    good: ['accept'],
    bad: 'unreachable',
  }),
  {
    name: 'udp-any-reply',
    what: 'require_reply without data: any answer is good, however long; none is bad',
    config: udpCheck('require_reply', 'min_reply_length 5', 'max_reply_length 9', 'connect_timeout 1'),
    serve: { 'a:53/udp': [{ text: 'ok' }, { text: 'much too long' }] },
    steps: flap('a:53/udp', [{ text: 'ok' }], ['accept']),
  },
  {
    name: 'udp-reply',
    what: 'require_reply with data: a short answer is compared as far as it goes, and lengths count',
    config: udpCheck('payload 61', 'require_reply 6f6b7878', 'min_reply_length 2', 'retry 0'),
    serve: { 'a:53/udp': [{ text: 'ok' }, { text: 'okxx and more' }] },
    steps: [
      ...flap('a:53/udp', [{ text: 'okx' }], [{ text: 'no' }]),
      { attempts: ['a:53/udp', 1], serve: { 'a:53/udp': [{ text: 'o' }] } },
      { until: `Removing service ${serverAt('a:53/udp')}` },
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
    config: pages('connect_ip ::1', 'connect_port 9', 'log_all_failures', url()),
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
