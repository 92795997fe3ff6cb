// The steps of a process that another process can meet: a pin, a name, a link, a run of a program that does something, or a store in a record. It is
// killed before one of them, or something is done before each.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { BpfMap, Link, Program } from '../../src/sys/bpf/bpf-objects.js';
import { type Field, Records } from '../../src/sys/bpf/records.js';
import { replace } from '../support/replaced.js';

/**
 * Calls `onStep` before each step from here on, but for those that it makes itself. Returns what ends that. `folder`: of the pins. `isStore`: whether a
 * store in a record is a step.
 */
export function beforeSteps(folder: string, isStore: (self: object, field: Field) => boolean, onStep: () => void): () => void {
  let within = false;
  const step = (counts: boolean): void => {
    if (!counts || within) return;
    within = true;
    try {
      onStep();
    } finally {
      within = false;
    }
  };
  const restores: (() => void)[] = [];
  /** `isStep`: of a call, by what it is called of and its arguments. */
  const stepwise = <T extends object>(of: T, name: keyof T & string, isStep: (self: object, ...args: never[]) => boolean): void => {
    const restore = replace(of, name, (self, args, was) => {
      step(isStep(self, ...(args as readonly unknown[] as never[])));
      return was();
    });
    restores.push(restore);
  };
  for (const { prototype } of [BpfMap, Program, Link]) stepwise(prototype, 'pin', () => true);
  stepwise(Link.prototype, 'update', () => true);
  stepwise(Program.prototype, 'test', (_, { flags }: Parameters<Program['test']>[0]) => flags !== undefined && flags !== 0);
  stepwise(Records.prototype, 'set', (self, _: number, field: Field) => isStore(self, field));
  for (const name of ['renameSync', 'rmSync'] as const) stepwise(fs, name, (_, path: string) => path.startsWith(`${folder}/`));
  syncBuiltinESMExports();
  return () => {
    for (const restore of restores) restore();
    syncBuiltinESMExports();
  };
}

/** From here on this process is killed before its nth step. */
export function killedAt(nth: number, folder: string, isStore: (self: object, field: Field) => boolean): void {
  let steps = 0;
  beforeSteps(folder, isStore, () => {
    steps += 1;
    if (steps === nth) process.kill(process.pid, 'SIGKILL');
  });
}
