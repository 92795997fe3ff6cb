// 20,000 short connections a second for a minute; `npm run bench -- --only soak` has ten minutes and the table of the default size.
import { test } from 'node:test';
import { skipReason } from './bed.js';
import { soakHolds } from './soak.js';

test('20,000 short connections a second for a minute into a full table: all are served', { skip: skipReason() }, () =>
  soakHolds({ seconds: 60, rate: 20_000, tableBits: 18 }),
);
