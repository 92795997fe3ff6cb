// haproxy.cfg → services: proxies of mode tcp, with what becomes of each statement. Its texts are taken by `haproxy -c` (oracle: haproxy.judge).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress, parseAddress } from '../../model/address-text.js';
import { endpointText } from '../../model/endpoint-text.js';
import { serviceWord } from '../../model/service-word.js';
import { importHaproxy } from './haproxy.js';
import { haproxyWords } from './haproxy-sections.js';
import type { Imported, ImportOptions } from './imported.js';

const vip = parseAddress('192.0.2.1') ?? assert.fail();
const imported = (lines: readonly string[], options: Partial<ImportOptions> = {}): Imported =>
  importHaproxy('h.cfg', lines.join('\n'), { method: 'masq', vips: [], ...options });
const became = ({ lines }: Imported): readonly string[] => lines.map((each) => `${each.line} ${each.status} ${each.became}`.trim());
const servers = ({ services }: Imported, at = 0): readonly string[] =>
  (services[at]?.destinations ?? []).map(({ spec }) => `${endpointText(spec)} ${spec.method} ${spec.weight} ${spec.upperThreshold}`);

test('words end at blanks, unless quotes or backslashes keep them', () => {
  assert.deepEqual(haproxyWords('  server a\\ b "c d"\'e "f\' g # comment'), ['server', 'a b', 'c de "f', 'g']);
  assert.deepEqual(haproxyWords('# all'), []);
  assert.deepEqual(haproxyWords('x "" y'), ['x', '', 'y']);
});

test('a listen section with servers, a backup and checks', () => {
  const all = imported([
    'defaults',
    '  mode tcp',
    '  timeout client 30s',
    '  default-server inter 5s fall 4',
    'listen web',
    '  bind 192.0.2.1:80,[2001:db8::1]:80',
    '  balance leastconn',
    '  stick-table type ip size 200k expire 30m',
    '  stick on src',
    '  option httpchk GET /up',
    '  http-check send hdr Host www.example.com',
    '  server a 10.0.0.2:8080 check weight 10 maxconn 100',
    '  server b 10.0.0.3:8080 check port 9000 disabled',
    '  server c 10.0.0.4:8080 backup',
    '  server d web4:8080',
    '  timeout server 1m',
  ]);
  assert.deepEqual(
    all.services.map(({ spec }) => [serviceWord(spec.key), spec.scheduler, spec.persistence?.timeout]),
    [['tcp:192.0.2.1:80', 'wlc', 1800]],
    'packets keep their family',
  );
  assert.deepEqual(servers(all), ['10.0.0.2:8080 masq 10 100', '10.0.0.3:8080 masq 0 0']);
  const [service] = all.services;
  assert.equal(service?.checkInterval, 5);
  assert.equal(service?.sorry && endpointText(service.sorry), '10.0.0.4:8080');
  assert.deepEqual(service?.destinations[1]?.check, {
    keyword: 'HTTP_GET',
    rows: [
      { keyword: 'url', rows: ['path /up', 'status_code 200-399'] },
      'virtualhost www.example.com',
      'connect_port 9000',
      'retry 3',
      'delay_before_retry 5',
    ],
  });
  assert.deepEqual(became(all), [
    '2 equivalent tcp',
    '3 lost',
    '4 equivalent words of each server',
    '5 approximated packets go on as they are',
    '6 equivalent tcp:192.0.2.1:80',
    '6 refused',
    '7 equivalent wlc',
    '8 equivalent the time of persistence',
    '9 equivalent persistence of 1800 s',
    '10 equivalent HTTP_GET',
    '11 equivalent HTTP_GET',
    '12 approximated upper_threshold 100',
    '12 refused',
    '13 equivalent weight 0',
    '13 refused',
    '14 equivalent weight 1',
    '14 refused',
    '15 refused',
    '16 lost',
  ]);
});

