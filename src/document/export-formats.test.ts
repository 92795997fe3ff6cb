// What is exported makes the same table again, in every format; what a format cannot hold is named.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../test/support/ip.js';
import { readText } from '../../test/support/keepalived-text.js';
import fc from '../../test/support/properties.js';
import { tables } from '../../test/support/table-generators.js';
import { execute, isChanging } from '../cli/ipvsadm/execute.js';
import { parseCommand } from '../config/ipvsadm/grammar.js';
import { readWeirFile } from '../config/weir/read.js';
import { planDocument } from '../control/plan/plan-document.js';
import { NO_FACTS } from '../control/plan/table-facts.js';
import { applyChange } from '../datapath/apply-change.js';
import type { Director } from '../datapath/director.js';
import { MemoryDirector } from '../datapath/memory/memory-director.js';
import { presentFacts } from '../document/observed-facts.js';
import { serviceId } from '../model/identity.js';
import { wantedTable } from '../model/keepalived/wanted-table.js';
import { type DestinationSpec, PLAIN_TUNNEL } from '../model/service.js';
import type { DocumentService } from '../model/table-document.js';
import { EXPORT_FORMATS, type Exported, exportedTable } from './export-formats.js';
import { SWITCH_OWNER } from './table-facts.js';

const timeouts = { tcp: 900, tcpFin: 120, udp: 300 };
const exported = (format: string, services: readonly DocumentService[], times = timeouts): Exported => {
  const write = EXPORT_FORMATS[format];
  assert.ok(write !== undefined);
  return write({ services, timeouts: times });
};
const factsOf = (director: Director) => ({ ...NO_FACTS, ...presentFacts(director) });

/** A director with this table. */
function directorOf(services: readonly DocumentService[]): MemoryDirector {
  const director = new MemoryDirector();
  for (const { spec, destinations } of services) {
    applyChange(director, { kind: 'add-service', spec });
    for (const one of destinations) applyChange(director, { kind: 'add-destination', service: spec.key, spec: one });
  }
  return director;
}

test('weir: the plan of an export is empty, and services and servers keep their order', () => {
  fc.assert(
    fc.property(tables, (services) => {
      const { table } = readWeirFile(exported('weir', services).text).file;
      assert.ok(table !== undefined);
      assert.deepEqual(planDocument(table, factsOf(directorOf(services))).changes, []);
      assert.deepEqual(table.services, services);
    }),
  );
});

test('ipvsadm: the lines make the same table, with thresholds and timeouts', () => {
  fc.assert(
    fc.property(tables, (services) => {
      const director = new MemoryDirector();
      const times = { tcp: 60, tcpFin: 7, udp: 8 };
      for (const line of exported('ipvsadm', services, times).text.trimEnd().split('\n')) {
        const command = parseCommand(line.split(' '), { host: () => undefined, port: () => undefined });
        assert.ok(isChanging(command), line);
        execute(command, director, director);
      }
      // Of a server on the director itself ipvsadm has no other word than -g.
      const asWritten = services.map(({ spec, destinations }) => ({
        spec,
        destinations: destinations.map((one): DestinationSpec => (one.method === 'local' ? { ...one, method: 'route' } : one)),
      }));
      assert.deepEqual(planDocument({ services: asWritten, timeouts: times }, factsOf(director)).changes, []);
    }),
  );
});

test('keepalived: what is read of the text is the table, but for the losses that are named', () => {
  fc.assert(
    fc.property(tables, (services) => {
      const { text, losses } = exported('keepalived', services);
      const read = [...wantedTable(readText(text).configuration).values()];
      const { changes } = planDocument({ services: read }, factsOf(directorOf(services)));
      assert.equal(losses.length, changes.length, `${losses.join('\n')}\n${text}`);
    }),
  );
});

