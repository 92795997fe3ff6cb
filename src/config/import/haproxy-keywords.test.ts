// Each keyword of HAProxy 2.6 (`haproxy -dKcfg` and its manual) has a line in the report, and each word of bind and server is named in one or kept.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importHaproxy } from './haproxy.js';
import type { ImportLine } from './imported.js';

const list = (...texts: readonly string[]): readonly string[] => texts.flatMap((text) => text.split(' '));

const GLOBAL = list(
  'ca-base chroot close-spread-time cluster-secret cpu-map crt-base daemon default-path description deviceatlas-json-file external-check',
  'fd-hard-limit gid grace group h1-accept-payload-with-any-method h1-case-adjust h1-case-adjust-file hard-stop-after busy-polling',
  'h2-workaround-bogus-websocket-clients httpclient.resolvers.id httpclient.resolvers.prefer httpclient.ssl.ca-file httpclient.ssl.verify',
  'insecure-fork-wanted insecure-setuid-wanted issuers-chain-path localpeer log log-send-hostname log-tag lua-load lua-load-per-thread',
  'lua-prepend-path master-worker max-spread-checks maxcompcpuusage maxcomprate maxconn maxconnrate maxpipes maxsessrate maxsslconn',
  'maxsslrate maxzlibmem mworker-max-reloads nbproc nbthread no-memory-trimming node noepoll noevports nogetaddrinfo nokqueue nopoll',
  'noreuseport nosplice numa-cpu-mapping pidfile pp2-never-send-local presetenv profiling.tasks quiet resetenv server-state-base',
  'server-state-file set-dumpable set-var set-var-fmt setenv spread-checks ssl-default-bind-ciphers ssl-default-server-options',
  'ssl-dh-param-file ssl-engine ssl-load-extra-files ssl-mode-async ssl-provider ssl-server-verify stats strict-limits thread-group',
  'thread-groups tune.bufsize tune.maxaccept tune.ssl.cachesize uid ulimit-n unix-bind unsetenv user wurfl-data-file zero-warning zzz',
);

/** Of frontend, listen, backend and defaults. */
const STATEMENTS = [
  ...list(
    'acl backlog bind-process capture clitcpka-cnt clitcpka-idle clitcpka-intvl clitimeout compression contimeout cookie declare',
    'description disabled dispatch email-alert enabled errorfile errorfiles errorloc errorloc302 errorloc303 error-log-format',
    'filter force-persist fullconn grace hash-balance-factor http-after-response http-error http-request http-response http-reuse',
    'http-send-name-header id ignore-persist load-server-state-from-file log log-format log-format-sd log-tag max-keep-alive-queue',
    'max-session-srv-conns maxconn monitor monitor-net monitor-uri persist rate-limit redirect retries retry-on server-state-file-name',
    'server-template source srvtcpka-cnt srvtcpka-idle srvtcpka-intvl srvtimeout stats tcp-request tcp-response transparent',
    'unique-id-format unique-id-header use-fcgi-app use-server use_backend hash-type stick-table stick external-check mode zzz',
  ),
  ...['default_backend other', 'default-server inter 3s', 'balance leastconn', 'no log', 'default option tcplog', 'no option tcplog'],
  ...list(
    'abortonclose accept-invalid-http-request accept-invalid-http-response allbackups checkcache clitcpka contstats disable-h2-upgrade',
    'dontlog-normal dontlognull forwardfor h1-case-adjust-bogus-client h1-case-adjust-bogus-server http-buffer-request http-ignore-probes',
    'http-keep-alive http-no-delay http-pretend-keepalive http-restrict-req-hdr-names http-server-close http-use-proxy-header httpclose',
    'httplog httpslog idle-close-on-response independent-streams log-health-checks log-separate-errors logasap nolinger originalto persist',
    'prefer-last-server redispatch socket-stats splice-auto splice-request splice-response srvtcpka tcp-smart-accept tcp-smart-connect',
    'tcpka tcplog transparent external-check httpchk ldap-check mysql-check pgsql-check redis-check smtpchk spop-check ssl-hello-chk',
    'tcp-check zzz',
  ).map((name) => `option ${name}`),
  ...list('check client client-fin connect http-keep-alive http-request queue server server-fin tarpit tunnel zzz').map(
    (name) => `timeout ${name} 3s`,
  ),
  ...list('comment connect disable-on-404 expect send send-state set-var(check.a) unset-var(check.a)').map((name) => `http-check ${name}`),
  ...list('comment connect expect send send-binary set-var(check.a) unset-var(check.a)').map((name) => `tcp-check ${name}`),
];

