// weir explain of addresses that are switched by content: what it prints is what the program then does, for SYNs, first requests and later segments.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explanationText } from '../../src/cli/explain/explanation-text.js';
import { writeOuts } from '../../src/datapath/ebpf/switch/switch-outs.js';
import { isWeirError } from '../../src/model/errors/weir-error.js';
import type { Explanation } from '../../src/report/explain/explanation.js';
import { type Asked, explainLive } from '../../src/report/explain/live-probe.js';
import { observedReader } from '../../src/report/observed-reader.js';
import { skipReason } from './bed.js';
import { at, endOf } from './fixtures/bed-addresses.js';
import { TC } from './run.js';
import { CLIENT, CONFIG, FIRST, freshPort, greeted, ONE, request, SECOND, type SwitchBed, switchBed, TWO } from './switch-bed.js';

const skip = skipReason();
const TLS = '10.0.1.101:443';
const ANY = '10.0.1.101:81';
const WITH_TLS = CONFIG.replace(
  '  pools:',
  `    tls: { listen: "${TLS}", tls: { certificates: [{ ssl_certificate: t.pem, ssl_certificate_key: t.key }] } }\n    any: ${ANY}\n  pools:`,
)
  .concat('    - { server_name: [t.example], listen: tls, passthrough: two, locations: [{ location: /, pool: one }] }\n')
  .concat(`    - { server_name: [a.example], listen: any, locations: [{ location: /, pool: one }] }
    - { default_server: true, listen: any, way: switch, locations: [{ location: /, pool: two }] }
`);
const theBed = (): SwitchBed => switchBed(WITH_TLS);

function explain(from: string, to: string, more: Partial<Asked> = {}): Explanation {
  const end = (text: string) => at(endOf(text).address, endOf(text).port);
  const reader = observedReader();
  try {
    return explainLive(reader, { protocol: 'tcp', from: end(from), to: end(to), device: 'front', mark: 0, ttl: 64, ...more });
  } finally {
    reader.close();
  }
}

/** The server that the program sends a first request to; undefined: it is the proxy's. */
function decided(bed: SwitchBed, listener: string, host: string, path: string): string | undefined {
  const { from, cookie } = greeted(bed, listener);
  const segment = { sequence: 5001, acknowledgement: (cookie + 1) >>> 0, payload: request(host, path) };
  const { code, to } = bed.fromClient(from, listener, 'PA', segment);
  assert.ok(code === TC.redirect || code === TC.ok);
  return code === TC.redirect ? to : undefined;
}

const REQUESTS = [
  [FIRST, 'a.example', '/'],
  [FIRST, 'A.Example:80', '/two/x?y=//'],
  [FIRST, 'a.example', '/two'],
  [FIRST, 'a.example', '/twofold'],
  [FIRST, 'a.example', '/two/%41'],
  [FIRST, 'a.example', '/x/../two/'],
  [FIRST, 'a.example', `/${'long/'.repeat(60)}`],
  [FIRST, 'a.example', 'http://a.example/'],
  [FIRST, 'a.example.', '/'],
  [FIRST, 'b.example', '/'],
  [FIRST, 'n'.repeat(64), '/'],
  [FIRST, 'a.example:123456', '/'],
  [SECOND, 'a.example', '/two/'],
  [SECOND, 'b.example', '/'],
  [ANY, 'x.example', '/'],
  [ANY, '10.0.1.101:81', '/'],
  [ANY, 'x.example.', '/'],
  [ANY, 'a.example', '/'],
] as const;

test('a first request goes where its explanation has it', { skip }, () => {
  const bed = theBed();
  const servers = REQUESTS.map(([listener, host, path]) => {
    const { verdict, becomes, switched } = explain(`${CLIENT}:${freshPort()}`, listener, { request: { host, path } });
    assert.equal(verdict === 'proxied', switched?.undecided !== null, `${host}${path}`);
    return verdict === 'forwarded' ? becomes?.to : verdict;
  });
  assert.deepEqual(
    servers,
    REQUESTS.map(([listener, host, path]) => decided(bed, listener, host, path) ?? 'proxied'),
  );
  assert.deepEqual(servers.slice(-4), [`${TWO}:80`, `${TWO}:80`, 'proxied', 'proxied']);
  assert.deepEqual([...new Set(servers)].sort(), [`${ONE}:80`, `${TWO}:80`, 'proxied'].sort());
});

