// A gigabyte each way through the director.

import { test } from 'node:test';
import { holds } from './beds.js';
import { drBulk, natBulk, xdpBulk } from './bulk-beds.js';
import { skipWithoutNetns } from './weir-lab.js';

const skip = skipWithoutNetns();
const BYTES = 1_000_000_000;

test('1 GB down and up through NAT with the default offloads, SHA-256 equal', { skip }, () => holds(natBulk(BYTES)));
test('the same with XDP forced on the interfaces', { skip }, () => holds(xdpBulk(BYTES)));
test('big packets under DR: 1 GB from the server straight to the client', { skip }, () => holds(drBulk(BYTES)));
