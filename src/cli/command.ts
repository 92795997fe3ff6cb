// What weir's own commands have in common: --help, options and words, and an error as one line.
import { WeirError } from '../model/errors/weir-error.js';
import { reported } from './failure.js';
import { type Flags, type FlagTypes, readFlags, wantsHelp } from './flags.js';
import type { Io } from './io.js';

/** A command: its arguments without its name; the process's exit status. */
export type Run = (args: readonly string[], io: Io) => Promise<number>;

/** A row of the table of commands (commands.ts). */
export interface Command {
  readonly name: string;
  readonly meaning: string;
  /** How it is used, for a command that cannot print it itself. */
  readonly usage?: string;
  readonly load: () => Promise<{ readonly run: Run }>;
}

/** A command of weir's that `command` made; completion reads its options. */
export type FormedRun = Run & { readonly types: FlagTypes };

interface CommandForm<T extends FlagTypes> {
  /** As messages begin: `weir load`. */
  readonly name: string;
  readonly usage: string;
  readonly types: T;
  /** Of every failure; absent: the error's own. */
  readonly failureStatus?: number;
}

/** What stands behind the command's name. */
export interface Given<T extends FlagTypes> {
  readonly flags: Flags<T>;
  readonly words: readonly string[];
}

/** A command from its form and its work, which answers with the exit status. */
export function command<T extends FlagTypes>(
  { name, usage, types, failureStatus }: CommandForm<T>,
  work: (given: Given<T>, io: Io) => number | Promise<number>,
): FormedRun {
  const run: Run = (args, io) =>
    reported(
      name,
      io,
      async () => {
        if (wantsHelp(args)) {
          io.out(usage);
          return 0;
        }
        return work(readFlags(args, types), io);
      },
      failureStatus,
    );
  return Object.assign(run, { types });
}

/** @throws WeirError argument-unexpected where more words are given than `count` */
export function expectWords(words: readonly string[], count: number): void {
  const unexpected = words[count];
  if (unexpected !== undefined) throw new WeirError('argument-unexpected', { given: unexpected });
}

/** The one of the options that is given; undefined: none is. @throws WeirError options-exclude where more are */
export function onlyOne<K extends string>(flags: { readonly [name in K]?: unknown }, ...names: readonly K[]): K | undefined {
  const given = names.filter((name) => flags[name] !== undefined && flags[name] !== false);
  if (given.length > 1) throw new WeirError('options-exclude', { options: given.map((name) => `--${name}`) });
  return given[0];
}

/** Where to write and remove files: below `/`, or below the folder of --root. */
export const rootFolder = ({ root }: { readonly root?: string }): string => (root ?? '').replace(/\/+$/, '');