test('its rules are printed, that which matches first', { skip }, () => {
  theBed();
  const text = explanationText(explain(`${CLIENT}:9`, FIRST, { request: { host: 'a.example', path: '/two/x' } }));
  assert.match(text, /^verdict {5}forwarded$/m);
  assert.match(text, /^because {5}a new connection, by its first request$/m);
  assert.match(text, /^switched {4}by the first request of a connection\n {2}matches {3}a\.example \/two\/ +10\.0\.2\.12:80\n {2}rule/m);
  assert.match(text, /^ {2}rule {6}a\.example \/ +10\.0\.2\.11:80$/m);
  assert.match(text, /^ {2}rule {6}a\.example = \/two +the proxy$/m);
  assert.match(text, /^ {2}not {7}10\.0\.2\.11:80 .*: not in the pool of the rule$/m);
});

test('a server that is down is marked in each rule, also where no request is asked about', { skip }, () => {
  const bed = theBed();
  writeOuts(bed.bed.folder, [at(TWO, 80)], undefined);
  try {
    const text = explanationText(explain(`${CLIENT}:${freshPort()}`, FIRST));
    assert.match(text, /^ {2}rule {6}a\.example \/two\/ +10\.0\.2\.12:80 \(down, by checks\)$/m);
    assert.match(text, /^ {2}rule {6}a\.example \/ +10\.0\.2\.11:80$/m);
  } finally {
    writeOuts(bed.bed.folder, [], undefined);
  }
});

test('of TLS the name decides, and no path', { skip }, () => {
  theBed();
  const asked = (host: string, path: string) => explain(`${CLIENT}:${freshPort()}`, TLS, { request: { host, path } });
  for (const path of ['/', '/%2e', '']) assert.equal(asked('T.example', path).becomes?.to, `${TWO}:80`);
  for (const host of ['t.example:443', 'a.example', '']) assert.equal(asked(host, '/').verdict, 'proxied');
  assert.match(
    explanationText(asked('t.example', '/')),
    /^switched {4}by the name that TLS asks for\n {2}matches {3}t\.example +10\.0\.2\.12:80$/m,
  );
});

test('a SYN is answered, a later segment goes by its connection, and one of none is reset', { skip }, () => {
  const bed = theBed();
  const { verdict, why, becomes, scheduled } = explain(`${CLIENT}:${freshPort()}`, FIRST);
  assert.deepEqual([verdict, becomes, scheduled], ['handshake', null, null]);
  assert.match(why, /the first request chooses the server/);
  assert.equal(explain('127.0.0.1:7', FIRST).verdict, 'dropped');

  const { from, cookie } = greeted(bed, FIRST);
  const acknowledgement = (cookie + 1) >>> 0;
  bed.fromClient(from, FIRST, 'PA', { sequence: 5001, acknowledgement, payload: request() });
  assert.match(explain(from, FIRST).uncertain.join(), /has not answered yet/);
  bed.fromServer(`${ONE}:80`, from, 'SA', { sequence: 77, acknowledgement: 5001 });
  const later = explain(from, FIRST, { request: { host: 'a.example', path: '/two/' } });
  assert.deepEqual([later.verdict, later.becomes?.to], ['forwarded', `${ONE}:80`]);
  assert.match(later.uncertain.join(), /later requests are not looked at/);
  assert.equal(bed.fromClient(from, FIRST, 'PA', { sequence: 5100, acknowledgement, payload: request() }).code, TC.unspec);
});

test("where no server of the pool takes connections a request is the proxy's; a request to another address is refused", { skip }, () => {
  const bed = theBed();
  const { director } = bed.bed;
  const service = director.services().find(({ spec: { key } }) => key.kind === 'address' && key.port === 8080) ?? assert.fail('a service');
  const { spec } =
    service.destinations.find((each) => each.spec.address.words[0] === at(TWO, 80).address.words[0]) ?? assert.fail('its server');
  director.editDestination(service.spec.key, { ...spec, weight: 0 });
  try {
    const { verdict, why } = explain(`${CLIENT}:${freshPort()}`, SECOND, { request: { host: 'a.example', path: '/' } });
    assert.deepEqual([verdict, why], ['proxied', 'no server of the pool takes connections']);
    assert.equal(decided(bed, SECOND, 'a.example', '/'), undefined);
  } finally {
    director.editDestination(service.spec.key, spec);
  }
  assert.throws(
    () => explain(`${CLIENT}:9`, '10.0.1.101:9', { request: { host: 'a.example', path: '/' } }),
    (error: unknown) => isWeirError(error, 'explain-not-switched'),
  );
});
