// Rows of services and servers: their state, the last check, failures, and how long they were down.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  someAttempts,
  someDrain,
  someHealth,
  someOverride,
  someReal,
  someServer,
  someService,
  someVirtual,
} from '../../test/support/dashboard-values.js';
import type { Drain, Override, RealHealth, Server } from './api-values.js';
import { holdsBy } from './holds.js';
import { deviation, isTroubled, type ServerRow, serviceIdOf, serviceRows, weightText, whyTroubled } from './server-rows.js';

const ID = '10.0.0.2:80';
const NOW = Date.UTC(2026, 10, 27, 12);
const HOUR_BEFORE = '2026-11-27T11:00:00.000Z';

function rowOf(server: Server | undefined, real: RealHealth | undefined): ServerRow {
  const checks = real && { virtual_servers: [someVirtual([real])] };
  const [found] = serviceRows({ services: [someService(server === undefined ? [] : [server])] }, checks, NOW);
  assert.equal(found?.servers.length, 1);
  return found.servers[0]!;
}

const failed = (check: string, reason: string) => ({ check, reason, since: HOUR_BEFORE });
const health = (given: Partial<typeof someHealth>): Partial<Server> => ({ health: { ...someHealth, ...given } });

test('a state follows from health and weight: maintenance before down before weight 0', () => {
  const state = (given: Partial<Server>): string => rowOf(someServer(ID, given), undefined).state;
  assert.equal(state({}), 'up');
  assert.equal(state({ weight: 0, effective_weight: 0 }), 'draining');
  assert.equal(state({ draining: true, effective_weight: 0 }), 'draining');
  assert.equal(state({ draining: true, weight: 9, effective_weight: 3 }), 'up', 'an override gives it another weight');
  assert.equal(state({ ...health({ up: false }), effective_weight: 0 }), 'down');
  assert.equal(state(health({ up: false, maintenance: true })), 'maintenance');
  assert.equal(state({ health: null }), 'unchecked');
  assert.equal(state(health({ checks: 0 })), 'unchecked');
  assert.equal(state(health({ unchecked: 1 })), 'starting');
  assert.equal(rowOf(undefined, someReal(ID, { up: false })).state, 'down');
  assert.equal(rowOf(undefined, someReal(ID, { up: false, maintained: true })).state, 'maintenance');
  assert.deepEqual([isTroubled({ state: 'draining' }), isTroubled({ state: 'starting' })], [true, false]);
});

test('the last check is its name, its time and what came of it; a server that no daemon checks has none', () => {
  const text = (given: Partial<Server>, real: Partial<RealHealth>): string => rowOf(someServer(ID, given), someReal(ID, real)).lastCheck;
  assert.equal(text({}, { attempts: someAttempts() }), 'TCP_CHECK 3.1 ms');
  assert.equal(
    text({}, { attempts: someAttempts({ check: 'HTTP_GET', text: 'status 200', seconds: 0.25 }) }),
    'HTTP_GET 250 ms: status 200',
  );
  assert.equal(text({}, { attempts: null }), 'passed');
  assert.equal(text({ health: null }, { attempts: someAttempts() }), '');
});

test('a check that fails has its reason, also where the server is not down yet', () => {
  const refused = someAttempts({ result: 'failure', text: 'connection refused' });
  const text = (given: Partial<Server>, attempts = refused): string => rowOf(someServer(ID, given), someReal(ID, { attempts })).lastCheck;
  assert.equal(text({}), 'TCP_CHECK 3.1 ms: connection refused');
  assert.equal(text({}, someAttempts({ result: 'failure' })), 'TCP_CHECK 3.1 ms: failure');
  const down = health({ up: false, failed: [failed('TCP_CHECK', 'connection refused')] });
  assert.equal(text(down), 'TCP_CHECK 3.1 ms: connection refused');
  assert.equal(text(down, someAttempts({ check: 'PING_CHECK' })), 'PING_CHECK 3.1 ms: TCP_CHECK connection refused');
  const twice = health({ up: false, failed: [failed('TCP_CHECK', 'connection refused'), failed('MISC_CHECK', '')] });
  assert.equal(text(twice), 'TCP_CHECK 3.1 ms: connection refused; MISC_CHECK');
});

test('a server that health checks took out of the table stands there with why, and without counters', () => {
  const attempts = someAttempts({ result: 'failure', text: 'timeout' });
  const row = rowOf(undefined, someReal(ID, { up: false, since: HOUR_BEFORE, timesDown: 2, downUs: 30_000_000, attempts }));
  assert.deepEqual(
    [row.id, row.since, row.lastCheck, row.failures, row.timesDown, row.downSeconds, row.server],
    [ID, HOUR_BEFORE, 'TCP_CHECK 3.1 ms: timeout', 3, 2, 3630, undefined],
  );
  assert.equal(rowOf(undefined, someReal(ID, { up: false, failed: [failed('TCP_CHECK', 'timeout')] })).lastCheck, 'TCP_CHECK timeout');
});

test('one that is up and not in the table, as of a quorum that is lost, is no row', () => {
  const checks = { virtual_servers: [someVirtual([someReal(ID)])] };
  assert.deepEqual(serviceRows({ services: [someService([])] }, checks, NOW)[0]?.servers, []);
});

test('failed checks and downs are those of this server in this service', () => {
  const checks = {
    virtual_servers: [
      someVirtual([someReal(ID, { attempts: someAttempts() })], 'FWM 5'),
      someVirtual([someReal(ID, { attempts: { ...someAttempts(), failure: 8 } })]),
    ],
  };
  const services = [someService([someServer(ID)]), someService([someServer(ID)], { id: 'mark:5', mark: 5 })];
  assert.deepEqual(
    serviceRows({ services }, checks, NOW).map(({ servers }) => servers[0]?.failures),
    [8, 3],
  );
  assert.equal(rowOf(someServer(ID, { health: null }), undefined).failures, null);
  assert.equal(rowOf(someServer(ID, health({ times_down: 4 })), undefined).timesDown, 4);
});

