// The entry of the API's program: the daemon's, with the API that the other programs leave out.
import { daemonCommands } from './daemon-commands.js';
import { runProgram } from './run-program.js';
import { warmApi } from './warm-api.js';

const api = { name: 'api', meaning: 'the control API', load: () => import('../commands/api.js') };

runProgram([...daemonCommands, api], warmApi);
