// The plan of a document: it leads from any table to the document, and states what becomes of connections and persistence.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import fc from '../../../test/support/properties.js';
import { tables } from '../../../test/support/table-generators.js';
import { destinationId, serviceId } from '../../model/identity.js';
import type { VirtualServer } from '../../model/keepalived/virtual-server.js';
import { type DestinationSpec, PLAIN_TUNNEL, type ServiceKey } from '../../model/service.js';
import type { DocumentService } from '../../model/table-document.js';
import { CHANGE_KINDS, type DocumentPlan, type FileKind, type PlannedChange } from './document-plan.js';
import { documentPlanText } from './document-plan-text.js';
import { planDocument } from './plan-document.js';
import { NO_FACTS, type TableFacts } from './table-facts.js';

const presentOf = (services: readonly DocumentService[]): TableFacts['present'] =>
  new Map(services.map((service) => [serviceId(service.spec.key), service]));

const factsOf = (services: readonly DocumentService[], more: Partial<TableFacts> = {}): TableFacts => ({
  ...NO_FACTS,
  present: presentOf(services),
  timeouts: { tcp: 900, tcpFin: 120, udp: 300 },
  ...more,
});

/** The table after the steps of a plan. Each of them must be possible. */
function after(services: readonly DocumentService[], { steps }: DocumentPlan): readonly DocumentService[] {
  const table = new Map(
    services.map(({ spec, destinations }) => [
      serviceId(spec.key),
      { spec, servers: new Map(destinations.map((one) => [destinationId(one), one])) },
    ]),
  );
  const at = (key: ServiceKey) => {
    const service = table.get(serviceId(key));
    assert.ok(service !== undefined);
    return service;
  };
  for (const step of steps) {
    switch (step.kind) {
      case 'set-timeouts':
        break;
      case 'add-service':
        assert.ok(!table.has(serviceId(step.spec.key)));
        table.set(serviceId(step.spec.key), { spec: step.spec, servers: new Map() });
        break;
      case 'edit-service':
        table.set(serviceId(step.spec.key), { ...at(step.spec.key), spec: step.spec });
        break;
      case 'delete-service':
        assert.ok(table.delete(serviceId(step.key)));
        break;
      case 'delete-destination':
        assert.ok(at(step.service).servers.delete(destinationId(step.key)));
        break;
      default:
        assert.equal(at(step.service).servers.has(destinationId(step.spec)), step.kind === 'edit-destination');
        at(step.service).servers.set(destinationId(step.spec), step.spec);
    }
  }
  return [...table.values()].map(({ spec, servers }) => ({ spec, destinations: [...servers.values()] }));
}

const listed = (changes: readonly PlannedChange[]): readonly string[] =>
  changes.map(({ kind, service, server }) => [kind, service, server].filter((part) => part !== undefined).join(' '));

test('the steps of a plan make the table what the document states, whatever it was', () => {
  fc.assert(
    fc.property(tables, tables, (present, services) => {
      const plan = planDocument({ services }, factsOf(present));
      const next = after(present, plan);
      const again = planDocument({ services }, factsOf(next));
      assert.deepEqual([again.changes, again.base], [[], planDocument({ services }, factsOf(services)).base]);
      assert.deepEqual(new Set(next.map(({ spec }) => serviceId(spec.key))), new Set(services.map(({ spec }) => serviceId(spec.key))));
    }),
  );
});

test('only allowed kinds of changes are made, and the others are named', () => {
  fc.assert(
    fc.property(tables, tables, fc.subarray([...CHANGE_KINDS]), (present, services, kinds) => {
      const allow = new Set<FileKind>(kinds);
      const plan = planDocument({ services, timeouts: { tcp: 1, tcpFin: 0, udp: 0 } }, factsOf(present), { allow });
      assert.deepEqual(
        plan.changes.filter(({ kind }) => !allow.has(kind)),
        [],
      );
      assert.deepEqual(
        plan.withheld.filter(({ kind }) => allow.has(kind)),
        [],
      );
      after(present, plan);
      if (plan.withheld.length > 0 || allow.size === CHANGE_KINDS.length) return;
      assert.deepEqual(
        listed(plan.changes),
        listed(planDocument({ services, timeouts: { tcp: 1, tcpFin: 0, udp: 0 } }, factsOf(present)).changes),
      );
    }),
  );
});