test('downtime counts up to now while a server is down', () => {
  const down = (given: Partial<typeof someHealth>): number | null => rowOf(someServer(ID, health(given)), undefined).downSeconds;
  assert.equal(down({ down_seconds: 12, since: HOUR_BEFORE }), 12);
  assert.equal(down({ down_seconds: 12, since: HOUR_BEFORE, up: false }), 3612);
  assert.equal(down({ down_seconds: 12, since: null, up: false }), 12);
  assert.equal(rowOf(someServer(ID, { health: null }), undefined).downSeconds, null);
});

test('a service is down without its quorum or with no server up, and has weight 0 where all have', () => {
  const state = (servers: readonly Server[], given: Parameters<typeof someService>[1] = {}): string | undefined =>
    serviceRows({ services: [someService(servers, given)] }, undefined, NOW)[0]?.state;
  const [up, down, drained] = [someServer(ID), someServer(ID, health({ up: false })), someServer(ID, { effective_weight: 0 })];
  const quorum = { quorum_up: true, quorum: 1, weight: 1, sorry: false, suspended: false };
  assert.equal(state([up, down]), 'up');
  assert.equal(state([down, down]), 'down');
  assert.equal(state([down, drained]), 'draining');
  assert.equal(state([up], { health: { ...quorum, quorum_up: false } }), 'down');
  assert.equal(state([up], { health: { ...quorum, quorum_up: false, sorry: true } }), 'sorry');
  assert.equal(state([up], { health: null }), 'unchecked');
});

test('why no new connection reaches a server: its check, a drain, or its weight', () => {
  const down = someServer(ID, { ...health({ up: false, failed: [failed('TCP_CHECK', 'timeout')] }), draining: true });
  const why = (server: Server): string => whyTroubled(rowOf(server, undefined), NOW);
  assert.equal(why(down), 'TCP_CHECK timeout');
  assert.equal(why(someServer(ID, { draining: true, effective_weight: 0 })), 'a drain or an override holds it');
  assert.equal(why(someServer(ID, { weight: 0, effective_weight: 0 })), 'its weight is 0');
});

test('what holds a server is named, with since when; an override is no drain, and is the same in a service without checks', () => {
  const held = (given: Partial<Server>, drains: readonly Drain[], overrides: readonly Override[]) => {
    const server = someServer(ID, { draining: true, effective_weight: 0, ...given });
    const [found] = serviceRows({ services: [someService([server])] }, undefined, NOW, holdsBy({ drains }, { overrides }));
    const row = found!.servers[0]!;
    return [row.state, row.since, whyTroubled(row, NOW)];
  };
  const maintenance = someOverride('10.0.0.2', { until: '2026-11-27T14:00:00.000Z' });
  const shown = ['maintenance', maintenance.since, 'override, maintenance by root, 2h0m left: new disks'];
  assert.deepEqual(held({ health: null }, [], [maintenance]), shown);
  assert.deepEqual(held(health({ maintenance: true, since: HOUR_BEFORE }), [], [maintenance]), shown);
  const drain = { ...someDrain(ID), id: 'd1' };
  assert.deepEqual(held(health({ since: HOUR_BEFORE }), [drain], []), ['draining', drain.startedAt, 'drain d1: 12 left, 4m10s']);
  const both = held({}, [drain], [someOverride(ID, { state: 'drain' })]);
  assert.deepEqual(both, ['draining', drain.startedAt, 'drain d1: 12 left, 4m10s; override, drain by root: new disks']);
  assert.deepEqual(held(health({ since: HOUR_BEFORE }), [], [someOverride('10.0.0.9')]).slice(0, 2), ['draining', null]);
});

test('the id of a service by the name that keepalived has for it', () => {
  const names = ['[192.0.2.1]:tcp:80', '[2001:db8::1]:udp:53', 'FWM 5'];
  assert.deepEqual(names.map(serviceIdOf), ['tcp:192.0.2.1:80', 'udp:[2001:db8::1]:53', 'mark:5']);
});

test('a weight that packets do not find stands behind the one that they do', () => {
  const text = (weight: number, effective: number): string =>
    weightText(rowOf(someServer(ID, { weight, effective_weight: effective }), undefined));
  assert.deepEqual([text(3, 3), text(3, 0), weightText(rowOf(undefined, someReal(ID, { up: false })))], ['3', '0 / 3', '']);
});

test('a server stands out by how far it is from its part of the new connections, as weights in force have it', () => {
  const rated = (weight: number, connections: number, effective = weight) =>
    someServer(`10.0.0.${weight}:80`, {
      weight,
      effective_weight: effective,
      rates: { connections, packets_in: 0, packets_out: 0, bytes_in: 0, bytes_out: 0 },
    });
  const [rows] = serviceRows({ services: [someService([rated(1, 10), rated(3, 30), rated(4, 0)])] }, undefined, NOW);
  assert.deepEqual(rows?.servers.map(deviation), [1, 1, 1]);
  const [even] = serviceRows({ services: [someService([rated(1, 10), rated(3, 30)])] }, undefined, NOW);
  assert.deepEqual(even?.servers.map(deviation), [0, 0]);
  const [held] = serviceRows({ services: [someService([rated(1, 10), rated(3, 30), rated(4, 0, 0)])] }, undefined, NOW);
  assert.deepEqual(held?.servers.map(deviation), [0, 0, 0]);
  assert.equal(deviation(rowOf(undefined, someReal(ID, { up: false }))), 1);
});
