import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuTimeMs } from '../../../test/support/cpu-time.js';
import { read } from '../../../test/support/project.js';
import fc from '../../../test/support/properties.js';
import { defaultProxying } from '../../model/layer7/defaults.js';
import { templateText } from '../../model/layer7/template.js';
import { faultText, readWeirFile, weirFileSchema } from './read.js';
import { durationText, parseDuration, parseSize } from './units.js';
import { writeWeirFile } from './write.js';

const example = read('examples/layer7/weir.yaml');

const faultsOf = (text: string): readonly string[] => readWeirFile(text).faults.map((fault) => faultText('w', fault));

test('the example, from text to model and back', () => {
  const { file, faults } = readWeirFile(example);
  assert.deepEqual(faults, []);
  const { layer7 } = file;
  assert.ok(layer7 !== undefined);
  assert.deepEqual(
    layer7.pools.map(({ name, balance, servers }) => `${name} ${balance.kind} ${servers.length}`),
    ['pages round_robin 3', 'api least_conn 2', 'cached hash 2', 'chat round_robin 2'],
  );
  assert.deepEqual(
    layer7.hosts.map(({ listeners, defaultOn }) => [listeners, defaultOn]),
    [
      [
        ['web', 'behind_l4'],
        ['web', 'behind_l4'],
      ],
      [['web'], []],
    ],
  );
  const api = layer7.hosts[0]?.routes[1]?.proxying;
  assert.deepEqual(
    api?.requestFields.map(({ name, value }) => `${name}: ${templateText(value)}`),
    [
      'Host: ${http_host}',
      'X-Forwarded-For: ${proxy_add_x_forwarded_for}',
      'X-Forwarded-Proto: ${scheme}',
      'X-Request-Path: ${request_uri}',
    ],
  );
  assert.deepEqual([api?.timeouts.connectUs, api?.retry.tries, api?.timeouts.readUs], [2e6, 3, defaultProxying.timeouts.readUs]);
  assert.deepEqual(readWeirFile(writeWeirFile(layer7)), { file: { layer7 }, faults: [] });
});

test('all faults in one go, each with line, column, what was expected, and what was probably meant', () => {
  const text = `layer7:
  listeners:
    web: 192.0.2.1
  poools: {}
  pools:
    a:
      balance: least_con
      servers:
        - address: 10.0.0.1:80
          weight: 0
          fail_timeout: 10 seconds
          wieght: 3
        - 10.0.0.1:80
    b:
      balance: ip_hash
      servers: [10.0.0.2, {address: 10.0.0.3, backup: true}]
  hosts:
    - listen: wbe
      locations:
        - location: ~ (a)\\1
          pool: a
        - location: /x
          pool: aa
          redirect: {to: $schema}
        - pool: b
`;
  assert.deepEqual(faultsOf(text), [
    'w:3:10: expected an address with its port, such as 192.0.2.1:80 or [2001:db8::1]:80, not "192.0.2.1"',
    'w:4:3: unknown key poools — fix: did you mean pools?',
    'w:7:16: expected one of round_robin, least_conn, ip_hash, random, random two, not "least_con" — fix: did you mean least_conn?',
    'w:10:19: expected a whole number from 1 to 65535, not 0',
    'w:11:25: expected a time such as 10s, 500ms or 1m30s, not "10 seconds"',
    'w:12:11: unknown key wieght — fix: did you mean weight?',
    'w:13:11: the server 10.0.0.1:80 is there twice',
    'w:16:27: a backup server is only used with round_robin and least_conn, not with ip_hash',
    'w:18:15: there is no listener wbe — fix: did you mean web?',
    'w:20:21: this regular expression is not read: a back reference at character 4',
    'w:22:11: only one of pool, redirect and return can be given, and one must be',
    'w:23:17: there is no pool aa — fix: did you mean a?',
    'w:24:26: unknown variable $schema — fix: did you mean $scheme?',
    'w:25:11: location is missing',
  ]);
});

