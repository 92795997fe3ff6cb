// Finds a command by its name and runs it; prints help when there is none.
import { nearest } from '../model/nearest.js';
import { version } from '../report/version.js';
import type { Command } from './command.js';
import type { Io } from './io.js';

const USAGE_STATUS = 2;

function help(table: readonly Command[]): string {
  const lines = table.map(({ name, meaning }) => `  ${name.padEnd(16)} ${meaning}`);
  const own = ['  help [COMMAND]   this text, or how that command is used', '  version          print the version'];
  return ['usage: weir COMMAND [ARGUMENT ...]', '', ...lines, ...own, ''].join('\n');
}

function unknown(word: string, io: Io, table: readonly Command[]): number {
  const meant = nearest(word, [...table.map(({ name }) => name), 'help', 'version']);
  io.err(`weir: no such command: ${word}${meant === undefined ? '' : `; did you mean ${meant}?`} ('weir help' lists them)\n`);
  return USAGE_STATUS;
}

/** What weir itself prints: help, or its version. */
const HELP_WORDS = ['help', '--help', '-h'];
const VERSION_WORDS = ['version', '--version', '-v'];
const VERSION_USAGE = 'usage: weir version';

/** `weir help NAME`. */
async function helpOn(word: string, io: Io, table: readonly Command[]): Promise<number> {
  if (HELP_WORDS.includes(word)) {
    io.out(help(table));
    return 0;
  }
  if (VERSION_WORDS.includes(word)) {
    io.out(`${VERSION_USAGE}\n`);
    return 0;
  }
  const command = table.find(({ name }) => name === word);
  if (command === undefined) return unknown(word, io, table);
  if (command.usage === undefined) return (await command.load()).run(['--help'], io);
  io.out(`${command.usage}\n`);
  return 0;
}

/** Runs `weir NAME ARGS…` (or `ipvsadm ARGS…`, the name by which it was called) and returns the exit status. */
export async function dispatch(args: readonly string[], io: Io, table: readonly Command[]): Promise<number> {
  const [first, ...rest] = args[0] === 'weir' ? args.slice(1) : args;
  if (first === undefined) {
    io.err(help(table));
    return USAGE_STATUS;
  }
  if (HELP_WORDS.includes(first)) return helpOn(rest[0] ?? first, io, table);
  if (VERSION_WORDS.includes(first)) {
    io.out(rest[0] !== undefined && HELP_WORDS.includes(rest[0]) ? `${VERSION_USAGE}\n` : `weir ${version}\n`);
    return 0;
  }
  const command = table.find(({ name }) => name === first);
  if (command === undefined) return unknown(first, io, table);
  const { run } = await command.load();
  return run(rest, io);
}
