// The entry of the daemon's program: its processes hold the text of no other command.
import { daemonCommands } from './daemon-commands.js';
import { runProgram } from './run-program.js';
import { warmDaemon } from './warm-daemon.js';

runProgram(daemonCommands, warmDaemon);