test('a server by a name: names are not looked up', () => {
  const text =
    'layer7:\n  listeners: {w: "192.0.2.1:80"}\n  pools: {a: {servers: ["backend1:9000"]}}\n  hosts: [{locations: [{location: /, pool: a}]}]\n';
  assert.match(faultsOf(text).join(), /^w:3:25: expected an address such as .* \(names are not looked up\), not "backend1:9000"/);
});

test('a file of very many keys is read in a time that goes with its size', () => {
  const keys = Array.from({ length: 40_000 }, (_, index) => `  k${index}: 1\n`);
  const servers = Array.from({ length: 20_000 }, (_, index) => `10.1.${index >> 8}.${index & 255}:80`);
  const took = cpuTimeMs(() => {
    assert.equal(faultsOf(`timeouts:\n${keys.join('')}`).length, keys.length);
    assert.match(faultsOf(`layer7: {pools: {a: {servers: [${servers.join(', ')}]}}}`).join('\n'), /listeners is missing/);
  });
  assert.ok(took < 9000, `${took} ms`);
});

test('what is no YAML of ours', () => {
  assert.match(faultsOf('layer7: [')[0] ?? '', /^w:1:\d+: this is no YAML: /);
  assert.match(faultsOf('a: 1\na: 2')[0] ?? '', /^w:2:1: this is no YAML: .*unique/);
  assert.match(faultsOf('a: {1: 1,\n "1": 2}')[0] ?? '', /^w:2:2: this is no YAML: .*unique/);
  assert.deepEqual(faultsOf('servces: 1'), ['w:1:1: unknown key servces — fix: did you mean services?']);
  assert.deepEqual(faultsOf(''), ['w:1:1: expected the sections of a weir.yaml, not nothing']);
  for (const conf of [
    'global_defs {\n router_id a\n}',
    '! my file\nvrrp_instance VI_1 {\n state MASTER\n}',
    '# a: b\nvirtual_server 1.2.3.4 80 {\n}\n',
  ])
    assert.match(faultsOf(conf).join('\n'), /^w:\d+:\d+: this is a keepalived\.conf, not a weir\.yaml — fix: weir plan -f FILE [^\n]*$/);
  assert.match(faultsOf('layer7: &a {listeners: *a}').join('\n'), /an anchor/);
  assert.match(faultsOf('layer7: !x 1').join('\n'), /w:1:/);
  for (const deep of ['['.repeat(101), '{a: '.repeat(1_000_000), '- '.repeat(150), `${' '.repeat(201)}a: b`])
    assert.match(faultsOf(deep)[0] ?? '', /nested more than 100 levels/, deep.slice(0, 4));
  assert.match(faultsOf(`layer7: ${'x'.repeat(5_000_000)}`)[0] ?? '', /more than/);
});

