// control/vrrp as a machine of the simulator.
import { initialState, type VrrpMachine } from '../../control/vrrp/state/vrrp-machine.js';
import { step } from '../../control/vrrp/step.js';
import type { Machine } from './machine.js';

export const weirMachine: Machine<VrrpMachine> = {
  initial: initialState,
  step,
  view: ({ instances }) => instances.map(({ config, state, priority }) => ({ name: config.name, state, priority })),
};
