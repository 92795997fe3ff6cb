// Runs inside a host of a cluster for as long as it stands, and does there what its test asks for (resident.ts): weir's commands, and questions to
// servers. Run with node: the FIFO of the requests, one a line of JSON, then the FIFO of the answers. Ends with its standard input.
import { constants, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { oneLine } from '../../src/cli/failure.js';
import { memoryIo, printable } from '../../src/cli/io.js';
import type { Ran } from '../support/netns-bed.js';
import { answers } from './live-child.js';
import type { Request } from './resident.js';

/** As its own process ends (src/cli/programs/run-program.ts). */
async function command(words: readonly string[], input: string): Promise<Ran> {
  const [{ commands }, { dispatch }] = await Promise.all([import('../../src/cli/commands.js'), import('../../src/cli/dispatch.js')]);
  const io = memoryIo(input);
  const status = await dispatch(words, io, commands).catch((error: unknown) => {
    io.err(`weir: ${oneLine(error instanceof Error ? error.message : String(error))}\n`);
    return 1;
  });
  return { status, stdout: printable(io.stdout), stderr: printable(io.stderr) };
}

async function questions(words: readonly string[]): Promise<Ran> {
  const [protocol = '', host = '', port, times, from] = words;
  let stdout = '';
  for await (const answer of answers(protocol, host, Number(port), Number(times), Number(from))) stdout += `${answer}\n`;
  return { status: 0, stdout, stderr: '' };
}

const [asks = '', answered = ''] = process.argv.slice(2);
process.stdin.on('end', () => process.exit(0)).resume();
// For reading and writing: then neither ends, whoever comes and goes. Not as a file: a thread that reads one keeps the process from ending.
const fd = openSync(asks, constants.O_RDWR | constants.O_NONBLOCK);
const out = openSync(answered, constants.O_RDWR);
for await (const line of createInterface({ input: new Socket({ fd, readable: true, writable: false }) })) {
  const { what, words, input } = JSON.parse(line) as Request;
  const bytes = Buffer.from(`${JSON.stringify(await (what === 'ask' ? questions(words) : command(words, input)))}\n`);
  for (let at = 0; at < bytes.length; ) at += writeSync(out, bytes, at);
}