test('times and sizes', () => {
  assert.deepEqual(['90', '1m30s', '500ms', '0', '1d', '', 'x', '1s1m', '-1', '400d'].map(parseDuration), [
    90e6,
    90e6,
    5e5,
    0,
    86_400e6,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  assert.deepEqual(['1024', '8k', '1M', '2g', '1t', ''].map(parseSize), [1024, 8192, 1_048_576, 2 ** 31, undefined, undefined]);
  fc.assert(fc.property(fc.integer({ min: 0, max: 1e9 }), (ms) => assert.equal(parseDuration(durationText(ms * 1000)), ms * 1000)));
});

test('spoilt copies of the example are read or refused, with a place', () => {
  fc.assert(
    fc.property(fc.nat(example.length), fc.nat(20), fc.string({ maxLength: 8 }), (at, length, text) => {
      const spoilt = example.slice(0, at) + text + example.slice(at + length);
      for (const fault of readWeirFile(spoilt).faults) assert.match(faultText('w', fault), /^w:\d+:\d+: ./);
    }),
    { numRuns: 150 },
  );
});

test('a listener with what is no address has a fault at its place', () => {
  const { faults } = readWeirFile('layer7:\n  listeners: {web: "192.0.2.1(:80", api: {proxy_protocol_from: [10.0.0.0/8]}}\n');
  assert.ok(faults.length >= 2);
  for (const fault of faults) assert.match(faultText('w', fault), /^w:\d+:\d+: ./);
});

test('fields that each hop makes itself cannot be set, in requests and answers', () => {
  const faults = faultsOf(`layer7:
  listeners: {web: 192.0.2.1:80}
  pools: {a: {servers: ['10.0.0.2:80']}}
  hosts:
    - locations: [{location: /, pool: a, proxy_set_header: {Content-Length: "3", X-A: b}, add_header: {transfer-encoding: chunked}}]
`);
  assert.equal(faults.length, 2, faults.join('\n'));
  assert.match(faults[0] ?? '', /^w:5:\d+: expected none of connection, .*"Content-Length"/);
  assert.match(faults[1] ?? '', /^w:5:\d+: .*"transfer-encoding"/);
});

test('the schema names the keys of the example', () => {
  const schema = JSON.stringify(weirFileSchema);
  for (const key of ['layer7', 'listeners', 'proxy_next_upstream', 'fail_timeout', 'same_site'])
    assert.ok(schema.includes(`"${key}"`), key);
});

const withChecks = (checks: string): string =>
  `layer7:\n  listeners: {web: 192.0.2.1:80}\n  pools:\n    a:\n      servers: [10.0.0.2:80]\n      checks:\n${checks.replace(/^/gm, '        ')}\n  hosts: [{locations: [{location: /, pool: a}]}]\n`;

test("a pool's health checks are keepalived's: words, defaults, messages, and places of weir.yaml", () => {
  const { file, faults } = readWeirFile(
    withChecks(`delay_loop: 5
slow_start: 30
HTTP_GET:
  url:
  - {path: /health, status_code: 200 204}
  - {path: "/a b", regex: 'ok{1}'}
  fall: 2
MISC_CHECK: [{misc_path: /bin/check 10.0.0.2 -v, user: nobody}, {misc_path: /bin/other, misc_dynamic: true}]
TCP_CHECK:`),
  );
  assert.deepEqual(faults, []);
  const checks = file.layer7?.pools[0]?.checks;
  assert.deepEqual([checks?.slowStartUs, checks?.checkers.map(({ check }) => check.kind)], [30e6, ['http', 'tcp', 'misc', 'misc']]);
  const [http, tcp, misc, other] = checks?.checkers ?? [];
  assert.deepEqual(
    [http?.timing.delayLoopUs, http?.timing.fall, tcp?.timing.fall, tcp?.timing.connectTimeoutUs, http?.timing.delayBeforeRetryUs],
    [5e6, 2, 1, 5e6, 3e6],
  );
  assert.ok(http?.check.kind === 'http' && misc?.check.kind === 'misc' && other?.check.kind === 'misc');
  assert.deepEqual(
    http.check.urls.map(({ path, statusCodes, regex }) => [path, statusCodes, regex?.pattern]),
    [
      [
        '/health',
        [
          { from: 200, to: 200 },
          { from: 204, to: 204 },
        ],
        undefined,
      ],
      ['/a b', [{ from: 200, to: 299 }], 'ok{1}'],
    ],
  );
  assert.deepEqual(misc.check.script, {
    argv: ['/bin/check', '10.0.0.2', '-v'],
    text: '/bin/check 10.0.0.2 -v',
    runAs: { user: 'nobody' },
  });
  assert.deepEqual([other.check.script.argv, other.check.dynamic], [['/bin/other'], true]);
  assert.ok(file.layer7 !== undefined);
  assert.deepEqual(readWeirFile(writeWeirFile(file.layer7)).file.layer7, file.layer7);
  assert.deepEqual(faultsOf(withChecks('HTTP_GET: {url: {path: /, status: 200}}\ndelay_loop: soon\nVIP_CHECK: {}')), [
    'w:7:35: unknown key status — fix: one of path, digest, status_code, virtualhost, regex, regex_no_match, regex_options, regex_stack, regex_min_offset, regex_max_offset, tls_compliant',
    "w:8:21: invalid number 'soon' — fix: expected seconds, 0.000001 or more, without a unit",
    "w:8:21: real server delay_loop 'soon' invalid - ignoring — fix: expected seconds, 0.000001 or more, without a unit",
    'w:9:9: unknown key VIP_CHECK — fix: did you mean TCP_CHECK?',
  ]);
});
