// A writer that dies between any two stores, where the records that it takes were used before.
import { test } from 'node:test';
import { skipReason } from './bed.js';
import { stoppedAtEveryStore } from './killed-bed.js';

test('stopped at any store, old records in the trash', { skip: skipReason() }, (context) => stoppedAtEveryStore(context, 'old'));
