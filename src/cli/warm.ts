// The build runs the program once, without effects: the code that V8 compiles is kept for later starts.
import { sampleConfiguration } from './warm-sample.js';

/** The commands that scripts call most. Resolves with the exit status. */
export async function warmCommands(): Promise<number> {
  await Promise.all([import('./ipvsadm/run.js'), import('./ipvsadm/restore-command.js'), import('./ipvsadm/save-command.js')]);
  sampleConfiguration();
  return 0;
}