/** A `+` behind a name: it has a value. */
const BIND = list(
  'backlog+ defer-accept expose-fd+ gid+ group+ id+ interface+ level+ maxconn+ mode+ mss+ name+ namespace+ nice+ process+ proto+',
  'severity-output+ shards+ tcp-ut+ tfo thread+ transparent uid+ user+ allow-0rtt alpn+ ca-file+ ca-ignore-err+ ca-sign-file+',
  'ca-sign-pass+ ca-verify-file+ ciphers+ ciphersuites+ crl-file+ crt+ crt-ignore-err+ crt-list+ curves+ ecdhe+ force-sslv3',
  'force-tlsv10 force-tlsv11 force-tlsv12 force-tlsv13 generate-certificates no-ca-names no-sslv3 no-tls-tickets no-tlsv10 no-tlsv11',
  'no-tlsv12 no-tlsv13 npn+ prefer-client-ciphers ssl-max-ver+ ssl-min-ver+ strict-sni tls-ticket-keys+ verify+ zzz',
);
const SERVER = list(
  'agent-addr+ agent-check agent-inter+ agent-port+ agent-send+ allow-0rtt alpn+ ca-file+ check-alpn+ check-proto+ check-send-proxy',
  'check-sni+ check-ssl check-via-socks4 ciphers+ ciphersuites+ cookie+ crl-file+ crt+ downinter+ error-limit+ force-sslv3',
  'force-tlsv10 force-tlsv11 force-tlsv12 force-tlsv13 id+ init-addr+ log-proto+ max-reuse+ maxqueue+ minconn+ namespace+',
  'no-ssl-reuse no-sslv3 no-tfo no-tls-tickets no-tlsv10 no-tlsv11 no-tlsv12 no-tlsv13 non-stick npn+ observe+ on-error+',
  'on-marked-down+ on-marked-up+ pool-low-conn+ pool-max-conn+ pool-purge-delay+ proto+ proxy-v2-options+ redir+ resolve-net+',
  'resolve-opts+ resolve-prefer+ resolvers+ rise+ slowstart+ sni+ source+ ssl-max-ver+ ssl-min-ver+ ssl-reuse stick tcp-ut+ tfo',
  'tls-tickets track+ usesrc+ verify+ verifyhost+ ws+ zzz',
);
/** Words that decide about the service or the server themselves. */
const REFUSING = {
  bind: list('ssl accept-proxy accept-netscaler-cip+'),
  server: list('ssl send-proxy send-proxy-v2 send-proxy-v2-ssl send-proxy-v2-ssl-cn socks4+'),
};

/** Of one section with these statements, the lines of the report of each. */
function linesOf(section: string, statements: readonly string[]): readonly (readonly ImportLine[])[] {
  const proxy = ['listen web', '  mode tcp', '  bind 192.0.2.1:80', '  server first 10.0.0.9:80'];
  const text = section === 'listen' ? [...proxy, ...statements] : [section, ...statements, ...proxy];
  const { lines } = importHaproxy('h.cfg', text.join('\n'), { method: 'masq', vips: [] });
  const before = section === 'listen' ? proxy.length : 1;
  return statements.map((_, index) => lines.filter(({ line }) => line === before + index + 1));
}

for (const [section, statements] of [
  ['global', GLOBAL],
  ['defaults', STATEMENTS],
  ['listen', STATEMENTS],
] as const)
  test(`${section}: each statement has a line`, () => {
    // `disabled` takes the proxy away: alone, then with all the others.
    for (const part of [statements.filter((each) => each !== 'disabled'), ['disabled', 'enabled']])
      linesOf(section, part).forEach((lines, index) => void assert.ok(lines.length > 0, part[index]));
  });

const statement = (kind: 'bind' | 'server', word: string): string =>
  `${kind === 'bind' ? 'bind 192.0.2.2:80' : 'server a 10.0.0.2:80'} ${word.replace('+', ' a-value')}`;

for (const [kind, words] of [
  ['bind', BIND],
  ['server', SERVER],
] as const)
  test(`${kind}: each word is named in a line, its value is none, and nothing is exact`, () => {
    for (const word of words) {
      const [lines = []] = linesOf('listen', [statement(kind, word)]);
      const name = word.replace('+', '');
      assert.ok(
        lines.some(({ consequence }) => consequence.startsWith(`${name}: `)),
        word,
      );
      assert.ok(!lines.some(({ status, consequence }) => status === 'exact' || consequence.includes('a-value')), word);
    }
    for (const word of REFUSING[kind]) {
      const [lines = []] = linesOf('listen', [statement(kind, word)]);
      assert.deepEqual(
        lines.map(({ status }) => status),
        ['refused'],
        word,
      );
    }
  });

test('words of default-server have lines of their own', () => {
  for (const word of SERVER) {
    const [lines = []] = linesOf('listen', [`default-server ${word.replace('+', ' a-value')}`]);
    assert.ok(
      lines.some(({ consequence }) => consequence.startsWith(word.replace('+', ': '))) ||
        lines.some(({ consequence }) => consequence.startsWith(`${word}: `)),
      word,
    );
  }
});
