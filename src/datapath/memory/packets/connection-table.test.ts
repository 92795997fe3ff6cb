import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection } from './connection.js';
import { ConnectionTable } from './connection-table.js';
import { Settings } from './settings.js';

const BUCKETS = 32;
const SECOND_REGION = 64;

test('a connection that stands for two clients ends in both places', () => {
  const destination = { active: 0, inactive: 1, upper: 0, lower: 0, counts: {} };
  const client = { address: 0x0a000101, port: 0 };
  const virtual = { address: 0x0a000164, port: 20 };
  const held = {
    client,
    virtual,
    server: virtual,
    service: { id: 7 },
    protocol: 6,
    destination,
    method: 'masq',
    state: 'LISTEN',
    expires: 100,
  };
  const connection = held as unknown as Connection;
  const counted: string[] = [];
  const table = new ConnectionTable(
    new Settings(250),
    BUCKETS,
    () => SECOND_REGION / 4,
    (reason) => counted.push(reason),
  );
  table.restore(3, connection);
  table.restore(SECOND_REGION, connection);
  assert.equal(table.find(connection.service, connection, 1), connection);
  table.end(connection);
  assert.deepEqual([table.isFree(3), table.isFree(SECOND_REGION), table.used], [true, true, 0]);
  assert.deepEqual(table.placeFor(client, false, 1), { slot: SECOND_REGION, replaced: undefined });
  assert.equal(destination.inactive, 0, 'it counted once');
  table.insert(connection, { slot: SECOND_REGION, replaced: undefined });
  table.end(connection);
  assert.deepEqual([table.isFree(SECOND_REGION), counted], [true, []]);
});
