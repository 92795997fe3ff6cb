// Commands of the driver that are killed many times.
import { test } from 'node:test';
import { skipReason } from './bed.js';
import { killFirstLoads, killUnloads, killWriters } from './driver-kills.js';

const skip = skipReason();

test('kill -9 of a writing command, 60 times: the next one finds a whole table, and traffic never stops', { skip }, () => killWriters(60));
test('kill -9 during the first load, 6 times: the next command loads again', { skip }, () => killFirstLoads(6));
test('kill -9 of weir unload, 6 times: the rest goes with the next one, and a command in between loads again', { skip }, () =>
  killUnloads(6),
);
