// The build runs ipvsadm's program once, without effects: the code that V8 compiles is kept for later starts.
import { directorOpener } from '../director-opener.js';

/** Resolves with the exit status. */
export async function warmIpvsadm(): Promise<number> {
  await Promise.all([
    import('../ipvsadm/run.js'),
    import('../ipvsadm/restore-command.js'),
    import('../ipvsadm/save-command.js'),
    import('../../doctor/collect/bypassed.js'),
    directorOpener(),
  ]);
  return 0;
}
