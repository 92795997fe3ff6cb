import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../../test/support/properties.js';
import { Records } from '../../../sys/bpf/records.js';
import { Abi, Conf, Endpoint, EndpointKind } from '../abi.gen.js';
import { EndpointTable, endpointKey } from './endpoint-table.js';
import type { Tables } from './tables.js';

/** Tables of `buckets` buckets in ordinary memory. */
function tables(buckets: number): Tables {
  const conf = new Records(new ArrayBuffer(Conf.bytes), Conf.bytes);
  conf.set(0, Conf.endpointBuckets, buckets);
  [0x9e3779b97f4a7c15n, 0xc2b2ae3d27d4eb4fn, 0x165667b19e3779f9n].forEach((key, i) => {
    conf.setBig(0, Conf.hashKey, key, i);
  });
  const endpoints = new Records(new ArrayBuffer(buckets * Abi.BUCKET_SLOTS * Endpoint.bytes), Endpoint.bytes);
  return { conf, endpoints } as unknown as Tables;
}

const keys = fc.record({ address: fc.integer({ min: 1, max: 40 }), port: fc.integer({ min: 0, max: 3 }) });
const steps = fc.array(fc.record({ key: keys, put: fc.boolean(), id: fc.integer({ min: 1, max: 65535 }) }), { maxLength: 300 });

test('any history of puts and removals is what a Map would hold, while it fits', () => {
  fc.assert(
    fc.property(steps, (history) => {
      const table = new EndpointTable(tables(64));
      const model = new Map<bigint, number>();
      for (const { key, put, id } of history) {
        const endpoint = endpointKey(key.address, key.port, 6, EndpointKind.E_SERVICE);
        if (put) {
          assert.ok(table.put(endpoint, id));
          model.set(endpoint, id);
        } else {
          table.remove(endpoint);
          model.delete(endpoint);
        }
      }
      for (let address = 1; address <= 40; address++) {
        for (let port = 0; port <= 3; port++) {
          const endpoint = endpointKey(address, port, 6, EndpointKind.E_SERVICE);
          assert.equal(table.find(endpoint), model.get(endpoint) ?? 0);
        }
      }
    }),
  );
});

test('put returns false when every bucket is full, and changes nothing', () => {
  const table = new EndpointTable(tables(Abi.ENDPOINT_PROBES));
  const room = Abi.ENDPOINT_PROBES * Abi.BUCKET_SLOTS;
  for (let i = 0; i < room; i++) assert.ok(table.put(endpointKey(i + 1, 80, 6, EndpointKind.E_REAL), i + 1));
  assert.equal(table.put(endpointKey(room + 1, 80, 6, EndpointKind.E_REAL), 1), false);
  assert.equal(table.find(endpointKey(room, 80, 6, EndpointKind.E_REAL)), room);
});

test('kinds and protocols of one address do not meet', () => {
  const table = new EndpointTable(tables(64));
  table.put(endpointKey(1, 80, 6, EndpointKind.E_SERVICE), 7);
  assert.equal(table.find(endpointKey(1, 80, 17, EndpointKind.E_SERVICE)), 0);
  assert.equal(table.find(endpointKey(1, 80, 6, EndpointKind.E_REAL)), 0);
});
