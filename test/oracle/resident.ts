// weir's commands without a process start each: answers what a recorded script asks by the thousand. Started in the director's network
// namespace with a folder; reads requests from the FIFO `ask` there, one a line: where the answer goes, then the command and its
// arguments, parted by 0x1f. What was written goes to REPLY.out and REPLY.err, then the status to the FIFO REPLY. Ends with its standard input.
import { spawnSync } from 'node:child_process';
import { constants, openSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { commands } from '../../src/cli/commands.js';
import { dispatch } from '../../src/cli/dispatch.js';
import { memoryIo } from '../../src/cli/io.js';

const [folder = ''] = process.argv.slice(2);
const ask = `${folder}/ask`;

async function answer(line: string): Promise<void> {
  const [reply = '', ...words] = line.split('\x1f');
  const io = memoryIo();
  const status = await dispatch(words, io, commands);
  writeFileSync(`${reply}.out`, io.stdout);
  writeFileSync(`${reply}.err`, io.stderr);
  writeFileSync(reply, `${status}\n`);
}

if (spawnSync('mkfifo', [ask]).status !== 0) throw new Error(`no FIFO ${ask}`);
process.stdin.on('end', () => process.exit(0)).resume();
// For reading and writing: then it never ends, whoever comes and goes. Not as a file: a thread that reads one keeps the process from ending.
const fd = openSync(ask, constants.O_RDWR | constants.O_NONBLOCK);
const requests = createInterface({ input: new Socket({ fd, readable: true, writable: false }) });
process.stdout.write('ready\n');
for await (const line of requests) await answer(line);
