// Services that need persistence and have none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destination, director, service } from '../../../../test/support/doctor-facts.js';
import { ip } from '../../../../test/support/ip.js';
import { diagnose } from '../../diagnose.js';
import type { ConnectionFacts, DirectorFacts, ServiceFact } from '../../facts.js';

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
  const marked = { ...service('10.5.0.9', 1, SERVERS, 'rr') };
  const mark: ServiceFact = { ...marked, spec: { ...marked.spec, key: { kind: 'fwmark', family: 'inet', mark: 3 } } };
  const count = { halfOpen: 0, others: 1, over: false };
  const connections = (server: string, ...ports: readonly number[]): ConnectionFacts => ({
    ...director.connections,
    destinations: ports.map((port) => ({
      ...count,
      virtual: { address: ip('10.5.0.9'), port },
      destination: { address: ip(server), port },
    })) as ConnectionFacts['destinations'],
  });
  const of = (more: readonly ServiceFact[], server: string, ...ports: readonly number[]) =>
    codes({ services: [mark, ...more], connections: connections(server, ...ports) });
  assert.deepEqual(of([], '10.5.0.51', 80), []);
  assert.deepEqual(of([], '10.5.0.51', 443, 80), ['info ports-without-persistence']);
  assert.match(found({ services: [mark], connections: connections('10.5.0.51', 443, 80) })[0]?.what ?? '', /ports 80, 443 .* by FWM 3/);
  assert.deepEqual(of([], '10.5.0.51', 21, 40000), ['warning ftp-without-persistence']);
  assert.deepEqual(of([], '10.5.0.52', 80, 443), [], "another service's server");
  assert.deepEqual(of([service('10.5.0.9', 443, SERVERS)], '10.5.0.51', 80, 443), [], 'an exact service has the other port');
  const second: ServiceFact = { ...mark, spec: { ...mark.spec, key: { kind: 'fwmark', family: 'inet', mark: 4 } } };
  assert.deepEqual(of([second], '10.5.0.51', 80, 443), [], 'which mark they have is not known');
  assert.deepEqual(codes({ services: [persistent(mark)], connections: connections('10.5.0.51', 80, 443) }), []);
});
