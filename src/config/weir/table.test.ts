// The sections of layer 4: what is written is read as the same, and what is wrong is reported with its place.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuTimeMs } from '../../../test/support/cpu-time.js';
import { ip } from '../../../test/support/ip.js';
import fc from '../../../test/support/properties.js';
import { tables } from '../../../test/support/table-generators.js';
import type { DestinationSpec } from '../../model/service.js';
import type { TableDocument } from '../../model/table-document.js';
import { faultText, readWeirFile } from './read.js';
import { writeTable } from './write-table.js';

const faultsOf = (text: string): readonly string[] => readWeirFile(text).faults.map((fault) => faultText('w', fault));

function read(text: string): TableDocument {
  assert.deepEqual(faultsOf(text), []);
  const { table } = readWeirFile(text).file;
  assert.ok(table !== undefined);
  return table;
}

test('every table is read as it was written', () => {
  const seconds = fc.constantFrom(0, 1, 60, 900, 2_678_400);
  fc.assert(
    fc.property(tables, fc.record({ tcp: seconds, tcpFin: seconds, udp: seconds }, { noNullPrototype: true }), (services, timeouts) => {
      assert.deepEqual(read(writeTable({ services, timeouts })), { services, timeouts });
    }),
  );
});

const one = (service: string): TableDocument => read(`services: {"tcp:192.0.2.1:80": ${service}}`);
const serversOf = (service: string): readonly Partial<DestinationSpec>[] =>
  (one(service).services?.[0]?.destinations ?? []).map(({ address: _address, port: _port, ...rest }) => rest);

test('a service has defaults, and its servers have what stands in it', () => {
  assert.deepEqual(one('{}').services, [
    {
      spec: {
        key: { kind: 'address', protocol: 'tcp', address: ip('192.0.2.1'), port: 80 },
        scheduler: 'wlc',
        schedFlags: 0,
        onePacket: false,
      },
      destinations: [],
    },
  ]);
  const plain = { weight: 1, upperThreshold: 0, lowerThreshold: 0 };
  const ipip = { type: 'ipip', port: 0, checksum: 'nocsum' };
  const gue = { type: 'gue', port: 6080, checksum: 'csum' };
  assert.deepEqual(
    serversOf(
      '{method: tunnel, tunnel: {type: gue, port: 6080, checksum: csum}, servers: [10.0.0.2:80, {address: 10.0.0.3:80, method: route}]}',
    ),
    [
      { ...plain, method: 'tunnel', tunnel: gue },
      { ...plain, method: 'route', tunnel: ipip },
    ],
  );
  assert.deepEqual(serversOf('{servers: 10.0.0.2:80}'), [{ ...plain, method: 'masq', tunnel: ipip }]);
});

test('persistence: a time, a mask of either form, an engine', () => {
  const persistenceOf = (text: string) => one(`{persistence: ${text}}`).services?.[0]?.spec.persistence;
  assert.deepEqual(persistenceOf('10m'), { timeout: 600, netmask: 0xffff_ffff });
  assert.deepEqual(persistenceOf('{netmask: 24}'), { timeout: 360, netmask: 0xffff_ff00 });
  assert.deepEqual(persistenceOf('{netmask: 255.0.255.0, engine: sip, timeout: 1}'), { timeout: 1, netmask: 0xff00_ff00, engine: 'sip' });
});

const inService = (lines: string): readonly string[] => faultsOf(`services:\n  tcp:192.0.2.1:80:\n${lines}`);
const fixOf = (lines: string): string => inService(lines).join('; ');

