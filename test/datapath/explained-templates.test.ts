// A client whose template may stand in one home alone, since both of its homes are the same: what is explained of its next connection, when its
// server is gone, is what the programs do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashKeysOf } from '../../src/datapath/ebpf/table/endpoint-table.js';
import { templateHome } from '../../src/datapath/ebpf/table/key-hash.js';
import { takenTemplates } from '../../src/datapath/ebpf/table/templates.js';
import { TemplateAbi } from '../../src/datapath/ebpf/template.gen.js';
import { ipOf } from '../../src/datapath/memory/packets/ip.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { Explainer } from './explained.js';
import { ip } from './fixtures/bed-addresses.js';
import { type Family, IPv4, IPv6 } from './fixtures/family.js';
import { destination, service } from './fixtures/fixture.js';

/** Beside so few buckets there are two homes, so that half of all clients have one. */
const CAPACITY = { connBuckets: 16 };
const HOMES = 2;
const CLIENTS_MAX = 64;
/** The number of its record. */
const SERVICE = 1;

/** bpf/director/template.h: the multiplier is odd, so that the lowest bit of the second home is that of the hash's upper half. */
const hasOneHome = (hash: number): boolean => (hash & (HOMES - 1)) === ((hash >>> 16) & (HOMES - 1));

function clientWithOneHome({ tables }: Bed, { manyClients }: Family): string {
  assert.equal(tables.templates().count, HOMES * TemplateAbi.TEMPLATE_WAYS);
  const keys = hashKeysOf(tables);
  const clients = Array.from({ length: CLIENTS_MAX }, (_, k) => manyClients(k + 1));
  return (
    clients.find((client) => hasOneHome(templateHome(ipOf(ip(client)), SERVICE, undefined, keys))) ??
    assert.fail('each of the clients has two homes')
  );
}

for (const family of [IPv4, IPv6])
  test(`${family.name}: a template that is lost gives its place to another one, and no other client's goes`, { skip: skipReason() }, () => {
    const bed = openBed({ capacity: CAPACITY });
    const explainer = new Explainer(bed);
    try {
      const { service: plain } = service('tcp', family.vip, 80, []);
      bed.director.addService({ ...plain, persistence: { timeout: 300, netmask: family.hostMask } });
      const [first, second] = family.servers.map((server) => destination(family.at(server, 80), 'masq'));
      assert.ok(first && second);
      const client = clientWithOneHome(bed, family);
      const connects = (port: number): void => {
        const frame = family.fromClient(family.tcp({ from: family.at(client, port), to: family.at(family.vip, 80) }, 'S'), client);
        const hold = explainer.explain('ingress', { device: 'front', bytes: frame });
        hold(bed.send('ingress', 'front', frame), Object.keys(bed.drops()));
      };
      bed.director.addDestination(plain.key, first);
      connects(1001);
      bed.director.addDestination(plain.key, second);
      bed.director.deleteDestination(plain.key, first);
      connects(1002);
      assert.equal([...takenTemplates(bed.tables)].length, 2);
      assert.deepEqual(bed.drops(), {});
    } finally {
      explainer.close();
      bed.close();
    }
  });
