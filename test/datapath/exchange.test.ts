// Another build’s programs in the place of those that run, under traffic. (By XDP, killed, refused, of the IPv6 build alone: exchange.long.test.ts.)
import { test } from 'node:test';
import { exchangeUnderTraffic, skip } from './exchange-bed.js';

test('under traffic by tc, there and back: no packet is lost, the table stays', { skip }, () => exchangeUnderTraffic('tc'));