test('what does not go together is an error at its place', () => {
  assert.equal(fixOf('    sheduler: rr'), 'w:3:5: unknown key sheduler — fix: did you mean scheduler?');
  assert.equal(
    fixOf('    scheduler: wwrr'),
    'w:3:16: expected one of rr, wrr, lc, wlc, lblc, lblcr, sh, mh, dh, fo, ovf, sed, nq, twos, none, not "wwrr" — fix: did you mean wrr?',
  );
  assert.match(
    fixOf('    scheduler: sh\n    flags: [mh-port]'),
    /^w:4:12: expected flags of sh \(sh-fallback, sh-port, flag-1, flag-2, flag-3\), not mh-port$/,
  );
  assert.equal(fixOf('    one_packet: true'), 'w:3:5: one_packet goes with services of UDP and of marks only, not with tcp');
  assert.equal(fixOf('    servers: [10.0.0.2:80, "10.0.0.2:80"]'), 'w:3:28: the server 10.0.0.2:80 is there twice');
  assert.equal(fixOf('    servers: ["[2001:db8::2]:80"]'), 'w:3:15: only a tunnel leads to a destination of another address family');
  assert.equal(
    fixOf('    servers: [{address: 10.0.0.2:80, tunnel: {type: gre}}]'),
    'w:3:46: tunnel goes with method tunnel only, not with masq',
  );
  assert.equal(fixOf('    method: tunnel\n    tunnel: {type: gue}\n    servers: 10.0.0.2:80'), 'w:5:14: a GUE tunnel needs a port');
  assert.equal(fixOf('    servers: [{address: 10.0.0.2:80, lower_threshold: 2}]'), 'w:3:15: the lower threshold is above the upper one');
  assert.match(
    fixOf('    servers: [{address: 10.0.0.2:80, weight: 1e99}]'),
    /^w:3:46: expected a whole number from 0 to 2147483647, not 1e\+99$/,
  );
  assert.match(fixOf('    servers: [web1:80]'), /^w:3:15: expected an address, with its port or without/);
  assert.match(fixOf('    persistence: {netmask: 33}'), /^w:3:28: expected the length of a prefix from 1 to 32, or a mask, not 33$/);
  assert.match(fixOf('    persistence: 32d'), /^w:3:18: expected a time in whole seconds from 1s to 31d/);
  assert.match(fixOf('    persistence: 1500ms'), /^w:3:18: expected a time in whole seconds/);
});

test('a server without a port has that of its service, and only NAT changes it', () => {
  const portsOf = (text: string) => read(text).services?.[0]?.destinations.map(({ port }) => port);
  assert.deepEqual(portsOf('services: {"tcp:192.0.2.1:80": {servers: [10.0.0.2, 10.0.0.3:81]}}'), [80, 81]);
  assert.deepEqual(portsOf('services: {"mark:1": {method: route, servers: [10.0.0.2, 10.0.0.3:81]}}'), [0, 81]);
  assert.deepEqual(faultsOf('services: {"tcp:192.0.2.1:80": {method: route, servers: [10.0.0.3:81]}}'), [
    "w:1:58: method route cannot change the port of a packet — fix: leave the port out, or write the service's: 80",
  ]);
});

test('services that are none, or there twice in other words', () => {
  const two = 'services:\n  tcp:[2001:db8::1]:80: {}\n  tcp:[2001:DB8:0::1]:80: {}\n';
  assert.deepEqual(faultsOf(two), ['w:3:3: the service tcp:[2001:db8::1]:80 is there twice']);
  assert.match(String(faultsOf('services: {"tcp:web:80": {}}')), /^w:1:12: expected a service as tcp:192\.0\.2\.1:80/);
  assert.match(String(faultsOf('services: {web: {}}')), /^w:1:12: expected a name as/);
  assert.match(String(faultsOf('services: {"tcp:192.0.2.1:0": {}}')), /persistence is needed for a service of all ports/);
  assert.deepEqual(faultsOf('services: {"mark:0": {}}').length, 1);
  assert.match(
    String(
      faultsOf('services: {"udp:192.0.2.1:53": {one_packet: true, method: fullnat, local_addresses: 10.0.0.1, servers: 10.0.0.2:53}}'),
    ),
    /single packets/,
  );
});

test('hostile texts are refused with a place, and take no time', () => {
  const deep = `services: ${'['.repeat(100_000)}`;
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...Array.from({ length: 20 }, (_, n) => `b${n}: &b${n} [${'*a,'.repeat(9)}*a]`),
    'services: *b19',
  ].join('\n');
  for (const text of [
    deep,
    bomb,
    `services: {"tcp:192.0.2.1:80": {servers: [${'9'.repeat(100_000)}]}}`,
    'services: {\0: 1}',
    '%YAML 9\n---\nservices: !!python/object {}',
  ]) {
    let faults: readonly string[] = [];
    const took = cpuTimeMs(() => {
      faults = faultsOf(text);
    });
    assert.ok(
      faults.length > 0 && faults.every((fault) => /^w:\d+:\d+: ./.test(fault) && fault.length < 500),
      String(faults).slice(0, 300),
    );
    assert.ok(took < 5000, `${took} ms`);
  }
  assert.match(
    String(faultsOf('services:\n  tcp:192.0.2.1:80: {}\n  tcp:192.0.2.1:80: {}\n')),
    /^w:3:3: this is no YAML: Map keys must be unique/,
  );
  assert.match(String(faultsOf('services: {"tcp:192.0.2.1:80": {weight: 1, weight: 2}}')), /unique/);
});

