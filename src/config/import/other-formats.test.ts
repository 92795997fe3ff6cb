// nginx's block `stream`, objects of Kubernetes, loxilb's rules, a kernel's /proc/net/ip_vs → services.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noStats } from '../../datapath/memory/memory-director.js';
import { endpointText } from '../../model/endpoint-text.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import { servicesFile } from '../../model/proc-text.js';
import { serviceWord } from '../../model/service-word.js';
import type { Imported, ImportOptions } from './imported.js';
import { importKubernetes } from './kubernetes.js';
import { importLoxilb } from './loxilb.js';
import { importNginxStream } from './nginx-stream.js';
import { importProc } from './proc.js';

const options: ImportOptions = { method: 'masq', vips: [] };
const table = ({ services }: Imported): readonly string[] =>
  services.map(({ spec, destinations, sorry }) => {
    const servers = destinations.map((each) => `${endpointText(each.spec)} ${each.spec.method} ${each.spec.weight}`);
    return [
      `${serviceWord(spec.key)} ${spec.scheduler}${spec.persistence === undefined ? '' : ` ${spec.persistence.timeout}`}`,
      ...servers,
      ...(sorry === undefined ? [] : [`sorry ${endpointText(sorry)}`]),
    ].join(', ');
  });
const lossy = ({ lines }: Imported): readonly string[] =>
  lines.filter(({ status }) => status !== 'exact' && status !== 'equivalent').map(({ line, status, text }) => `${line} ${status} ${text}`);

const nginx = (...lines: readonly string[]): Imported =>
  importNginxStream({ file: 'n.conf', text: lines.join('\n') }, () => undefined, options);

test('nginx: upstreams and servers of TCP and UDP', () => {
  const all = nginx(
    'events {}',
    'http { server { listen 80; } }',
    'stream {',
    '  upstream dns { hash $remote_addr consistent; server 10.0.0.2:5353 weight=3; server 10.0.0.3:5353 down; server 10.0.0.4:53 backup; }',
    '  upstream odd { hash $ssl_preread_server_name; server web:80; server 10.0.0.5:80 max_conns=50 max_fails=2; }',
    '  server { listen 192.0.2.1:53 udp; proxy_pass dns; proxy_timeout 3s; }',
    '  server { listen [2001:db8::1]:80; proxy_pass [2001:db8::2]:8080; }',
    '  server { listen 192.0.2.1:80; proxy_pass odd; }',
    '  server { listen 192.0.2.1:443 ssl; proxy_pass dns; }',
    '  server { listen 12345; proxy_pass dns; }',
    '  server { listen 192.0.2.1:99; ssl_preread on; proxy_pass dns; }',
    '}',
  );
  assert.deepEqual(table(all), [
    'udp:192.0.2.1:53 mh, 10.0.0.2:5353 masq 3, 10.0.0.3:5353 masq 0, sorry 10.0.0.4:53',
    'tcp:[2001:db8::1]:80 wrr, [2001:db8::2]:8080 masq 1',
    'tcp:192.0.2.1:80 wlc, 10.0.0.5:80 masq 1',
  ]);
  assert.deepEqual(lossy(all), [
    '2 lost http',
    '5 approximated hash $ssl_preread_server_name',
    '5 refused server web:80',
    '5 approximated server 10.0.0.5:80 max_conns=50 max_fails=2',
    '5 approximated server 10.0.0.5:80 max_conns=50 max_fails=2',
    '6 lost proxy_timeout 3s',
    '6 approximated listen 192.0.2.1:53 udp',
    '7 approximated listen [2001:db8::1]:80',
    '8 approximated listen 192.0.2.1:80',
    '9 refused listen 192.0.2.1:443 ssl',
    '10 refused listen 12345',
    '11 refused ssl_preread on',
  ]);
});

