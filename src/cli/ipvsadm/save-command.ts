// ipvsadm-save [-n]: the table on standard output.
import type { Io } from '../io.js';
import { runIpvsadm } from './run.js';
import { systemWorld, type World } from './world.js';

const HELP = `ipvsadm-save: Script to save the IPVS table to stdout.
   With the -n option, prints out the table in numeric format.
`;

/** ipvsadm-save. As in ipvsadm's script, words that are no options are ignored. */
export async function runSave(args: readonly string[], io: Io, world: World): Promise<number> {
  if (args.some((arg) => arg.startsWith('-') && arg !== '-n')) {
    io.err(HELP);
    return 1;
  }
  return runIpvsadm(args.includes('-n') ? ['-S', '-n'] : ['-S'], io, world);
}

export async function run(args: readonly string[], io: Io): Promise<number> {
  return runSave(args, io, systemWorld());
}
