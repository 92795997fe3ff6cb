// With sloppy_tcp a single segment begins an established connection. Its template is listed as ASSURED, as in the kernel's IPVS; in a full table it gives
// way to others as that of a half-open connection does, until the connection is proven.
import assert from 'node:assert/strict';
import { takenTemplates } from '../../src/datapath/ebpf/table/templates.js';
import { Template, TemplateAbi } from '../../src/datapath/ebpf/template.gen.js';
import { breadth, test } from '../support/breadth.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { type Family, IPv4, IPv6 } from './fixtures/family.js';
import { destination, service } from './fixtures/fixture.js';

const [CLIENTS, FORGED, CLIENT_PORT] = [4, 40, 4000];

/** How many templates outrank those of connections that nothing has proven. */
const outranking = ({ tables }: Bed, family: Family): number => {
  const slots = family === IPv4 ? tables.templates() : tables.templates6();
  assert.ok(slots !== undefined);
  const all = Array.from({ length: slots.count }, (_, slot) => slots.big(slot, Template.value));
  return all.filter((value) => (value & BigInt(TemplateAbi.T_ASSURED)) !== 0n).length;
};

for (const family of [IPv4, IPv6])
  (family === IPv4 ? test : breadth)(`${family.name}: forged segments drive out no client’s template`, { skip: skipReason() }, () => {
    const bed = openBed({ capacity: { connBuckets: 16 } });
    try {
      const { at, vip, manyClients, tcp, hostMask } = family;
      const [server] = family.servers;
      const { service: plain } = service('tcp', vip, 80, []);
      bed.director.setSysctl('sloppy_tcp', '1');
      bed.director.addService({ ...plain, persistence: { timeout: 300, netmask: hostMask } });
      bed.director.addDestination(plain.key, destination(at(server, 8080), 'masq'));
      const sends = (k: number, letters: string): void => {
        const client = manyClients(k);
        const packet = tcp({ from: at(client, CLIENT_PORT), to: at(vip, 80) }, letters);
        assert.equal(bed.send('ingress', 'front', family.fromClient(packet, client)).verdict, 'redirect', `${letters} of ${client}`);
      };
      const answers = (k: number, letters: string): void => {
        const packet = tcp({ from: at(server, 8080), to: at(manyClients(k), CLIENT_PORT) }, letters);
        assert.equal(bed.send('ingress', 'back', family.fromServer(packet, server)).verdict, 'redirect');
      };
      for (let k = 1; k <= CLIENTS; k++) {
        sends(k, 'S');
        answers(k, 'SA');
        sends(k, 'A');
      }
      assert.equal(outranking(bed, family), CLIENTS);
      const clients = [...takenTemplates(bed.tables)].map(({ keyLow }) => keyLow);
      for (let k = CLIENTS + 1; k <= CLIENTS + FORGED; k++) sends(k, 'PA');
      const found = [...takenTemplates(bed.tables)];
      assert.ok((bed.drops()['template_replaced'] ?? 0) > 0);
      assert.deepEqual(
        new Set(clients.filter((each) => !found.some(({ keyLow }) => keyLow === each))),
        new Set(),
        'each client’s is there',
      );
      assert.ok(
        found.every(({ assured }) => assured),
        'all are listed as assured',
      );
      assert.equal(outranking(bed, family), CLIENTS);
      answers(CLIENTS + FORGED, 'PA');
      assert.equal(outranking(bed, family), CLIENTS + 1, 'the server has answered it');
    } finally {
      bed.close();
    }
  });
