// The entry of ipvsadm's program: what scripts call most starts without the text of all other commands.
import { ipvsadmCommands } from './ipvsadm-commands.js';
import { runProgram } from './run-program.js';
import { warmIpvsadm } from './warm-ipvsadm.js';

runProgram(ipvsadmCommands, warmIpvsadm);
