// The simulator of weir's own stream: histories of seeds through the machines of its sessions.
import type { Simulator } from '../../../src/sim/judge.js';
import type { StreamHistory } from './history.js';
import { runHistory } from './run.js';
import { historyOf } from './scenario.js';

export const streamSimulator: Simulator<StreamHistory> = {
  historyOf,
  run: runHistory,
  describeSetup: ({ nodes }) => nodes.map((node, number) => `node ${number}: ${JSON.stringify(node)}`),
  kindOf: (text) => text.slice(0, text.indexOf(':')).replace(/\d+/g, ''),
};
