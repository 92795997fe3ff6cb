// The build runs the API's program once for each of its two beginnings, without effects: the code that V8 compiles is kept for later starts.
import { PROCESSES } from '../../daemon/processes.js';
import { childKind } from '../../daemon/supervisor/children/child-process.js';

/** Resolves with the exit status. */
export async function warmApi(): Promise<number> {
  if (childKind() === undefined) await Promise.all([import('../commands/api.js'), import('../../daemon/api/alone.js')]);
  else await Promise.all([import('../../daemon/process/child-main.js'), PROCESSES.api.load()]);
  return 0;
}
