// Runs commands on a lab's hosts, always in the host's namespace: if that is missing, ip(8) fails and nothing runs.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WeirError } from '../../model/errors/weir-error.js';
import { runChild } from '../../sys/processes/child.js';
import type { Lab } from '../definition/lab.js';
import { SWITCHES } from '../definition/names.js';
import type { CommandResult } from '../judge/judge.js';
import { labEnvironment } from '../state/paths.js';
import type { RunState } from '../state/run-state.js';

/** Runs the command in a UTS namespace, so that `hostname` prints the lab's name of the host. */
const NAMED = 'echo "$1" >/proc/sys/kernel/hostname; shift; exec "$@"';

/** The argument vector that runs `argv` on a host, or among the switches (`sw`). @throws WeirError lab-host-unknown */
export function onHost(state: RunState, host: string, argv: readonly string[]): readonly string[] {
  const namespace = host === SWITCHES ? state.switches : state.hosts[host];
  if (namespace === undefined) throw new WeirError('lab-host-unknown', { run: state.run, host, hosts: Object.keys(state.hosts) });
  return ['ip', 'netns', 'exec', namespace, 'unshare', '--uts', '--', 'sh', '-c', NAMED, 'sh', host, ...argv];
}

/** A host's own folder, or a switch's, which is made where it is not there: its files, its web server's log. */
function hostFolder(state: RunState, host: string): string {
  const folder = join(state.folder, host);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Writes the files that a lab gives its hosts. */
export function writeFiles(lab: Lab, state: RunState): void {
  for (const [host, { files }] of Object.entries(lab.hosts))
    for (const [name, text] of Object.entries(files ?? {})) writeFileSync(join(hostFolder(state, host), name), text);
}

/** Runs a line of shell on a host, with weir's own commands first in PATH, in the host's folder. */
export async function runOnHost(
  state: RunState,
  host: string,
  command: string,
  timeoutMs: number,
  abort: AbortSignal,
): Promise<CommandResult> {
  const { exit, stdout, stderr, timedOut } = await runChild(onHost(state, host, ['sh', '-c', command]), {
    env: labEnvironment(state.folder),
    cwd: hostFolder(state, host),
    timeoutMs,
    abort,
  });
  return { exit, stdout, stderr, timedOut };
}
