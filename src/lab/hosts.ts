// Commands on a lab's hosts. They always run inside the host's namespace: where it is missing, ip(8) refuses and nothing runs.
import { runChild } from '../sys/child.js';
import type { CommandResult } from './expect.js';
import { SWITCHES } from './names.js';
import { labEnvironment } from './paths.js';
import type { RunState } from './state.js';

/** In a namespace of host names of its own, too, so that `hostname` and what asks for it say the lab's name. */
const NAMED = 'echo "$1" >/proc/sys/kernel/hostname; shift; exec "$@"';

/** The argument vector that runs `argv` on a host, or among the switches (`sw`). @throws Error for a host that the run does not have */
export function onHost(state: RunState, host: string, argv: readonly string[]): readonly string[] {
  const namespace = host === SWITCHES ? state.switches : state.hosts[host];
  if (namespace === undefined) {
    throw new Error(`${state.run} has no host ${host}; it has ${Object.keys(state.hosts).join(', ')}`);
  }
  return ['ip', 'netns', 'exec', namespace, 'unshare', '--uts', '--', 'sh', '-c', NAMED, 'sh', host, ...argv];
}

/** Runs a line of shell on a host, with weir's own commands first in PATH. */
export async function runOnHost(
  state: RunState,
  host: string,
  command: string,
  timeoutMs: number,
  abort: AbortSignal,
): Promise<CommandResult> {
  const { exit, stdout, stderr, timedOut } = await runChild(onHost(state, host, ['sh', '-c', command]), {
    env: labEnvironment(state.folder),
    timeoutMs,
    abort,
  });
  return { exit, stdout, stderr, timedOut };
}
