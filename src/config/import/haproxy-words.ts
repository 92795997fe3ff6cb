// The words of `bind` and of `server`: how many values each has, and what becomes of it.
import { type Fate, lost, NOTHING, OF_REQUESTS, reportFate, UNKNOWN } from './haproxy-fates.js';
import type { At, ImportReport } from './import-report.js';

/** Read where the service or its server is made. */
const KEPT = 'kept';

/** Names separated by blanks; a `+` behind one: it has a value. */
type WordTable = readonly (readonly [names: string, fate: Fate | typeof KEPT])[];

const TLS: Fate = { status: 'equivalent', why: 'without ssl it has no effect' };
const CHECK_WAY = lost('health checks connect to the server without it');
const AGENT = lost('the weight does not follow its agent, unless feedback is set (docs/feedback.md)');
const OBSERVED = lost('failures of connections do not count: health checks alone take a server out');
const HELD = lost('connections of a server that fails go on to it, and those of a backup server stay there');
const NO_WAITING = lost('no connection waits for a server');
const NAMES: Fate = { status: 'equivalent', why: 'a server that is named by its address is not looked up' };
const OWN_TIMEOUT = lost('what is sent and not acknowledged is left to the two ends');

const BIND: WordTable = [
  ['ssl accept-proxy accept-netscaler-cip+', KEPT],
  ['v4v6 v6only', KEPT],
  ['interface+', lost('connections that come by other interfaces are taken, too: the packet filter of the host can refuse them')],
  ['maxconn+', lost('connections beyond it are not kept waiting')],
  ['namespace+', lost('the service is in the network namespace where weir runs')],
  ['transparent', lost('connections to addresses of no service are not taken')],
  ['mss+', lost('client and server agree on the MSS themselves', 'weir tune')],
  ['tcp-md5sig+', lost('TCP is not authenticated by the director: servers must do that')],
  ['tcp-ut+', OWN_TIMEOUT],
  ['backlog+ defer-accept expose-fd+ gid+ group+ id+ level+ mode+ name+ nice+ process+ severity-output+ shards+', NOTHING],
  ['tfo thread+ uid+ user+ label+ guid-prefix+ nbconn+ cc+ idle-ping+', NOTHING],
  ['proto+ quic-force-retry quic-socket+ quic-cc-algo+', OF_REQUESTS],
  ['allow-0rtt force-sslv3 force-tlsv10 force-tlsv11 force-tlsv12 force-tlsv13 generate-certificates no-alpn no-ca-names', TLS],
  ['no-sslv3 no-tls-tickets no-tlsv10 no-tlsv11 no-tlsv12 no-tlsv13 prefer-client-ciphers strict-sni no-strict-sni', TLS],
  ['alpn+ ca-file+ ca-ignore-err+ ca-sign-file+ ca-sign-pass+ ca-verify-file+ ciphers+ ciphersuites+ client-sigalgs+ crl-file+', TLS],
  ['crt+ crt-ignore-err+ crt-list+ curves+ default-crt+ ecdhe+ npn+ ocsp-update+ sigalgs+ ssl-max-ver+ ssl-min-ver+', TLS],
  ['tls-ticket-keys+ tls-tickets verify+', TLS],
];