test('keepalived: no loss for what its words have, and which ones there are', () => {
  const key = { kind: 'address', protocol: 'tcp', address: ip('192.0.2.1'), port: 80 } as const;
  const spec = { key, scheduler: 'sh', schedFlags: 2, onePacket: false, persistence: { timeout: 60, netmask: 0xffff_ff00 } };
  const server = (last: number, more: Partial<DestinationSpec>): DestinationSpec => ({
    ...{ address: ip(`10.0.0.${last}`), port: 80, method: 'masq', weight: 2, upperThreshold: 0, lowerThreshold: 0, tunnel: PLAIN_TUNNEL },
    ...more,
  });
  const held = [
    server(2, { upperThreshold: 100, lowerThreshold: 50 }),
    server(3, { method: 'route', weight: 0 }),
    server(4, { method: 'tunnel', tunnel: { type: 'gue', port: 6080, checksum: 'csum' } }),
  ];
  assert.deepEqual(exported('keepalived', [{ spec, destinations: held }]).losses, []);
  const fullnat = server(5, { method: 'fullnat', localAddresses: [ip('10.0.0.100')] });
  assert.deepEqual(exported('keepalived', [{ spec, destinations: [server(2, { method: 'local' }), fullnat] }]).losses.toSorted(), [
    'tcp:192.0.2.1:80 10.0.0.2:80: method Local becomes Route',
    'tcp:192.0.2.1:80 10.0.0.5:80: is lost: keepalived.conf has no word for fullnat',
  ]);
  const alone = exported('keepalived', [{ spec, destinations: [fullnat] }]);
  assert.deepEqual(alone.losses, ['tcp:192.0.2.1:80: is lost with its servers 10.0.0.5:80: keepalived.conf has no word for fullnat']);
  assert.doesNotMatch(alone.text, /virtual_server/);
  const vips = [{ address: ip('192.0.2.1'), prefixLength: 32, interface: 'eth0' }];
  assert.deepEqual(EXPORT_FORMATS['keepalived']?.({ services: [{ spec, destinations: held }], timeouts, vips }).losses, [
    'VIP 192.0.2.1/32 on eth0 is not in the text: add it to a vrrp_instance, or keep it by weir vip add',
  ]);
});

test('services that others keep are left out and named: the plan of the text is empty beside them', () => {
  const service = (port: number): DocumentService => {
    const key = { kind: 'address', protocol: 'tcp', address: ip('192.0.2.1'), port } as const;
    return { spec: { key, scheduler: 'rr', schedFlags: 0, onePacket: false }, destinations: [] };
  };
  const services = [service(80), service(81), service(82)];
  const facts = factsOf(directorOf(services));
  const [kept = '', switched = ''] = [81, 82].map((port) => serviceId(service(port).spec.key));
  const owners = new Map([
    [kept, 'keepalived (process 7)'],
    [switched, SWITCH_OWNER],
  ]);
  const textOf = (all: boolean) => {
    const { table, leftOut } = exportedTable({ ...facts, owners }, all);
    const { file, faults } = readWeirFile(EXPORT_FORMATS['weir']?.(table).text ?? '');
    assert.deepEqual(faults, []);
    return { document: file.table ?? {}, leftOut };
  };
  const own = textOf(false);
  assert.deepEqual(own.leftOut.toSorted(), [
    'tcp:192.0.2.1:81 is left out: keepalived (process 7) keeps it',
    'tcp:192.0.2.1:82 is left out: weir switch makes it of the rules of a weir.yaml',
  ]);
  const plan = planDocument(own.document, { ...facts, owners });
  assert.deepEqual([plan.changes, plan.conflicts], [[], []]);
  const all = textOf(true);
  assert.equal(all.document.services?.length, 2);
  assert.deepEqual(all.leftOut.toSorted(), [
    'tcp:192.0.2.1:81: as keepalived (process 7) has it in the table now, without checks, and without servers that are down',
    'tcp:192.0.2.1:82 is left out: weir switch makes it of the rules of a weir.yaml',
  ]);
});
