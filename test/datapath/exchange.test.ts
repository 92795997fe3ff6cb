// Another build’s programs in the place of those that run, under traffic. (By tc, killed, refused, of the IPv6 build alone: exchange.long.test.ts.)
import { test } from 'node:test';
import { exchangeUnderTraffic, skip } from './exchange-bed.js';

test('under traffic by xdp, there and back: no packet is lost, the table stays', { skip }, () => exchangeUnderTraffic('xdp'));
