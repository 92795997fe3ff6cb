// Short connections for some seconds; the long version has 20,000 a second for a minute.
import { test } from 'node:test';
import { skipReason } from './bed.js';
import { soakHolds } from './soak.js';

test('8,000 short connections a second into a full table: all are served', { skip: skipReason() }, () =>
  soakHolds({ seconds: 4, rate: 8000, tableBits: 13 }),
);