const SERVER: WordTable = [
  ['weight+ check no-check port+ addr+ inter+ fastinter+ fall+ maxconn+ backup no-backup disabled enabled', KEPT],
  ['ssl no-ssl send-proxy no-send-proxy send-proxy-v2 no-send-proxy-v2 send-proxy-v2-ssl no-send-proxy-v2-ssl', KEPT],
  ['send-proxy-v2-ssl-cn no-send-proxy-v2-ssl-cn socks4+ no-check-ssl no-check-send-proxy no-agent-check', KEPT],
  ['check-ssl', lost('health checks make no TLS', 'option httpchk, or MISC_CHECK with a command of your own')],
  ['check-alpn+ check-proto+ check-send-proxy check-sni+ check-via-socks4 check-pool-conn-name+ check-reuse-pool', CHECK_WAY],
  ['rise+', { status: 'approximated', why: 'a server that failed has connections again after one check that succeeds' }],
  ['downinter+', lost('a server that failed is checked as often as the others')],
  ['init-state+', lost('a server is as its first check finds it')],
  ['track+', lost('the server counts as healthy without a check of its own')],
  ['agent-check agent-addr+ agent-inter+ agent-port+ agent-send+', AGENT],
  ['observe+ error-limit+ on-error+', OBSERVED],
  ['on-marked-down+ on-marked-up+', HELD],
  ['maxqueue+ minconn+ strict-maxconn', NO_WAITING],
  ['slowstart+', { status: 'approximated', why: 'a server that comes back has its whole share, unless slow_start is set' }],
  ['cookie+', lost('there are no cookies in packets')],
  ['non-stick', lost('clients stay with this server, too')],
  ['redir+', OF_REQUESTS],
  ['source+ usesrc+', lost('servers do not see this address')],
  ['interface+ namespace+', lost('packets to the server go as the routes of the director lead')],
  ['tcp-ut+', OWN_TIMEOUT],
  ['tcp-md5sig+', lost('TCP is not authenticated by the director: clients must do that')],
  ['hash-key+', lost('the hash is of addresses and ports')],
  ['init-addr+ resolve-net+ resolve-opts+ resolve-prefer+ resolvers+', NAMES],
  ['id+ guid+ stick tfo no-tfo log-proto+ log-bufsize+ shard+ cc+', NOTHING],
  ['max-reuse+ pool-conn-name+ pool-low-conn+ pool-max-conn+ pool-purge-delay+ proto+ ws+ idle-ping+', OF_REQUESTS],
  ['proxy-v2-options+ set-proxy-v2-tlv-fmt+', { status: 'equivalent', why: 'without send-proxy-v2 it has no effect' }],
  ['allow-0rtt force-sslv3 force-tlsv10 force-tlsv11 force-tlsv12 force-tlsv13 no-renegotiate no-ssl-reuse no-sslv3', TLS],
  ['no-tls-tickets no-tlsv10 no-tlsv11 no-tlsv12 no-tlsv13 no-verifyhost renegotiate sni-auto no-sni-auto ssl-reuse tls-tickets', TLS],
  ['alpn+ ca-file+ ciphers+ ciphersuites+ client-sigalgs+ crl-file+ crt+ curves+ npn+ sigalgs+ sni+ ssl-max-ver+', TLS],
  ['ssl-min-ver+ verify+ verifyhost+ check-sni-auto no-check-sni-auto', TLS],
];

export interface GivenWord {
  readonly name: string;
  readonly value: string | undefined;
  /** Undefined: it is kept. */
  readonly fate: Fate | undefined;
}

function read(table: WordTable, words: readonly string[]): readonly GivenWord[] {
  const entries = new Map(
    table.flatMap(([names, fate]) => names.split(' ').map((name) => [name.replace('+', ''), { hasValue: name.endsWith('+'), fate }])),
  );
  const given: GivenWord[] = [];
  for (let at = 0; at < words.length; at++) {
    const name = words[at] ?? '';
    const { hasValue = false, fate = UNKNOWN } = entries.get(name) ?? {};
    given.push({ name, value: hasValue ? words[++at] : undefined, fate: fate === KEPT ? undefined : fate });
  }
  return given;
}

export const bindWords = (words: readonly string[]): readonly GivenWord[] => read(BIND, words);
export const serverWords = (words: readonly string[]): readonly GivenWord[] => read(SERVER, words);

/** The last one counts. */
export const wordValue = (given: readonly GivenWord[], name: string): string | undefined =>
  given.findLast((each) => each.name === name)?.value;

/** `name` is there, and no word `against` it stands behind it. */
export const isSet = (given: readonly GivenWord[], name: string, against = `no-${name}`): boolean =>
  given.findLast((each) => each.name === name || each.name === against)?.name === name;

/** Where health checks make TLS: what that is to be like. `own`: those of `given` that have lines here. */
export function withCheckTls(own: readonly GivenWord[], given: readonly GivenWord[]): readonly GivenWord[] {
  if (!isSet(given, 'check-ssl')) return own;
  return own.map((each) => (each.fate === TLS && each.value !== 'none' ? { ...each, fate: CHECK_WAY } : each));
}

const OF_HEADERS = lost('the header has the addresses and ports of client and service alone');

/** Where servers get a header of the PROXY protocol. */
export const withHeader = (own: readonly GivenWord[]): readonly GivenWord[] =>
  own.map((each) => (/^(?:proxy-v2-options|set-proxy-v2-tlv-fmt)$/.test(each.name) ? { ...each, fate: OF_HEADERS } : each));

/** A line for all words of one fate. */
export function reportWords(report: ImportReport, at: At, given: readonly GivenWord[]): void {
  const fates = new Set(given.flatMap(({ fate }) => (fate === undefined ? [] : [fate])));
  for (const fate of fates) {
    const names = given.filter((each) => each.fate === fate).map(({ name }) => name);
    reportFate(report, at, fate, [...new Set(names)]);
  }
}