test('where and how servers are checked is kept', () => {
  const all = imported([
    'listen web',
    '  bind 192.0.2.1:99',
    '  timeout check 4s',
    '  option httpchk GET /up HTTP/1.1\\r\\nHost:\\ www.example.com',
    '  http-check expect status 200,204,300-310',
    '  server a 10.0.0.2:99 check port 8080 addr 10.0.0.31 maxqueue 5 inter 9s fastinter 1s',
    '  server b 10.0.0.3:99 check check-ssl verify required',
    '  server c 10.0.0.4:99 check inter 3s',
    '  server d 10.0.0.5:99 weight 7',
  ]);
  const head = [{ keyword: 'url', rows: ['path /up', 'status_code 200 204 300-310'] }, 'virtualhost www.example.com'];
  const [a, b, c] = all.services[0]?.destinations ?? [];
  assert.deepEqual(a?.check, {
    keyword: 'HTTP_GET',
    rows: [
      ...head,
      ...['connect_ip 10.0.0.31', 'connect_port 8080', 'connect_timeout 4', 'delay_loop 9', 'retry 2', 'delay_before_retry 1'],
    ],
  });
  assert.deepEqual(b?.check, {
    keyword: 'SSL_GET',
    rows: [...head, 'connect_timeout 4', 'delay_loop 2', 'retry 2', 'delay_before_retry 2'],
  });
  assert.deepEqual(c?.check, { keyword: 'HTTP_GET', rows: [...head, 'connect_timeout 4', 'retry 2', 'delay_before_retry 3'] });
  assert.deepEqual(became(all).slice(-6), [
    '6 equivalent weight 1',
    '6 lost',
    '7 equivalent weight 1',
    '7 lost',
    '8 equivalent weight 1',
    '9 exact weight 7',
  ]);
});

test('what a frontend has of a backend decides nothing, and of two lines the last one counts', () => {
  const all = imported([
    ...['defaults one', '  mode tcp', '  balance source', '  timeout check 3s'],
    ...['defaults two', '  mode tcp', '  balance leastconn', '  http-check expect status 200'],
    ...['frontend f from one', '  bind 192.0.2.1:80', '  default_backend q'],
    ...['backend q from two', '  balance roundrobin', '  option tcp-check', '  server a 10.0.0.2:80 check'],
  ]);
  assert.equal(all.services[0]?.spec.scheduler, 'wrr');
  assert.deepEqual(all.services[0]?.destinations[0]?.check, { keyword: 'TCP_CHECK', rows: ['retry 2', 'delay_before_retry 2'] });
  const reasons = all.lines.filter(({ became: what }) => what === 'nothing').map(({ line, consequence }) => `${line} ${consequence}`);
  assert.deepEqual(reasons, [
    '3 no packet goes another way for it',
    '4 no packet goes another way for it',
    '7 another line has its place',
    '8 health checks are of another kind',
  ]);
});

test('no service is made of a proxy that is disabled; no variable is filled in', () => {
  const all = imported([
    ...['listen one', '  disabled', '  bind 192.0.2.1:80', '  server a 10.0.0.2:80'],
    ...['listen two', '  bind 192.0.2.1:81', '  server a "${A}:80"', '  server b 10.0.0.3', '  bind "$A:80"'],
  ]);
  assert.deepEqual(
    all.services.map(({ spec }) => serviceWord(spec.key)),
    ['tcp:192.0.2.1:81'],
  );
  assert.deepEqual(
    all.lines.filter(({ consequence }) => /disabled|variables/.test(consequence)).map(({ line, status }) => `${line} ${status}`),
    ['1 equivalent', '7 refused', '9 refused'],
  );
});

