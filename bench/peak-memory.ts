// A program of its own: node peak-memory.js COMMAND ARGUMENT...: runs the command, reads all that it prints, and prints how many lines that were
// and the command's largest resident memory in bytes.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

const NEWLINE = 10;

/** VmHWM; 0 once the process has ended. Of a process that replaced itself by another program it is that program's. */
const peakOf = (process: number): number => {
  const status = readFileSync(`/proc/${process}/status`, 'utf8');
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
};

const [command = '', ...rest] = process.argv.slice(2);
const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
let lines = 0;
let bytesMax = 0;
// The command waits for its reader: at its last piece of output it still runs, and its memory only grew until then.
child.stdout.on('data', (chunk: Buffer) => {
  for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) lines += 1;
  if (child.pid !== undefined && child.exitCode === null) bytesMax = Math.max(bytesMax, peakOf(child.pid));
});
child.on('error', (error) => {
  throw error;
});
child.on('close', (status) => {
  process.stdout.write(`${lines} ${bytesMax}\n`);
  process.exitCode = status ?? 1;
});
