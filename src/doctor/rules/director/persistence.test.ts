// Services that need persistence and have none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destination, director, service } from '../../../../test/support/doctor-facts.js';
import { ip } from '../../../../test/support/ip.js';
import { diagnose } from '../../diagnose.js';
import type { DirectorFacts, ServiceFact } from '../../facts.js';

const SERVERS = [destination('10.5.0.51', 0, 'route')];
const persistence = { timeout: 300, netmask: 0xffffffff } as const;
const persistent = (one: ServiceFact): ServiceFact => ({ ...one, spec: { ...one.spec, persistence } });
const found = (change: Partial<DirectorFacts>) =>
  diagnose({ ...director, connects: [], handovers: [], ...change }).filter(({ code }) => code.endsWith('-without-persistence'));
const codes = (change: Partial<DirectorFacts>) => found(change).map(({ severity, code }) => `${severity} ${code}`);

test('FTP without persistence, and a service of port 0', () => {
  const ftp = service('10.5.0.9', 21, SERVERS, 'rr');
  const [finding, ...more] = found({ services: [ftp] });
  assert.deepEqual([finding?.severity, finding?.code, more], ['warning', 'ftp-without-persistence', []]);
  assert.equal(finding?.fix, 'ipvsadm -E -t 10.5.0.9:21 -s rr -p 300');
  assert.deepEqual(codes({ services: [persistent(ftp)] }), []);
  const udp = { ...ftp, spec: { ...ftp.spec, key: { ...ftp.spec.key, protocol: 'udp' } } } as ServiceFact;
  assert.deepEqual(codes({ services: [udp] }), [], 'not FTP');
  const six = found({ services: [service('2001:db8::9', 21, [destination('2001:db8::51', 21, 'route')], 'rr')] });
  assert.equal(six[0]?.fix, 'ipvsadm -E -t [2001:db8::9]:21 -s rr -p 300');
  const all = service('10.5.0.9', 0, SERVERS);
  assert.deepEqual(codes({ services: [all] }), ['warning ports-without-persistence']);
  assert.deepEqual(codes({ services: [persistent(all)] }), []);
});

test('a mark without persistence: what its connections show', () => {
  const marked = service('10.5.0.9', 1, SERVERS, 'rr');
  const mark: ServiceFact = { ...marked, spec: { ...marked.spec, key: { kind: 'fwmark', family: 'inet', mark: 3 } } };
  const of = (...ports: readonly number[]) => ({ services: [{ ...mark, ports }] });
  assert.deepEqual(codes({ services: [mark] }), []);
  assert.deepEqual(codes(of(80)), []);
  assert.deepEqual(codes(of(80, 443)), ['info ports-without-persistence']);
  assert.match(found(of(80, 443))[0]?.what ?? '', /ports 80, 443 .* by FWM 3/);
  assert.deepEqual(codes(of(21, 40000)), ['warning ftp-without-persistence']);
  assert.deepEqual(codes({ services: [persistent({ ...mark, ports: [80, 443] })] }), []);
});

test("connections of other services with a mark's servers are not the mark's", () => {
  const marked = service('10.5.0.9', 1, SERVERS, 'rr');
  const mark: ServiceFact = { ...marked, spec: { ...marked.spec, key: { kind: 'fwmark', family: 'inet', mark: 3 } }, ports: [80] };
  const place = { halfOpen: 0, others: 1, over: false, destination: { address: ip('10.5.0.51'), port: 80 } };
  const destinations = [80, 8080, 0].map((port) => ({ ...place, virtual: { address: ip('10.5.0.9'), port } }));
  assert.deepEqual(codes({ services: [mark], connections: { ...director.connections, destinations } }), []);
});
