// A gigabyte each way through the director, by every forwarding method and with every kind of offloads.

import { test } from 'node:test';
import { holds } from './beds.js';
import { bulk, METHODS, OFFLOADS } from './bulk-beds.js';
import { skipWithoutNetns } from './weir-lab.js';

const skip = skipWithoutNetns();
const BYTES = 1_000_000_000;
const WITH = { default: 'the default offloads', card: 'offloads of a network card', xdp: 'XDP forced' } as const;

for (const method of METHODS) {
  for (const offloads of OFFLOADS) {
    test(`1 GB down and up by ${method.name} with ${WITH[offloads]}, SHA-256 equal`, { skip }, () => holds(bulk(method, offloads, BYTES)));
  }
}
