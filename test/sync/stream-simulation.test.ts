// Histories of weir's own stream: clients, takeovers and troubles of two or three nodes. A failing seed prints its smallest history.
import { test } from 'node:test';
import { assertHistoriesHold } from '../support/sim-tests.js';
import { streamSimulator } from './stream-simulation/simulator.js';

const HISTORIES = 12;

test(`${HISTORIES} histories leave all nodes with the same`, () => assertHistoriesHold(streamSimulator, HISTORIES));