test('nginx: no statement of the file, and no word of a listen or a server, is left out silently', () => {
  const all = nginx(
    'worker_processes 4;',
    'mail { auth_http 127.0.0.1:9000; }',
    'stream {',
    '  upstream a { hash $binary_remote_addr; server 10.0.0.2:80 weight=0 max_conns=0; server 10.0.0.3:80 drain; zone a 64k; }',
    '  server { listen 192.0.2.1:80 reuseport proxy_protocol; proxy_pass a; }',
    '  server { proxy_pass a; }',
    '  map $x $y { default 1; }',
    '}',
  );
  assert.deepEqual(table(all), ['tcp:192.0.2.1:80 sh, 10.0.0.2:80 masq 1, 10.0.0.3:80 masq 1']);
  assert.deepEqual(lossy(all), [
    '2 lost mail',
    '4 approximated server 10.0.0.2:80 weight=0 max_conns=0',
    '4 lost server 10.0.0.3:80 drain',
    '4 lost zone a 64k',
    '5 lost listen 192.0.2.1:80 reuseport proxy_protocol',
    '5 approximated listen 192.0.2.1:80 reuseport proxy_protocol',
    '6 refused server',
    '7 lost map $x $y',
  ]);
  assert.deepEqual(
    all.lines.filter(({ line }) => line === 1).map(({ status }) => status),
    ['equivalent'],
  );
});

test('nginx: each word of a server has a line that is true of it', () => {
  const all = nginx(
    'stream {',
    '  upstream a { server 10.0.0.2:80 resolve slow_start=30s; server web:80; server $name:80; server unix:/run/x; server 10.0.0.3; server 10.0.0.4:80 weight=3; }',
    '  server { listen 192.0.2.1:80; proxy_pass a; }',
    '  server { listen 192.0.2.1:81-82; proxy_pass 10.0.0.5:$server_port; }',
    '  server { listen 192.0.2.1:83; proxy_pass $target; }',
    '}',
  );
  assert.deepEqual(table(all), [
    'tcp:192.0.2.1:80 wrr, 10.0.0.2:80 masq 1, 10.0.0.4:80 masq 3',
    'tcp:192.0.2.1:81 wrr, 10.0.0.5:81 masq 1',
    'tcp:192.0.2.1:82 wrr, 10.0.0.5:82 masq 1',
  ]);
  const words = all.lines.filter(({ line, text }) => line === 2 || text.startsWith('proxy_pass'));
  assert.deepEqual(
    words.map(({ status, became, consequence }) => [status, became, consequence].join(' ')),
    [
      'equivalent weight 1 ',
      'approximated  slow_start=30s: a server that comes back has its whole share, unless slow_start is set',
      'equivalent nothing resolve: a server that is named by its address is not looked up',
      'refused  web:80 gets no connections: names are not looked up',
      'refused  $name:80 gets no connections: variables are not filled in',
      'refused  unix:/run/x gets no connections: it is a socket of this host, to which no packets go',
      'refused  10.0.0.3 gets no connections: it has no port',
      'exact weight 3 ',
      'refused  $target gets no connections: variables are not filled in',
    ],
  );
});

const SERVICE = `apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, annotations: {x.example/y: "1"}}
spec:
  type: LoadBalancer
  clusterIP: 10.96.0.10
  externalIPs: [192.0.2.9]
  sessionAffinity: ClientIP
  ports:
    - {name: http, port: 80, protocol: TCP, targetPort: 8080}
    - {name: dns, port: 53, protocol: UDP}
status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}
`;
const SLICE = `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: 8080, protocol: TCP}]
endpoints:
  - {addresses: [10.0.0.2], conditions: {ready: true}}
  - {addresses: [10.0.0.3], conditions: {ready: false, serving: true, terminating: true}}
  - {addresses: [10.0.0.4], conditions: {ready: false}}
`;

test('Kubernetes: a service with its slices, as documents and as a list', () => {
  const expected = [
    'tcp:192.0.2.1:80 rr 10800, 10.0.0.2:8080 masq 1, 10.0.0.3:8080 masq 0',
    'udp:192.0.2.1:53 rr 10800',
    'tcp:192.0.2.9:80 rr 10800, 10.0.0.2:8080 masq 1, 10.0.0.3:8080 masq 0',
    'udp:192.0.2.9:53 rr 10800',
  ];
  const all = importKubernetes('k.yaml', `${SERVICE}---\n${SLICE}---\nkind: ConfigMap\nmetadata: {name: c}\n`, options);
  assert.deepEqual(table(all), expected);
  // Twice: a port without an endpoint, at each of two addresses.
  const without = '1 approximated Service shop/web';
  assert.deepEqual(lossy(all), ['1 lost x.example/y', without, without, '1 lost clusterIP 10.96.0.10', '24 lost ConfigMap default/c']);
  const items = [SERVICE, SLICE].map((text) => text.trimEnd().replace(/^/gm, '    ').replace(/^ {4}/, '  - '));
  assert.deepEqual(table(importKubernetes('k.yaml', `kind: List\nitems:\n${items.join('\n')}\n`, options)), expected);
});

