// The entry of the program of all commands.
import { commands } from '../commands.js';
import { runProgram } from './run-program.js';
import { warmCommands } from './warm-commands.js';

runProgram(commands, warmCommands);
