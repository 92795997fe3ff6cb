// A process that is killed before one of its steps that another process can meet: a pin, a name, a link, a run of a program that does something,
// or a store in a record.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { BpfMap, Link, Program } from '../../src/sys/bpf/bpf-objects.js';
import { type Field, Records } from '../../src/sys/bpf/records.js';
import { replace } from '../support/replaced.js';

/** From here on this process is killed before its nth step. `folder`: of the pins. `isStore`: whether a store in a record is a step. */
export function killedAt(nth: number, folder: string, isStore: (self: object, field: Field) => boolean): void {
  let steps = 0;
  const step = (counts: boolean): void => {
    if (counts) steps += 1;
    if (counts && steps === nth) process.kill(process.pid, 'SIGKILL');
  };
  /** `isStep`: of a call, by what it is called of and its arguments. */
  const stepwise = <T extends object>(of: T, name: keyof T & string, isStep: (self: object, ...args: never[]) => boolean): void => {
    replace(of, name, (self, args, was) => {
      step(isStep(self, ...(args as readonly unknown[] as never[])));
      return was();
    });
  };
  for (const { prototype } of [BpfMap, Program, Link]) stepwise(prototype, 'pin', () => true);
  stepwise(Link.prototype, 'update', () => true);
  stepwise(Program.prototype, 'test', (_, { flags }: Parameters<Program['test']>[0]) => flags !== undefined && flags !== 0);
  stepwise(Records.prototype, 'set', (self, _: number, field: Field) => isStore(self, field));
  for (const name of ['renameSync', 'rmSync'] as const) stepwise(fs, name, (_, path: string) => path.startsWith(`${folder}/`));
  syncBuiltinESMExports();
}
