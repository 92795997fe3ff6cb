// control/check as a machine of the simulator.
import { rememberedOf } from '../../control/check/remembered.js';
import { type CheckMachine, initialChecks } from '../../control/check/state.js';
import { step } from '../../control/check/step.js';
import { itemsFrom } from '../../control/timed-list.js';
import type { Machine } from './machine.js';

export const weirMachine: Machine<CheckMachine> = {
  initial: initialChecks,
  step,
  remembered: rememberedOf,
  view: ({ servers, checkers }) =>
    servers.map(({ config, quorumUp, sorry, suspended, reals }) => ({
      config,
      quorumUp,
      sorry,
      suspended,
      reals: reals.map(({ config: real, alive, slow, firstChecker, checkerCount }) => ({
        config: real,
        alive,
        slow,
        checkers: itemsFrom(checkers, firstChecker, checkerCount),
      })),
    })),
};
