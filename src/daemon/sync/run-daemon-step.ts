// Starts or stops a synchronisation daemon as ipvsadm does, by a command beside this process.
import type { DaemonStep } from '../../control/sync/daemon-steps.js';
import { endDaemon, hasDaemonDied, hasDaemonRecord } from '../../host/sync/sync-record.js';
import { formatAddress } from '../../model/address-text.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import { artifact } from '../../sys/artifact.js';
import { runChild } from '../../sys/processes/child.js';
import type { KeeperOptions } from './daemon-keeper.js';
import { directorCookie, inDirectorNamespace } from './director-namespace.js';

/** Starting loads the datapath where it is missing; it may wait for locks, too. */
const STEP_MS = 60_000;

/** ipvsadm's words. */
export function daemonCommand(step: DaemonStep): readonly string[] {
  if (step.kind === 'stop') return ['--stop-daemon', step.role];
  const { role, interface: device, syncId, maxLength, group, port, ttl, peers } = step.spec;
  const options = [
    ['--sync-maxlen', maxLength],
    ['--mcast-group', group && formatAddress(group)],
    ['--mcast-port', port],
    ['--mcast-ttl', ttl],
    ['--sync-peers', peers?.map(formatAddress).join(',')],
  ] as const;
  const given = options.flatMap(([name, value]) => (value === undefined ? [] : [name, String(value)]));
  return ['--start-daemon', role, '--mcast-interface', device, '--syncid', String(syncId), ...given];
}

/** False where the namespace is gone. `namespace`: absent: this process's own. */
function inNamespace(namespace: string | undefined, ask: (cookie: bigint) => boolean): boolean {
  try {
    return ask(directorCookie(namespace));
  } catch (error) {
    if (isWeirError(error, 'namespace-missing')) return false;
    throw error;
  }
}

/** What a keeper asks of the daemons in a namespace. `namespace`: absent: this process's own. */
export const daemonsIn = (namespace?: string): Pick<KeeperOptions, 'run' | 'isLeft' | 'hasDied' | 'end'> => ({
  run: (step) => runDaemonStep(step, namespace),
  isLeft: (role) => inNamespace(namespace, (cookie) => hasDaemonRecord(role, cookie)),
  hasDied: (role) => inNamespace(namespace, (cookie) => hasDaemonDied(role, cookie)),
  end: (role) => inNamespace(namespace, (cookie) => endDaemon(role, cookie)),
});

/** Undefined: it is done; else what the command printed. `namespace`: absent: this process's own. */
async function runDaemonStep(step: DaemonStep, namespace?: string): Promise<string | undefined> {
  const { WEIR_CHILD: _, ...env } = process.env as Record<string, string>;
  const argv = [...inDirectorNamespace(namespace), process.execPath, artifact('weir.cjs'), 'ipvsadm', ...daemonCommand(step)];
  const { exit, stderr, timedOut } = await runChild(argv, { env, cwd: '/', timeoutMs: STEP_MS });
  if (exit === 0) return undefined;
  const text = stderr.trim().replaceAll('\n', ' ');
  return text !== '' && !timedOut ? text : `the command ended with ${exit} after at most ${STEP_MS / 1000} s`;
}
