// One run of ipvsadm, from its words to its exit status.
import type { Director } from '../../datapath/director.js';
import type { Io } from '../io.js';
import { type Command, onlyReads } from './command.js';
import { execute, isChanging, printReading } from './execute.js';
import { listFailedStatus, refusedStatus, reportFailure } from './failure.js';
import { helpText, versionText } from './help.js';
import { restore, restoreAtomically } from './restore.js';
import { UsageError } from './usage-error.js';
import { withDirector } from './with-director.js';
import { parseResolving, systemWorld, type World } from './world.js';

type Working = Exclude<Command, { readonly kind: 'help' | 'version' }>;

async function perform(command: Working, director: Director, world: World, io: Io): Promise<number> {
  const refusal = world.notYet(command);
  if (refusal !== undefined) {
    io.err(`weir: ${refusal}\n`);
    return refusedStatus;
  }
  if (command.kind === 'restore') return command.atomic ? restoreAtomically([], director, world, io) : restore(director, world, io);
  try {
    if (isChanging(command)) execute(command, director);
    else await printReading(command, director, world, io);
    return 0;
  } catch (error) {
    reportFailure(error, command.kind, io);
    return isChanging(command) ? refusedStatus : listFailedStatus;
  }
}

async function parse(words: readonly string[], world: World): Promise<Command | UsageError> {
  try {
    return await parseResolving(words, world.names);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
}

/** Runs one command line in a world. Resolves to the exit status. */
export async function runIpvsadm(words: readonly string[], io: Io, world: World): Promise<number> {
  const command = await parse(words, world);
  if (!(command instanceof UsageError) && (command.kind === 'help' || command.kind === 'version')) {
    // The original initialises IPVS even for these; whoever asks for help here may not have the means yet.
    io.out(command.kind === 'help' ? helpText : versionText);
    return 0;
  }
  // As in the original no director is a greater trouble than a wrong word.
  return withDirector(world, command instanceof UsageError || onlyReads(command), io, async (director) => {
    if (!(command instanceof UsageError)) return perform(command, director, world, io);
    io.err(`${command.message}\n`);
    return command.status;
  });
}

export async function run(args: readonly string[], io: Io): Promise<number> {
  return runIpvsadm(args, io, systemWorld());
}