test('no service is made whose servers are all refused: it would refuse the clients that are served now', () => {
  for (const server of ['web1:80', '${A}:80', '10.0.0.2:80 ssl', '224.0.0.1', '255.255.255.255:80', '0.0.0.0']) {
    const all = imported(['listen web', '  bind 192.0.2.1:80', `  server a ${server}`]);
    const refused = all.lines.filter(({ status }) => status === 'refused').map(({ line }) => line);
    assert.deepEqual([all.services, refused], [[], [2, 3]], server);
  }
  assert.deepEqual(servers(imported(['listen web', '  bind 192.0.2.1:80', '  balance constructor', '  server a 10.0.0.2'])), [
    '10.0.0.2:80 masq 1 0',
  ]);
});

test('a frontend goes to its default backend; what reads requests or ends connections is refused', () => {
  const all = imported(
    [
      'defaults base',
      '  mode http',
      'defaults plain from base',
      '  mode tcp',
      'frontend one from plain',
      '  bind *:443',
      '  bind :8443 ssl crt /etc/x.pem',
      '  use_backend other if { req.ssl_sni -i a }',
      '  default_backend pool',
      'frontend two from base',
      '  bind *:80',
      'backend pool from plain',
      '  balance source',
      '  hash-type consistent',
      '  server a 10.0.0.2',
      '  server b 10.0.0.3:443 ssl verify none',
      'backend other from plain',
      '  server z 10.0.0.9:1',
    ],
    { vips: [vip], method: 'route' },
  );
  assert.deepEqual(
    all.services.map(({ spec }) => [serviceWord(spec.key), spec.scheduler]),
    [['tcp:192.0.2.1:443', 'mh']],
  );
  assert.deepEqual(servers(all), ['10.0.0.2:443 route 1 0']);
  assert.deepEqual(became(all), [
    '2 equivalent nothing',
    '4 equivalent tcp',
    '5 approximated packets go on as they are',
    '6 equivalent tcp:192.0.2.1:443',
    '7 refused',
    '8 refused',
    '9 equivalent pool',
    '10 refused',
    '13 equivalent mh',
    '14 equivalent mh',
    '15 exact weight 1',
    '16 refused',
    '17 lost',
  ]);
  assert.ok(all.hosts.includes(`server 10.0.0.2: weir realserver start --mode dr --vip ${formatAddress(vip)}`));
});

test('a place that is all addresses needs --vip; ports come in ranges; DR cannot change them', () => {
  const lines = ['listen x', '  bind :80', '  bind 192.0.2.7:8000-8002', '  server a 10.0.0.2:80'];
  assert.deepEqual(
    imported(lines).services.map(({ spec }) => serviceWord(spec.key)),
    ['tcp:192.0.2.7:8000', 'tcp:192.0.2.7:8001', 'tcp:192.0.2.7:8002'],
  );
  assert.match(imported(lines).lines.find(({ status }) => status === 'refused')?.hint ?? '', /--vip/);
  const byDr = imported(lines, { method: 'route' });
  assert.ok(byDr.services.every(({ destinations }) => destinations.length === 0));
});

test('lines of one server share its connections; no condition is looked at', () => {
  const all = imported([
    'listen web',
    '  mode tcp',
    '  bind 192.0.2.1:80',
    '  server a 10.0.0.2:80 weight 200 maxconn 10',
    '.if defined(SECOND)',
    '  server b 10.0.0.2:80 weight 256 maxconn 5',
    '.endif',
    '  server c 10.0.0.3:80',
  ]);
  assert.deepEqual(servers(all), ['10.0.0.2:80 masq 456 15', '10.0.0.3:80 masq 1 0']);
  assert.deepEqual(
    all.lines.filter(({ consequence }) => consequence.startsWith('no condition')).map(({ line, status }) => `${line} ${status}`),
    ['5 approximated', '7 approximated'],
  );
});