const web: ServiceKey = { kind: 'address', protocol: 'tcp', address: ip('192.0.2.1'), port: 80 };
const dns: ServiceKey = { ...web, protocol: 'udp', port: 53 };
const server = (last: number, more: Partial<DestinationSpec> = {}): DestinationSpec => ({
  ...{ address: ip(`10.0.0.${last}`), port: 80, method: 'masq', weight: 1, upperThreshold: 0, lowerThreshold: 0, tunnel: PLAIN_TUNNEL },
  ...more,
});
const service = (
  key: ServiceKey,
  destinations: readonly DestinationSpec[],
  more: Partial<DocumentService['spec']> = {},
): DocumentService => ({
  spec: { key, scheduler: 'wrr', schedFlags: 0, onePacket: false, ...more },
  destinations,
});
const counts = (key: ServiceKey, ...of: readonly (readonly [last: number, count: number])[]): TableFacts['connections'] =>
  new Map([[serviceId(key), new Map(of.map(([last, count]) => [destinationId(server(last)), count]))]]);
const fate = ({ connections: { kept, moved, cut, resumed } }: DocumentPlan): readonly number[] => [kept, moved, cut, resumed];

test('connections of what stays are kept, those of a server that goes are cut, or move where datagrams may', () => {
  const present = [service(web, [server(2), server(3)])];
  const connections = counts(web, [2, 5], [3, 7]);
  const services = new Map([[serviceId(web), web]]);
  const facts = factsOf(present, { connections, services });
  const next = [service(web, [server(2, { weight: 9 }), server(4)], { scheduler: 'rr' })];
  const plan = planDocument({ services: next }, facts);
  assert.deepEqual(listed(plan.changes), [
    'edit-service tcp:192.0.2.1:80',
    'edit-destination tcp:192.0.2.1:80 10.0.0.2:80',
    'add-destination tcp:192.0.2.1:80 10.0.0.4:80',
    'delete-destination tcp:192.0.2.1:80 10.0.0.3:80',
  ]);
  assert.deepEqual(fate(plan), [5, 0, 7, 0]);
  assert.deepEqual(fate(planDocument({ services: [] }, facts)), [0, 0, 12, 0]);
  const udp = factsOf([service(dns, [server(2), server(3)])], {
    connections: counts(dns, [2, 5], [3, 7]),
    services: new Map([[serviceId(dns), dns]]),
    expireNodest: true,
  });
  assert.deepEqual(fate(planDocument({ services: [service(dns, [server(2)])] }, udp)), [5, 7, 0, 0]);
});

test('connections of servers that were removed before are cut by no plan, and counted apart', () => {
  const both = new Map([
    [serviceId(web), web],
    [serviceId(dns), dns],
  ]);
  const connections = new Map([...counts(web, [2, 3], [9, 4]), ...counts(dns, [2, 5])]);
  const facts = factsOf([service(web, [server(2)])], { connections, services: both });
  const next = planDocument({ services: [service(web, [server(2)], { scheduler: 'rr' })] }, facts);
  assert.deepEqual([fate(next), next.cutBefore, next.changes[0]?.connections.kept], [[3, 0, 0, 0], 9, 3]);
  assert.equal(
    documentPlanText(next, { all: false }).at(-1),
    'changes: 1 change; 3 live connections: 3 kept, 0 moved, 0 cut, 0 resumed; 9 more of removed servers were cut before',
  );
  const gone = planDocument({ services: [] }, facts);
  assert.deepEqual([fate(gone), gone.cutBefore, gone.changes[0]?.connections.cut], [[0, 0, 3, 0], 9, 3]);
  const back = planDocument({ services: [service(web, [server(2), server(9)])] }, facts);
  assert.deepEqual([fate(back), back.cutBefore], [[3, 0, 0, 4], 5]);
});

test('a service of others is listed once', () => {
  const owners = new Map([[serviceId(web), 'keepalived (process 7)']]);
  const facts = factsOf([service(web, [server(2)]), service(dns, [server(3)])], {
    owners,
    connections: counts(web, [2, 3]),
    services: new Map([[serviceId(web), web]]),
  });
  const plan = planDocument({ services: [] }, facts, { keepOthers: true });
  assert.deepEqual([plan.services, plan.others.map((one) => one.connections), fate(plan)], [[], [3, 0], [3, 0, 0, 0]]);
});

