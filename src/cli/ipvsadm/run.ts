// One run of ipvsadm, from its words to its exit status.

import type { Command } from '../../config/ipvsadm/command.js';
import { type IpvsadmError, isIpvsadmError } from '../../config/ipvsadm/usage-error.js';
import type { Director, TableReader } from '../../datapath/director.js';
import type { Io } from '../io.js';
import { execute, isReading, printReading, type Reading } from './execute.js';
import { LIST_FAILED_STATUS, REFUSED_STATUS, reportFailure } from './failure.js';
import { helpText, VERSION_TEXT } from './help.js';
import { restore } from './restore.js';
import { restoreAtomically } from './restore-atomically.js';
import { warned } from './warnings.js';
import { withDirector, withReader } from './with-director.js';
import { parseResolving, systemWorld, type World } from './world.js';

type Working = Exclude<Command, { readonly kind: 'help' | 'version' }>;

async function read(command: Reading, table: TableReader, world: World, io: Io): Promise<number> {
  try {
    await printReading(command, table, world, io);
    return 0;
  } catch (error) {
    return reportFailure(error, command.kind, io) ?? LIST_FAILED_STATUS;
  }
}

async function change(command: Exclude<Working, Reading>, director: Director, world: World, io: Io): Promise<number> {
  if (command.kind === 'restore') return command.atomic ? restoreAtomically(false, director, world, io) : restore(director, world, io);
  try {
    execute(command, director, world.daemons);
    return 0;
  } catch (error) {
    return reportFailure(error, command.kind, io) ?? REFUSED_STATUS;
  }
}

/** Opens what the command needs, and runs it. */
async function perform(command: Working, world: World, io: Io): Promise<number> {
  // What is saved will be restored: it must not contain half a change.
  if (isReading(command)) return withReader(world, command.kind === 'save', io, (table) => read(command, table, world, io));
  const changed = async (director: Director): Promise<number> =>
    warned(await change(command, director, world, io), command, director, world, io);
  return withDirector(world, io, changed);
}

async function parse(words: readonly string[], world: World): Promise<Command | IpvsadmError> {
  try {
    return await parseResolving(words, world.names);
  } catch (error) {
    if (isIpvsadmError(error)) return error;
    throw error;
  }
}

/** Runs one command line in a world. Resolves to the exit status. */
export async function runIpvsadm(words: readonly string[], io: Io, world: World): Promise<number> {
  const command = await parse(words, world);
  if (!isIpvsadmError(command) && (command.kind === 'help' || command.kind === 'version')) {
    // ipvsadm initialises IPVS even for these. Help must work without a datapath and without root.
    io.out(command.kind === 'help' ? helpText : VERSION_TEXT);
    return 0;
  }
  if (!isIpvsadmError(command)) return perform(command, world, io);
  // As in ipvsadm, a missing director is reported before a wrong word.
  return withReader(world, false, io, async () => {
    io.err(`${command.message}\n`);
    return command.exitStatus;
  });
}

export async function run(args: readonly string[], io: Io): Promise<number> {
  return runIpvsadm(args, io, systemWorld());
}
