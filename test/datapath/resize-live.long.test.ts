// A change of the connection tables' size, by XDP, and killed at any point: packets go on, the listing is whole, and the next command completes it.
import { test } from 'node:test';
import { noNamespaces } from '../support/netns-bed.js';
import { killedResizes, ofAllPorts, ofIpv6, ofLinks, resizedUnderTraffic } from './resizing.js';

const skip = noNamespaces();

test('a resize that is killed at many steps is completed every time', { skip }, () => killedResizes(8, ofLinks));

for (const subject of [ofIpv6, ofAllPorts])
  test(`the same while the table of ${subject.label} moves`, { skip }, () => killedResizes(6, subject));

test('larger and smaller under traffic by xdp', { skip }, () => resizedUnderTraffic('xdp', ofLinks));

for (const subject of [ofIpv6, ofAllPorts])
  test(`the table of ${subject.label} larger and smaller under traffic`, { skip }, () => resizedUnderTraffic('tc', subject));
