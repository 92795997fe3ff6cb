// Commands of the driver that are killed a few times.
import { breadth, test } from '../support/breadth.js';
import { skipReason } from './bed.js';
import { killFirstLoads, killUnloads, killWriters } from './driver-kills.js';

const skip = skipReason();

test('kill -9 of a writing command, 5 times: the next one finds a whole table, and traffic never stops', { skip }, () => killWriters(5));
breadth('kill -9 during the first load: the next command loads again', { skip }, () => killFirstLoads(1));
breadth('kill -9 of weir unload, twice: the rest goes with the next one, and a command in between loads again', { skip }, () =>
  killUnloads(2),
);
