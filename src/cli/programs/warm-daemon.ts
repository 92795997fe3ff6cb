// The build runs the daemon's program once for each kind of process, without effects: the code that V8 compiles is kept for later starts.
import { spawnSync } from 'node:child_process';
import { PROCESS_KINDS, PROCESSES, type ProcessKind } from '../../daemon/processes.js';
import { childKind } from '../../daemon/supervisor/children/child-process.js';
import { sampleConfiguration } from './warm-sample.js';

/** What a process of this kind loads, and for VRRP an election. */
async function warmProcess(kind: ProcessKind): Promise<void> {
  await Promise.all([import('../../daemon/process/child-main.js'), PROCESSES[kind].load()]);
  if (kind !== 'vrrp') return;
  const { rehearse } = await import('../../control/vrrp/rehearse.js');
  const configuration = sampleConfiguration();
  if (configuration !== undefined) rehearse(configuration);
}

/** The supervisor; then the other kinds of processes, each with its own flags. */
async function warmSupervisor(): Promise<void> {
  await Promise.all([
    import('../keepalived/run.js'),
    import('../keepalived/load-configuration.js'),
    import('../../daemon/supervisor/daemon.js'),
    import('../../daemon/reader/reader.js'),
  ]);
  sampleConfiguration();
  for (const kind of PROCESS_KINDS) {
    const args = [...PROCESSES[kind].nodeFlags, process.argv[1] ?? '', 'keepalived'];
    spawnSync(process.execPath, args, { stdio: 'ignore', env: { ...process.env, WEIR_CHILD: kind } });
  }
}

/** Resolves with the exit status. */
export async function warmDaemon(): Promise<number> {
  const kind = childKind();
  await (kind === undefined ? warmSupervisor() : warmProcess(kind));
  return 0;
}
