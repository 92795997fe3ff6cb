// Connection tables get another size under traffic: no packet is lost, no connection ends. (By XDP, of IPv6 and of all ports, and killed on the way:
// resize-live.long.test.ts.)
import { test } from 'node:test';
import { noNamespaces } from '../support/netns-bed.js';
import { ofLinks, resizedUnderTraffic } from './resizing.js';

test('larger and smaller under traffic by tc', { skip: noNamespaces() }, () => resizedUnderTraffic('tc', ofLinks));