test('Kubernetes: text that is no YAML, aliases and services without an address are refused', () => {
  const isSyntax = (error: unknown): boolean => isWeirError(error, 'import-syntax');
  assert.throws(() => importKubernetes('k', 'a: [', options), isSyntax);
  assert.throws(() => importKubernetes('k', 'a: &x [1]\nb: *x\n', options), isSyntax);
  const headless = importKubernetes('k', 'kind: Service\nmetadata: {name: a}\nspec: {clusterIP: None, ports: [{port: 1}]}\n', options);
  assert.deepEqual([headless.services, lossy(headless)], [[], ['1 refused Service default/a']]);
  for (const text of ['', '3', 'null', '[]', 'kind: 7', 'kind: Service\nspec: 5']) importKubernetes('k', text, options);
});

test('loxilb: rules with their endpoints', () => {
  const rule = (serviceArguments: object, ...endpoints: readonly object[]) => ({ serviceArguments, endpoints });
  const all = importLoxilb(
    'l.json',
    JSON.stringify({
      lbAttr: [
        rule(
          { externalIP: '192.0.2.1', port: 80, protocol: 'tcp', sel: 2, mode: 3, monitor: true, probetype: 'http', probereq: 'up' },
          { endpointIP: '10.0.0.2', targetPort: 8080, weight: 4 },
        ),
        rule(
          { externalIP: '192.0.2.1', port: 5000, portMax: 5001, protocol: 'udp', sel: 3, mode: 0 },
          { endpointIP: '10.0.0.3', targetPort: 6000, weight: 1 },
        ),
        rule({ externalIP: '192.0.2.1', port: 443, protocol: 'tcp', mode: 4 }, { endpointIP: '10.0.0.3', targetPort: 443 }),
        rule({ externalIP: '192.0.2.1', port: 1000, portMax: 60_000, protocol: 'tcp' }, { endpointIP: '10.0.0.3', targetPort: 1 }),
        rule(
          { externalIP: '192.0.2.2', port: 99, protocol: 'sctp', sel: 1, mode: 2, inactiveTimeOut: 5 },
          { endpointIP: 'x', targetPort: 1 },
        ),
      ],
    }),
  );
  assert.deepEqual(table(all), [
    'tcp:192.0.2.1:80 wrr, 10.0.0.2:80 route 4',
    'udp:192.0.2.1:5000 rr 10800, 10.0.0.3:6000 masq 1',
    'udp:192.0.2.1:5001 rr 10800, 10.0.0.3:6000 masq 1',
    'sctp:192.0.2.2:99 mh',
  ]);
  assert.deepEqual(lossy(all), [
    '3 refused tcp 192.0.2.1:443',
    '4 refused tcp 192.0.2.1:1000',
    '5 approximated sctp 192.0.2.2:99',
    '5 approximated sctp 192.0.2.2:99',
    '5 lost sctp 192.0.2.2:99 inactiveTimeOut',
    '5 refused sctp 192.0.2.2:99',
  ]);
  for (const text of ['{}', '[]', '7', '{"lbAttr":[1,null,{"serviceArguments":[]}]}']) assert.deepEqual(table(importLoxilb('l', text)), []);
  assert.throws(
    () => importLoxilb('l', '{'),
    (error) => isWeirError(error, 'import-syntax'),
  );
});

test('/proc/net/ip_vs: what weir prints of a table is read as the same', () => {
  const all = nginx(
    'stream { server { listen 192.0.2.1:53 udp; proxy_pass 10.0.0.2:53; } server { listen [2001:db8::1]:80; proxy_pass [2001:db8::2]:81; } }',
  );
  const entries = all.services.map(({ spec, destinations }, index) => ({
    spec: index === 0 ? { ...spec, persistence: { timeout: 300, netmask: 0xffffff00 } } : spec,
    stats: noStats,
    destinations: destinations.map((each) => ({ spec: each.spec, active: 0, inactive: 0, persistent: 0, stats: noStats })),
  }));
  const read = importProc('/proc/net/ip_vs', [...servicesFile([1, 2, 1], 4096, entries)].join(''));
  assert.deepEqual(table(read).toSorted(), [
    'tcp:[2001:db8::1]:80 wrr, [2001:db8::2]:81 masq 1',
    'udp:192.0.2.1:53 wrr 300, 10.0.0.2:53 masq 1',
  ]);
  assert.equal(read.services.find(({ spec }) => spec.persistence !== undefined)?.spec.persistence?.netmask, 0xffffff00);
  assert.throws(
    () => importProc('f', 'something'),
    (error) => isWeirError(error, 'import-syntax'),
  );
});

