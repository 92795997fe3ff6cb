// What becomes of the statements of haproxy.cfg that are not read for services: of global, of proxies of mode tcp and of the other sections.
import { type Fate, type FateTable, fateIn, lost, NOTHING, OF_REQUESTS, OWN_RETRIES, UNKNOWN } from './haproxy-fates.js';

const TIMEOUTS_HINT = 'ipvsadm --set, or timeouts in weir.yaml';
const IDLE = lost('idle connections end after the timeouts of the table (15 minutes of TCP)', TIMEOUTS_HINT);
const HALF_CLOSED = lost('connections that one side has closed end after the timeout of the table (2 minutes)', TIMEOUTS_HINT);
const NOT_LIMITED = lost('connections beyond it are neither refused nor kept waiting: the packet filter of the host can refuse them');
const NOT_CHOSEN = lost('nothing is chosen by it');
const BY_ADDRESS = lost('clients do not stay with their server by it: persistence goes by the address of the client alone');
const NO_VARIABLES = lost('variables are not filled in: words that have them are not read');

const GLOBAL: FateTable = [
  ['maxconn maxconnrate maxsessrate', NOT_LIMITED],
  ['maxsslconn maxsslrate', { status: 'equivalent', why: 'a proxy that ends TLS becomes no service' }],
  ['setenv presetenv resetenv unsetenv', NO_VARIABLES],
  ['log log-send-hostname log-tag node description stats server-state-base server-state-file load-server-state-from-file', NOTHING],
  ['user uid group gid chroot pidfile localpeer daemon master-worker mworker-* nbproc nbthread cpu-map cpu-policy cpu-set', NOTHING],
  ['thread-group thread-groups thread-hard-limit numa-cpu-mapping ulimit-n fd-hard-limit prealloc-fd strict-limits', NOTHING],
  ['set-dumpable setcap insecure-fork-wanted insecure-setuid-wanted hard-stop-after grace close-spread-time external-check', NOTHING],
  ['spread-checks max-spread-checks maxpipes maxcomprate maxcompcpuusage maxzlibmem no-memory-trimming', NOTHING],
  ['busy-polling noepoll nokqueue noevports nopoll nosplice nogetaddrinfo noreuseport quiet zero-warning unix-bind', NOTHING],
  ['ca-base crt-base key-base default-path issuers-chain-path ssl-* cluster-secret profiling.* tune.* httpclient.*', NOTHING],
  ['51degrees-* deviceatlas-* wurfl-* opentracing-* pp2-never-send-local limited-quic no-quic expose-* anonkey', NOTHING],
  ['h1-accept-payload-with-any-method h1-case-adjust h1-case-adjust-file h2-workaround-bogus-websocket-clients', NOTHING],
];

const PROXY: FateTable = [
  ['maxconn rate-limit', NOT_LIMITED],
  ['fullconn', lost('the limit of a server is its maxconn, whatever the load is')],
  ['backlog', lost('connections that are being made wait at the servers: their backlogs count')],
  ['hash-balance-factor hash-preserve-affinity', lost('a client has the server of its hash, however many connections that server has')],
  ['acl use-server force-be-switch', NOT_CHOSEN],
  ['persist force-persist ignore-persist', BY_ADDRESS],
  ['tcp-request', lost('connections are neither refused nor tracked by it: the packet filter of the host can refuse them')],
  ['tcp-response', lost('what servers answer is not read: connections are neither refused nor tracked by it')],
  ['retries retry-on', OWN_RETRIES],
  ['source', lost('servers do not see this address')],
  ['dispatch', lost('its connections go to the servers of the section alone')],
  ['transparent', lost('connections to addresses of no service are not taken')],
  ['max-session-srv-conns', OF_REQUESTS],
  ['monitor-net', lost('connections of these addresses go to the servers, too')],
  ['server-template', { status: 'refused', why: 'its servers get no connections: names are not looked up', hint: 'write their addresses' }],
  [
    'use_backend',
    {
      status: 'refused',
      why: 'its connections go to the default backend: what is sent in them is not read',
      hint: 'weir switch or weir proxy (docs/layer7.md)',
    },
  ],
  ['log log-format log-format-sd log-tag log-steps error-log-format description id guid stats email-alert', NOTHING],
  ['bind-process grace nbproc load-server-state-from-file server-state-file-name clitcpka-* srvtcpka-*', NOTHING],
  ['unique-id-format unique-id-header declare enabled disabled', NOTHING],
  ['capture compression cookie errorfile errorfiles errorloc* http-after-response http-error http-request http-response', OF_REQUESTS],
  ['http-reuse http-send-name-header max-keep-alive-queue monitor monitor-uri redirect use-fcgi-app appsession', OF_REQUESTS],
];

const TIMEOUTS: FateTable = [
  ['client server tunnel', IDLE],
  ['client-fin server-fin', HALF_CLOSED],
  ['connect', OWN_RETRIES],
  ['queue', lost('no connection waits for a server')],
  ['http-request http-keep-alive tarpit client-hs', OF_REQUESTS],
];

const OPTIONS: FateTable = [
  ['tcplog httplog httpslog dontlognull dontlog-normal log-health-checks log-separate-errors logasap socket-stats contstats', NOTHING],
  ['tcpka clitcpka srvtcpka splice-* nolinger abortonclose tcp-smart-accept tcp-smart-connect independent-streams', NOTHING],
  ['allbackups', lost('of several backup servers the first one alone has connections, when no other server is left')],
  ['persist', lost('clients do not stay with a server that failed')],
  ['redispatch', OWN_RETRIES],
  ['transparent', lost('connections go to the servers, not to the address that clients asked for')],
  ['accept-invalid-* accept-unsafe-* checkcache disable-h2-upgrade forceclose forwarded forwardfor originalto', OF_REQUESTS],
  ['h1-case-adjust-* http-* httpclose idle-close-on-response prefer-last-server', OF_REQUESTS],
];

const NO_SERVICE = lost('no service is made of it');
const SECTIONS: FateTable = [
  ['log-forward', NO_SERVICE],
  ['program', lost('weir starts no other program')],
  ['peers', lost('persistence is shared by connection synchronisation, not by it', 'docs/sync.md')],
  ['resolvers', lost('names are not looked up')],
  ['userlist mailers ring cache http-errors fcgi-app crt-store crt-list log-profile traces acme', NOTHING],
];

/** `no` and `default` before a statement take back what stands above it, and weir has none of that. */
const isTakenBack = ([first = '']: readonly string[]): boolean => first === 'no' || first === 'default';

export const globalFate = (words: readonly string[]): Fate => (isTakenBack(words) ? NOTHING : fateIn(GLOBAL, words[0] ?? ''));

export const sectionFate = (section: string): Fate => fateIn(SECTIONS, section);

/** Of a frontend, a listen, a backend or defaults. */
export function statementFate(words: readonly string[]): Fate {
  if (isTakenBack(words)) return NOTHING;
  const [name = '', what = ''] = words;
  if (name === 'timeout') return fateIn(TIMEOUTS, what);
  if (name !== 'option') return fateIn(PROXY, name);
  const fate = fateIn(OPTIONS, what);
  return fate === UNKNOWN ? lost('the option is about connections that haproxy makes itself') : fate;
}
