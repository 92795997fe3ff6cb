// Much data through the director, as much as a developer's machine moves in seconds.

import { test } from 'node:test';
import { holds } from './beds.js';
import { natBulk } from './bulk-beds.js';
import { skipWithoutNetns } from './weir-lab.js';

const skip = skipWithoutNetns();
const BYTES = 100_000_000;

test('100 MB down and up through NAT with the default offloads, SHA-256 equal', { skip }, () => holds(natBulk(BYTES)));