const checkedOf = (text: string) => {
  assert.deepEqual(faultsOf(text), []);
  return readWeirFile(text).file.checked ?? [];
};

test('services with checks are the virtual servers of a keepalived.conf, with forwarding of their own', () => {
  const [web, fullnat, marked] = checkedOf(`services:
  tcp:192.0.2.1:80:
    scheduler: wrr
    method: route
    checks: {delay_loop: 5, quorum: 2, inhibit_on_failure: true, HTTP_GET: {url: {path: /health, status_code: 200}}}
    servers: [10.0.0.2, {address: 10.0.0.3, weight: 2, checks: {TCP_CHECK: {connect_timeout: 1}}}]
    sorry_server: {address: 10.0.0.9, method: tunnel}
  tcp:192.0.2.1:81: {method: fullnat, local_addresses: 10.0.0.100, servers: {address: 10.0.0.2:8080, checks: {TCP_CHECK: }}}
  mark6:5: {scheduler: none, checks: {PING_CHECK: }, method: route, servers: "2001:db8::2"}
  udp:192.0.2.1:53: {servers: 10.0.0.2}
`);
  const seen = web?.realServers.map(({ method, weight, inhibitOnFailure, checkers }) => ({
    ...{ method, weight, inhibitOnFailure },
    checks: checkers.map(({ check, timing }) => [check.kind, timing.delayLoopUs / 1e6, timing.connectTimeoutUs / 1e6]),
  }));
  assert.deepEqual(seen, [
    { method: 'route', weight: 1, inhibitOnFailure: true, checks: [['http', 5, 5]] },
    { method: 'route', weight: 2, inhibitOnFailure: true, checks: [['tcp', 5, 1]] },
  ]);
  assert.deepEqual([web?.scheduler, web?.quorum, web?.sorryServer?.method], ['wrr', 2, 'tunnel']);
  assert.deepEqual(fullnat?.realServers[0]?.localAddresses, [ip('10.0.0.100')]);
  assert.deepEqual([marked?.scheduler, marked?.target], ['none', { kind: 'service', key: { kind: 'fwmark', family: 'inet6', mark: 5 } }]);
});

test('checks that cannot be used are errors at their places', () => {
  assert.match(fixOf('    checks: {delay_loop: 5}\n    servers: 10.0.0.2'), /^w:3:13: there is no check — fix: TCP_CHECK: \{\}$/);
  assert.match(fixOf('    checks: {HTP_GET: }\n    servers: 10.0.0.2'), /w:3:14: unknown key HTP_GET — fix: did you mean HTTP_GET\?/);
  assert.match(fixOf('    checks: {TCP_CHECK: }'), /servers is needed for checks/);
  assert.match(fixOf('    servers: 10.0.0.2\n    sorry_server: 10.0.0.3'), /^w:4:19: checks is needed for a sorry_server$/);
  assert.match(fixOf('    checks: {TCP_CHECK: , quorum: 9}\n    servers: 10.0.0.2'), /^w:3:5: .*quorum 9/);
  assert.equal(fixOf('    checks: {TCP_CHECK: }\n    servers: [{address: 10.0.0.2, weight: 0}, {address: 10.0.0.3, weight: 0}]'), '');
  assert.match(fixOf('    checks: {TCP_CHECK: , quorum: 2}\n    servers: [10.0.0.2, {address: 10.0.0.3, weight: 0}]'), /quorum 2/);
  assert.match(fixOf('    checks: {FILE_CHECK: {track_file: x}}\n    servers: 10.0.0.2'), /unknown key FILE_CHECK/);
});
