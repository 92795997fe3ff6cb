// More histories of weir's own stream than stream-simulation.test.ts has.
import { test } from 'node:test';
import { assertHistoriesHold } from '../support/sim-tests.js';
import { streamSimulator } from './stream-simulation/simulator.js';

const HISTORIES = 150;

test(`${HISTORIES} histories leave all nodes with the same`, () => assertHistoriesHold(streamSimulator, HISTORIES));
