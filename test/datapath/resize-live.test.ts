// The connection table's size changes under traffic: no packet is lost, no connection ends. (By XDP, and killed on the way: resize-live.long.test.ts.)
import { test } from 'node:test';
import { noNamespaces } from '../support/netns-bed.js';
import { resizedUnderTraffic } from './resizing.js';

test('larger and smaller under traffic by tc', { skip: noNamespaces() }, () => resizedUnderTraffic('tc'));
