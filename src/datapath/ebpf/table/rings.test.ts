// Room for rings, in tables of ordinary memory: which histories of services find it, and what a refused service leaves behind.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../../test/support/properties.js';
import { isWeirError } from '../../../model/errors/weir-error.js';
import type { ServiceKey, ServiceSpec } from '../../../model/service.js';
import { Records } from '../../../sys/bpf/records.js';
import { Abi, Conf, Dest, Endpoint, Estimate, RingBlock, Service } from '../abi.gen.js';
import { GROUP_BLOCKS } from './rings.js';
import type { Tables } from './tables.js';
import { Writer } from './writer.js';

const [SERVICES, GROUPS] = [64, 4];

/** Tables with so many groups of blocks for rings. */
function tables(groups: number): Tables {
  const records = (bytes: number, count: number): Records => new Records(new ArrayBuffer(bytes * count), bytes);
  const conf = records(Conf.bytes, 1);
  conf.set(0, Conf.endpointBuckets, SERVICES);
  conf.set(0, Conf.maxServices, SERVICES);
  const made = {
    conf,
    endpoints: records(Endpoint.bytes, SERVICES * Abi.BUCKET_SLOTS),
    services: records(Service.bytes, SERVICES),
    dests: records(Dest.bytes, SERVICES),
    rings: records(RingBlock.bytes, groups * GROUP_BLOCKS),
    estimates: records(Estimate.bytes, 2 * SERVICES),
    conns: () => [],
    sideConns: () => [],
  };
  return made as unknown as Tables;
}

const writerOf = (made: Tables): Writer => new Writer(made, () => 0, 1);
const keyAt = (port: number): ServiceKey => ({ kind: 'address', protocol: 'tcp', address: { family: 'inet', words: [0x0a000001] }, port });
const spec = (port: number, scheduler: string): ServiceSpec => ({ key: keyAt(port), scheduler, schedFlags: 0, onePacket: false });

/** The ring of the service with this port: its first block, from 1 on. */
const ringOf = (made: Tables, writer: Writer, port: number): number => made.services.get(writer.serviceId(keyAt(port)), Service.ring);

const step = fc.record({
  port: fc.integer({ min: 1, max: GROUPS }),
  scheduler: fc.constantFrom('mh', 'mh', 'sh', 'dh', 'rr', 'none'),
});

test('as many services as there are groups find room, whatever came and went, and no two have the same blocks', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (history) => {
      const made = tables(GROUPS);
      const writer = writerOf(made);
      const now = new Map<number, string>();
      for (const { port, scheduler } of history) {
        if (scheduler !== 'none' && now.has(port)) writer.editService(spec(port, scheduler));
        else if (scheduler !== 'none') writer.addService(spec(port, scheduler));
        else if (now.has(port)) writer.deleteService(keyAt(port));
        if (scheduler === 'none') now.delete(port);
        else now.set(port, scheduler);
        const taken = new Set<number>();
        for (const [each, by] of now) {
          const ring = ringOf(made, writer, each);
          assert.equal(ring !== 0, by !== 'rr', `${each} by ${by}`);
          for (let k = 0; ring !== 0 && k < (by === 'mh' ? GROUP_BLOCKS : 1); k++) {
            assert.ok(!taken.has(ring + k), `block ${ring + k} twice`);
            assert.ok(ring - 1 + k < made.rings.count);
            taken.add(ring + k);
          }
        }
      }
    }),
  );
});

test('rings of one block share a group, so that the other groups stay whole', () => {
  const made = tables(2);
  const writer = writerOf(made);
  for (let port = 1; port <= GROUP_BLOCKS; port++) writer.addService(spec(port, port % 2 === 0 ? 'sh' : 'dh'));
  writer.addService(spec(100, 'mh'));
  assert.equal(ringOf(made, writer, 100), GROUP_BLOCKS + 1);
});

test('a longer ring may take the blocks of the one before', () => {
  const made = tables(1);
  const writer = writerOf(made);
  writer.addService(spec(1, 'sh'));
  writer.editService(spec(1, 'mh'));
  assert.equal(ringOf(made, writer, 1), 1);
});

test('a refused service leaves nothing: no record, no ring, and nothing that takes another one’s address away later', () => {
  const made = tables(1);
  const writer = writerOf(made);
  const isFull = (error: unknown): boolean => isWeirError(error, 'table-full');
  writer.addService(spec(1, 'mh'));
  const before = [made.conf, made.services, made.rings].map(({ memory }) => new Uint8Array(memory.slice(0)));
  assert.throws(() => writer.addService(spec(2, 'mh')), isFull);
  assert.deepEqual(
    [made.conf, made.services, made.rings].map(({ memory }) => new Uint8Array(memory)),
    before,
  );
  // Every number is used, by services that are gone: those that come now take numbers of these.
  for (let port = 3; made.conf.get(0, Conf.serviceTop) < SERVICES - 1; port++) {
    writer.addService(spec(port, 'rr'));
    writer.deleteService(keyAt(port));
  }
  writer.addService(spec(2, 'rr'));
  writer.addService(spec(1000, 'rr'));
  assert.notEqual(writer.serviceId(keyAt(2)), writer.serviceId(keyAt(1000)));
});

test('where the address finds no place, the ring is given back', () => {
  const made = tables(1);
  new Uint8Array(made.endpoints.memory).fill(0xff);
  const writer = writerOf(made);
  assert.throws(
    () => writer.addService(spec(1, 'mh')),
    (error) => isWeirError(error, 'table-full'),
  );
  new Uint8Array(made.endpoints.memory).fill(0);
  writer.addService(spec(2, 'mh'));
  assert.equal(ringOf(made, writer, 2), 1);
});

test('the record of a refused service does not take away the address that another one has got since', () => {
  const made = tables(1);
  const writer = writerOf(made);
  new Uint8Array(made.endpoints.memory).fill(0xff);
  assert.throws(
    () => writer.addService(spec(1, 'rr')),
    (error) => isWeirError(error, 'table-full'),
  );
  new Uint8Array(made.endpoints.memory).fill(0);
  writer.addService(spec(1, 'rr'));
  for (let port = 3; made.conf.get(0, Conf.serviceTop) < SERVICES - 1; port++) writer.addService(spec(port, 'rr'));
  writer.addService(spec(1000, 'rr')); // takes the number of the refused one
  assert.notEqual(writer.serviceId(keyAt(1)), 0);
});
