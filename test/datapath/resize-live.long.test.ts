// A change of the connection table's size, by XDP, and killed at any point: packets go on, the listing is whole, and the next command completes it.
import { test } from 'node:test';
import { noNamespaces } from '../support/netns-bed.js';
import { killedResizes, resizedUnderTraffic } from './resizing.js';

test('a resize that is killed at many steps is completed every time', { skip: noNamespaces() }, () => killedResizes(12));

test('larger and smaller under traffic by xdp', { skip: noNamespaces() }, () => resizedUnderTraffic('xdp'));
