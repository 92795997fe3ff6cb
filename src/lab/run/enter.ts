// Opens a shell, or runs one command, on a host of a lab that is left standing.
import { WeirError } from '../../model/errors/weir-error.js';
import { runOnTerminal } from '../../sys/processes/child.js';
import { SWITCHES } from '../definition/names.js';
import { findCommand, labEnvironment } from '../state/paths.js';
import { allRuns, conditionOf, type RunState } from '../state/run-state.js';
import { onHost } from './hosts.js';

/** The one run that has this host. `run`: its name, if several runs have the host. @throws WeirError lab-not-standing, lab-ambiguous */
export function runWithHost(host: string, run: string | undefined, runs: readonly RunState[]): RunState {
  const candidates = runs.filter(
    (state) => (host === SWITCHES || Object.hasOwn(state.hosts, host)) && (run === undefined || state.run === run),
  );
  const [first] = candidates;
  if (first === undefined) {
    const standing = runs.map((state) => `${state.run} (${Object.keys(state.hosts).join(', ')})`).join('; ');
    throw new WeirError('lab-not-standing', { run, host, standing });
  }
  if (candidates.length > 1) throw new WeirError('lab-ambiguous', { host, runs: candidates.map((state) => state.run) });
  return first;
}

/** Runs a command (none: a shell) on a host, on this terminal; returns its exit status. */
export async function enter(host: string, command: readonly string[], run: string | undefined): Promise<number> {
  const state = runWithHost(
    host,
    run,
    allRuns().filter((one) => conditionOf(one) !== 'abandoned'),
  );
  const shell = findCommand('bash') === undefined ? ['sh', '-i'] : ['bash', '--noprofile', '--norc', '-i'];
  const argv = command.length > 0 ? command : shell;
  return runOnTerminal(onHost(state, host, argv), { ...labEnvironment(state.folder), PS1: `${host}# ` });
}