test('a server that stands there twice is one server of its service, in each format', () => {
  const proxied = nginx(
    'stream {',
    '  upstream a { server 10.0.0.2:80 weight=5 max_conns=10; server 10.0.0.3:80; server 10.0.0.2:80 max_conns=20; }',
    '  server { listen 192.0.2.1:80; proxy_pass a; }',
    '}',
  );
  // nginx gives each of the two lines its share.
  assert.deepEqual(table(proxied), ['tcp:192.0.2.1:80 wrr, 10.0.0.2:80 masq 6, 10.0.0.3:80 masq 1']);
  assert.equal(proxied.services[0]?.destinations[0]?.spec.upperThreshold, 30);
  const endpoint = (endpointIP: string, weight: number) => ({ endpointIP, targetPort: 80, weight });
  const rule = {
    serviceArguments: { externalIP: '192.0.2.1', port: 80, protocol: 'tcp', sel: 0, mode: 0 },
    endpoints: [endpoint('10.0.0.2', 1), endpoint('10.0.0.2', 3)],
  };
  const loxilb = importLoxilb('l.json', JSON.stringify({ lbAttr: [rule] }));
  assert.deepEqual(table(loxilb), ['tcp:192.0.2.1:80 rr, 10.0.0.2:80 masq 1']);
  assert.deepEqual(lossy(loxilb), ['1 approximated 10.0.0.2:80']);
});

test('kubernetes: an endpoint that moves between slices is one server; what is not made a server has a line', () => {
  const slice = (name: string, type: string, endpoints: string): string => `---
kind: EndpointSlice
metadata: {name: ${name}, labels: {kubernetes.io/service-name: web}}
addressType: ${type}
ports: [{name: http, port: 8080}]
endpoints: [${endpoints}]
`;
  const imported = importKubernetes(
    'k.yaml',
    `kind: Service
metadata: {name: web, annotations: {a.example/x: "1", b.example/y: "2"}}
spec: {clusterIP: 10.96.0.1, externalIPs: [192.0.2.1], ports: [{name: http, port: 80, nodePort: 30080}, {name: dns, port: 53, protocol: UDP}]}
${slice('one', 'IPv4', '{addresses: [10.1.0.2], conditions: {ready: false, serving: true, terminating: true}}, {addresses: [10.1.0.3], conditions: {ready: false}}')}${slice(
  'two',
  'IPv4',
  '{addresses: [10.1.0.2]}',
)}${slice('six', 'IPv6', '{addresses: ["2001:db8::2"]}')}${slice('names', 'FQDN', '{addresses: [a.example]}')}`,
    options,
  );
  assert.deepEqual(table(imported), ['tcp:192.0.2.1:80 rr, 10.1.0.2:8080 masq 1', 'udp:192.0.2.1:53 rr']);
  assert.deepEqual(
    lossy(imported).map((line) => line.replace(/^\d+ /, '')),
    [
      'lost a.example/x',
      'lost b.example/y',
      'approximated Service default/web',
      'lost nodePort 30080',
      'lost clusterIP 10.96.0.1',
      'lost EndpointSlice default/six',
      'refused EndpointSlice default/names',
    ],
  );
});

test('nginx: the line about max_fails names the check that servers of each protocol get', () => {
  const { services, lines } = nginx(
    'stream { upstream a { server 10.0.0.2:53 max_fails=2; } server { listen 192.0.2.1:53 udp; proxy_pass a; } }',
  );
  const [check] = services.flatMap(({ destinations }) => destinations.map((one) => one.check));
  assert.ok(typeof check === 'object' && check.keyword === 'PING_CHECK');
  assert.equal(lines.find(({ consequence }) => consequence.startsWith('max_fails'))?.became, 'TCP_CHECK, PING_CHECK of UDP');
});
