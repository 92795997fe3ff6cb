// Much data through the director, as much as a developer's machine moves in seconds.

import { test } from 'node:test';
import { holds } from './beds.js';
import { bulk, METHODS } from './bulk-beds.js';
import { skipWithoutNetns } from './weir-lab.js';

const skip = skipWithoutNetns();
const BYTES = 100_000_000;

for (const method of METHODS.filter(({ name }) => name === 'NAT')) {
  test(`100 MB down and up by ${method.name} with the default offloads, SHA-256 equal`, { skip }, () =>
    holds(bulk(method, 'default', BYTES)),
  );
}