test('persistence templates end with their server, and all of them with another mask or engine', () => {
  const persistence = { timeout: 300, netmask: 0xffff_ffff };
  const present = [service(web, [server(2), server(3)], { persistence })];
  const facts = factsOf(present, { templates: counts(web, [2, 5], [3, 7]) });
  const templates = (destinations: readonly DestinationSpec[], next: typeof persistence | undefined): DocumentPlan['templates'] =>
    planDocument({ services: [service(web, destinations, next === undefined ? {} : { persistence: next })] }, facts).templates;
  const both = [server(2), server(3)];
  assert.deepEqual(templates(both, { ...persistence, timeout: 60 }), { kept: 12, ended: 0 });
  assert.deepEqual(templates([server(2)], persistence), { kept: 5, ended: 7 });
  assert.deepEqual(templates([server(2)], { ...persistence, netmask: 0xffff_ff00 }), { kept: 0, ended: 12 });
  assert.deepEqual(templates(both, undefined), { kept: 0, ended: 12 });
});

test('the text names what becomes of connections, of persistence and of hash slots', () => {
  const persistence = { timeout: 300, netmask: 0xffff_ffff };
  const present = [service(web, [server(2), server(3)], { scheduler: 'sh', persistence })];
  const facts = factsOf(present, {
    ...{ connections: counts(web, [2, 5], [3, 7]), services: new Map([[serviceId(web), web]]), templates: counts(web, [2, 1], [3, 4]) },
  });
  const plan = planDocument({ services: [service(web, [server(2), server(4)], { scheduler: 'sh', persistence })] }, facts);
  assert.deepEqual(documentPlanText(plan, { all: true }), [
    'services',
    '  = tcp:192.0.2.1:80 sh; 5 connections kept, 7 connections cut; 4 persistence templates ended; 100.0% of the hash slots get another server',
    '    - 10.0.0.3:80 Masq, weight 1; 7 connections cut: their packets are dropped until the server is back',
    '    = 10.0.0.2:80 Masq, weight 1; 5 connections kept',
    '    + 10.0.0.4:80 Masq, weight 1',
    'changes: 2 changes; 12 live connections: 5 kept, 0 moved, 7 cut, 0 resumed; 4 persistence templates ended',
  ]);
});

test('services of others stay: those that a daemon serves always, the rest where it is asked for', () => {
  const present = [service(web, [server(2)]), service(dns, [server(3)])];
  const owners = new Map([[serviceId(web), 'keepalived (process 7)']]);
  const facts = factsOf(present, { owners });
  const none = planDocument({ services: [] }, facts);
  assert.deepEqual(
    [listed(none.changes), none.others.map((one) => one.keptFor)],
    [['delete-service udp:192.0.2.1:53'], ['keepalived (process 7)']],
  );
  const kept = planDocument({ services: [] }, facts, { keepOthers: true });
  assert.deepEqual([kept.changes, kept.others.length], [[], 2]);
  const taken = planDocument({ services: [service(web, [])] }, facts, { keepOthers: true });
  assert.deepEqual([taken.changes, taken.conflicts.map((one) => one.service)], [[], ['tcp:192.0.2.1:80']]);
  const checked = planDocument(
    { services: [service(web, [])] },
    factsOf(present, { owners, checked: new Map([[serviceId(web), {} as VirtualServer]]) }),
  );
  assert.deepEqual([checked.conflicts, listed(checked.changes), checked.others.length], [[], ['delete-service udp:192.0.2.1:53'], 1]);
});

test('weights of others stay, and those that feedback moved are written as they are', () => {
  const present = [service(web, [server(2, { weight: 100 })])];
  const movedWeights = new Map([[serviceId(web), new Map([[destinationId(server(2)), 78]])]]);
  const facts = factsOf(present, { movedWeights });
  const steps = (spec: DestinationSpec, options = {}) => planDocument({ services: [service(web, [spec])] }, facts, options).steps;
  assert.deepEqual(steps(server(2, { weight: 100 })), []);
  assert.deepEqual(steps(server(2, { weight: 5 }), { ignoreWeights: true }), []);
  const limited = server(2, { weight: 100, upperThreshold: 9 });
  assert.deepEqual(steps(limited), [{ kind: 'edit-destination', service: web, spec: { ...limited, weight: 78 } }]);
  assert.deepEqual(steps(server(2, { weight: 5 })), [{ kind: 'edit-destination', service: web, spec: server(2, { weight: 5 }) }]);
});

test('a document without services has none of the table, and a timeout of 0 stays', () => {
  const present = [service(web, [server(2)])];
  const plan = planDocument({ timeouts: { tcp: 0, tcpFin: 120, udp: 60 } }, factsOf(present));
  assert.deepEqual(listed(plan.changes), ['set-timeouts']);
  assert.deepEqual(plan.changes[0]?.differences, [{ what: 'udp', from: '300 s', to: '60 s' }]);
  assert.deepEqual(planDocument({ timeouts: { tcp: 0, tcpFin: 120, udp: 300 } }, factsOf(present)).changes, []);
});
