// Much data through the director, as much as a developer's machine moves in seconds.

import { test } from 'node:test';
import { holds } from './beds.js';
import { drBulk, natBulk, xdpBulk } from './bulk-beds.js';
import { skipWithoutNetns } from './weir-lab.js';

const skip = skipWithoutNetns();
const BYTES = 100_000_000;

test('100 MB down and up through NAT with the default offloads, SHA-256 equal', { skip }, () => holds(natBulk(BYTES)));
test('the same with XDP forced on the interfaces', { skip }, () => holds(xdpBulk(BYTES)));
test('big packets under DR: 100 MB from the server straight to the client', { skip }, () => holds(drBulk(BYTES)));
