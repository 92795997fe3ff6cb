// Which connections and templates came from another director, as /proc/net/ip_vs_conn_sync has it.
import assert from 'node:assert/strict';
import { applyChange } from '../../src/datapath/apply-change.js';
import { Template } from '../../src/datapath/ebpf/template.gen.js';
import type { Applied } from '../../src/model/foreign-connection.js';
import { IpProtocol } from '../../src/model/ip-protocol.js';
import { connectionOriginsFile } from '../../src/model/proc-text.js';
import { breadth, test } from '../support/breadth.js';
import { type Family, IPv4, IPv6 } from './fixtures/family.js';
import { destination, type Setup, service } from './fixtures/fixture.js';
import { additions } from './fixtures/setup-changes.js';
import { applier, bed, skip, wipe } from './foreign-bed.js';

const end = ({ at: text }: Family, address: string, port: number) => destination(text(address, port), 'masq');

/** Of a client's connection, and of its template. */
function announced(family: Family, from: string, port: number): readonly Applied[] {
  const [client, virtual, server] = [end(family, from, port), end(family, family.vip, 80), end(family, family.servers[0], 8080)];
  const common = { protocol: IpProtocol.tcp, virtual, server, mark: 0, method: 'masq', seconds: 90, timeout: 90 } as const;
  return bed.director.exclusively(() => [
    ...applier.applyTemplates([{ ...common, client: client.address, assured: true }]),
    ...applier.apply([{ ...common, client, state: 1, late: false }]),
  ]);
}

function setUp(family: Family): void {
  wipe();
  const exact = service('tcp', family.vip, 80, [end(family, family.servers[0], 8080)]);
  const kept: Setup = { ...exact, service: { ...exact.service, persistence: { timeout: 300, netmask: family.hostMask } } };
  for (const change of additions(kept)) applyChange(bed.director, change);
}

const origins = (): readonly string[] =>
  [...connectionOriginsFile(bed.director.connectionOrigins?.() ?? [])].slice(1).map((line) =>
    line
      .replace(/ +\d+\n$/, '')
      .split(/ +/)
      .slice(-2)
      .join(' '),
  );

for (const family of [IPv4, IPv6]) {
  const declare = family === IPv4 ? test : breadth;
  declare(`${family.name}: what another director announced is SYNC, what began here is LOCAL`, { skip }, () => {
    setUp(family);
    assert.deepEqual(announced(family, family.client, 40000), ['made', 'made']);
    bed.send(
      'ingress',
      'front',
      family.fromClient(family.tcp({ from: family.at(family.farClient, 40001), to: family.at(family.vip, 80) }, 'S'), family.farClient),
    );
    assert.deepEqual(origins().toSorted(), ['ASSURED SYNC', 'ESTABLISHED SYNC', 'NONE LOCAL', 'SYN_RECV LOCAL']);
    bed.send(
      'ingress',
      'front',
      family.fromClient(family.tcp({ from: family.at(family.client, 40000), to: family.at(family.vip, 80) }, 'FA'), family.client),
    );
    assert.ok(origins().includes('CLOSE_WAIT SYNC'), 'its packets change nothing of that');
  });
}

test('what is known here before it is announced stays LOCAL', { skip }, () => {
  setUp(IPv4);
  const client = IPv4.manyClients(7);
  bed.send('ingress', 'front', IPv4.fromClient(IPv4.tcp({ from: IPv4.at(client, 40000), to: IPv4.at(IPv4.vip, 80) }, 'S'), client));
  assert.deepEqual(announced(IPv4, client, 40000), ['changed', 'changed']);
  assert.deepEqual(origins(), ['ASSURED LOCAL', 'ESTABLISHED LOCAL']);
});

test('a template of the same service that gets the slot of an announced one is LOCAL', { skip }, () => {
  setUp(IPv4);
  const templates = bed.templates();
  const place = (at: number): bigint => templates.big(at, Template.key);
  for (let client = 1; client <= 32; client++) {
    const [made] = announced(IPv4, IPv4.manyClients(client), 40000);
    assert.equal(made, 'made');
  }
  const slots = Array.from({ length: templates.count }, (_, at) => at).filter((at) => templates.big(at, Template.value) !== 0n);
  assert.equal(slots.length, 32);
  const keys = slots.map(place);
  const ofTemplates = (): readonly string[] => origins().filter((each) => each.startsWith('ASSURED'));
  assert.deepEqual(new Set(ofTemplates()), new Set(['ASSURED SYNC']));
  for (const [n, slot] of slots.entries()) templates.setBig(slot, Template.key, keys[(n + 1) % keys.length] ?? 0n);
  assert.deepEqual(new Set(ofTemplates()), new Set(['ASSURED LOCAL']));
});
