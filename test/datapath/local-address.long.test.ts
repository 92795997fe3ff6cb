// Addresses that are the director's or another host's at the moment, by XDP.
import { breadth } from '../support/breadth.js';
import { testLocalAddresses } from './local-addresses.js';

testLocalAddresses('xdp', breadth);
