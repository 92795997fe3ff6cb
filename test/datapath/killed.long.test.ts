// A writer that dies between any two stores: each change is stopped at its first store, its second, and so on, and the next command must
// find a whole table, with the change made or not made. A reader without the lock must see the same before the repair.
import { test } from 'node:test';
import { skipReason } from './bed.js';
import { stoppedAtEveryStore } from './killed-bed.js';

test('stopped at any store, old records in the trash', { skip: skipReason() }, (context) => stoppedAtEveryStore(context, 'old'));
test('stopped at any store, fresh records in the trash', { skip: skipReason() }, (context) => stoppedAtEveryStore(context, 'fresh'));
