// The build runs the program of all commands once, without effects: the code that V8 compiles is kept for later starts.
import { directorOpener } from '../director-opener.js';
import { sampleConfiguration } from './warm-sample.js';

/** Those that scripts call most. Resolves with the exit status. */
export async function warmCommands(): Promise<number> {
  await Promise.all([import('../commands/status.js'), import('../commands/conns.js'), import('../commands/load.js'), directorOpener()]);
  sampleConfiguration();
  return 0;
}
