// `weir sysctl`: net.ipv4.vs.* of the director, with the words and answers of procps' sysctl.

import type { Director, TableReader } from '../../datapath/director.js';
import { isSysctlName, sysctlWithoutEffect } from '../../datapath/sysctls.js';
import { isRefusal } from '../../model/errors/weir-error.js';
import { hasCode } from '../../sys/errno.js';
import { type DirectorOpener, directorOpener } from '../director-opener.js';
import { reported, reportWait } from '../failure.js';
import { wantsHelp } from '../flags.js';
import type { Io } from '../io.js';

const PREFIX = 'net.ipv4.vs.';
const FAILED = 1;
const USAGE = 'usage: weir sysctl [-n] [-N] [-q] [-e] [-w] net.ipv4.vs.KEY[=VALUE] … | net.ipv4.vs | -a\n';

/** -a all · -w only writes · -n values · -N names · -q no output on a write · -e ignore unknown keys */
interface Flags {
  all: boolean;
  write: boolean;
  values: boolean;
  names: boolean;
  quiet: boolean;
  ignore: boolean;
}

const flagOf: Readonly<Record<string, keyof Flags>> = {
  a: 'all',
  A: 'all',
  X: 'all',
  w: 'write',
  n: 'values',
  N: 'names',
  q: 'quiet',
  e: 'ignore',
  all: 'all',
  write: 'write',
  values: 'values',
  names: 'names',
  quiet: 'quiet',
  ignore: 'ignore',
};

/** undefined: an unknown flag. */
function readFlags(args: readonly string[]): { flags: Flags; words: string[] } | undefined {
  const flags: Flags = { all: false, write: false, values: false, names: false, quiet: false, ignore: false };
  const words: string[] = [];
  for (const arg of args) {
    if (!arg.startsWith('-')) words.push(arg);
    else {
      for (const name of arg.startsWith('--') ? [arg.slice(2)] : arg.slice(1)) {
        const flag = Object.hasOwn(flagOf, name) ? flagOf[name] : undefined;
        if (flag === undefined) return undefined;
        flags[flag] = true;
      }
    }
  }
  return { flags, words };
}

/** procps takes `net/ipv4/vs/x` for `net.ipv4.vs.x`. */
function dotted(name: string): string {
  return name.indexOf('/') >= 0 && (name.indexOf('.') < 0 || name.indexOf('/') < name.indexOf('.')) ? name.replaceAll('/', '.') : name;
}

function show(name: string, value: string, flags: Flags): string {
  if (flags.names) return `${name}\n`;
  return flags.values ? `${value}\n` : `${name} = ${value}\n`;
}

/** What to do about a key that weir does not have; undefined: nothing is known. */
function nextStep(name: string): string | undefined {
  if (isSysctlName(name)) return `${name} lacks its prefix — fix: ${PREFIX}${name}`;
  return name.startsWith(PREFIX) ? undefined : `there are keys of ${PREFIX}* alone — fix: sysctl(8) for the others`;
}

/** The first line is that of procps, by which scripts know a missing key, also where the kernel has one. */
function unknown(name: string, flags: Flags, io: Io): number {
  if (flags.ignore) return 0;
  io.err(`sysctl: cannot stat /proc/sys/${name.replaceAll('.', '/')}: No such file or directory\n`);
  const step = nextStep(name);
  if (step !== undefined) io.err(`weir: ${step}\n`);
  return FAILED;
}

function showAll(table: TableReader, flags: Flags, io: Io): number {
  for (const [name, value] of [...table.sysctls()].sort(([a], [b]) => (a < b ? -1 : 1))) io.out(show(PREFIX + name, value, flags));
  return 0;
}

function read(name: string, table: TableReader, flags: Flags, io: Io): number {
  if (`${name}.` === PREFIX) return showAll(table, flags, io);
  const value = name.startsWith(PREFIX) ? table.sysctls().get(name.slice(PREFIX.length)) : undefined;
  if (value === undefined) return unknown(name, flags, io);
  io.out(show(name, value, flags));
  return 0;
}

function write(name: string, value: string, director: Director, flags: Flags, io: Io): number {
  if (!name.startsWith(PREFIX)) return unknown(name, flags, io);
  try {
    director.setSysctl(name.slice(PREFIX.length), value);
  } catch (error) {
    if (isRefusal(error, 'ENOENT')) return unknown(name, flags, io);
    if (hasCode(error, 'EPERM', 'EACCES')) io.err(`sysctl: permission denied on key "${name}"\n`);
    else if (isRefusal(error, 'EOPNOTSUPP')) io.err(`weir: ${error.message}\n`);
    else if (!isRefusal(error)) throw error;
    else io.err(`sysctl: setting key "${name}": Invalid argument\n`);
    return FAILED;
  }
  if (!flags.quiet) io.out(show(name, value, flags));
  const why = sysctlWithoutEffect(name.slice(PREFIX.length), value);
  if (why !== undefined) io.err(`weir: ${name} is kept, but has no effect: ${why}\n`);
  return 0;
}

/** `director`: present if any word writes. */
function one(word: string, table: TableReader, director: Director | undefined, flags: Flags, io: Io): number {
  const equals = word.indexOf('=');
  if (equals >= 0 && director !== undefined) {
    return write(dotted(word.slice(0, equals).trim()), word.slice(equals + 1).trim(), director, flags, io);
  }
  if (!flags.write) return read(dotted(word.trim()), table, flags, io);
  io.err('sysctl: command line(0): invalid syntax, continuing...\n');
  return FAILED;
}

export async function runSysctl(args: readonly string[], io: Io, open: DirectorOpener): Promise<number> {
  if (wantsHelp(args)) {
    io.out(USAGE);
    return 0;
  }
  const parsed = readFlags(args);
  if (parsed === undefined || (parsed.words.length === 0 && !parsed.flags.all)) {
    io.err(USAGE);
    return FAILED;
  }
  const { flags, words } = parsed;
  const writes = !flags.all && words.some((word) => word.includes('='));
  const onWait = reportWait('weir sysctl', io);
  const director = writes ? open({ load: true, onWait }) : undefined;
  const table = director ?? open({ load: true, shared: true, onWait });
  try {
    if (flags.all) return showAll(table, flags, io);
    let status = 0;
    for (const word of words) status = one(word, table, director, flags, io) || status;
    return status;
  } finally {
    table.close();
  }
}

export async function run(args: readonly string[], io: Io): Promise<number> {
  return reported('weir sysctl', io, async () => runSysctl(args, io, await directorOpener()));
}