test('clients stay by rules that store their address and look for it, whichever of them is the last', () => {
  const heads = ['listen web', '  mode tcp', '  bind 192.0.2.1:80', '  server a 10.0.0.2:80', '  stick-table type ip size 10k expire 10m'];
  const stays = (...rules: readonly string[]): readonly (number | string | undefined)[] => {
    const all = imported([...heads, ...rules.map((rule) => `  stick ${rule}`)]);
    return [all.services[0]?.spec.persistence?.timeout, ...became(all).slice(heads.length)];
  };
  const kept = 'equivalent persistence of 600 s';
  assert.deepEqual(stays('match src', 'store-request src'), [600, `6 ${kept}`, `7 ${kept}`]);
  assert.deepEqual(stays('on src', 'on hdr(host)'), [600, `6 ${kept}`, '7 lost']);
  assert.deepEqual(stays('store-request src table web'), [undefined, '6 lost']);
  assert.deepEqual(stays('match src', 'store-request dst'), [undefined, '6 lost', '7 lost']);
  assert.deepEqual(stays('on src if FALSE'), [undefined, '6 lost']);
});

const HEADERS = [
  'listen web',
  '  mode tcp',
  '  bind 192.0.2.1:80',
  '  option httpchk GET /up',
  '  server a 10.0.0.2:8080 check send-proxy-v2 proxy-v2-options crc32c',
  '  server b 10.0.0.3:8080 check port 81 send-proxy-v2',
  '  server c 10.0.0.4:8080 send-proxy',
  '  server d 10.0.0.5:8080 backup',
];

test('send-proxy-v2 is the header that FULLNAT sends; by other methods its line names FULLNAT', () => {
  const local = parseAddress('10.9.0.1') ?? assert.fail();
  const all = imported(HEADERS, { method: 'fullnat', localAddresses: [local] });
  const [service] = all.services;
  const specs = [...(service?.destinations ?? []).map(({ spec }) => spec), ...(service?.sorry === undefined ? [] : [service.sorry])];
  assert.deepEqual(
    specs.map((spec) => `${endpointText(spec)} ${spec.method} ${spec.localAddresses?.map(formatAddress).join()} ${spec.clientAddress}`),
    ['10.0.0.2:8080 fullnat 10.9.0.1 proxy', '10.0.0.3:8080 fullnat 10.9.0.1 proxy', '10.0.0.5:8080 fullnat 10.9.0.1 undefined'],
  );
  // Checks have no header: a server that wants one answers no request at that port.
  const checks = service?.destinations.map(({ check }) => check !== true && check.keyword);
  assert.deepEqual(checks, ['TCP_CHECK', 'HTTP_GET']);
  assert.deepEqual(
    all.lines.filter(({ line, status }) => line > 4 && status !== 'equivalent').map(({ line, status }) => `${line} ${status}`),
    ['5 lost', '5 approximated', '7 refused'],
  );
  const shared = imported(['listen web', '  default-server send-proxy-v2 proxy-v2-options crc32c', ...HEADERS.slice(1)], {
    ...{ method: 'fullnat', localAddresses: [local] },
  });
  assert.deepEqual(
    shared.lines.filter(({ line, status }) => line === 2 && status !== 'equivalent').map(({ status }) => status),
    ['lost'],
  );
  assert.equal(shared.services[0]?.sorry?.clientAddress, 'proxy');
  assert.ok(all.hosts.includes('director: the local address 10.9.0.1 is on one of its interfaces'));

  const byMasq = imported(HEADERS).lines.filter(({ status }) => status === 'refused');
  assert.deepEqual(
    byMasq.map(({ line, hint }) => `${line} ${/--method fullnat/.test(hint ?? '')}`),
    ['5 true', '6 true', '7 true'],
  );
});

test('a backup server has its line of what must be changed on it; FULLNAT needs a local address of the family', () => {
  assert.ok(imported(HEADERS).hosts.includes('server 10.0.0.5: answers to clients must come back through the director (its gateway)'));
  const six = parseAddress('2001:db8::9') ?? assert.fail();
  const none = imported(HEADERS.slice(0, 5), { method: 'fullnat', localAddresses: [six] });
  assert.deepEqual(servers(none), []);
  assert.match(
    none.lines.find(({ line, status }) => line === 5 && status === 'refused')?.consequence ?? '',
    /FULLNAT needs a local address of IPv4/,
  );
});
