// Addresses that are the director's or another host's at the moment, by tc. (By XDP: local-address.long.test.ts.)
import { test } from '../support/breadth.js';
import { testLocalAddresses } from './local-addresses.js';

testLocalAddresses('tc', test);
