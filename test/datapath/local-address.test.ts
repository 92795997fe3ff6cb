// Addresses that are the director's or another host's at the moment, by tc. (By XDP: local-address.long.test.ts.)
import { test } from 'node:test';
import type { Declare } from '../support/breadth.js';
import { testLocalAddresses } from './local-addresses.js';

testLocalAddresses('tc', test as Declare);
