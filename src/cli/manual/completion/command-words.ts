// What may stand on the command lines of all commands, by the command's name: from their tables of options, and from what --help prints.

import { allOptions } from '../../../config/ipvsadm/options.js';
import { sysctlNames } from '../../../datapath/sysctls.js';
import { labs } from '../../../lab/labs/index.js';
import { OPTIONS as KEEPALIVED_OPTIONS, type Option } from '../../../model/keepalived/command-line.js';
import { SIP } from '../../../model/persistence-engine.js';
import { schedulers } from '../../../model/schedulers.js';
import type { Command, FormedRun } from '../../command.js';
import { OPTIONS as GENHASH_OPTIONS } from '../../genhash/options.js';
import { ownCommands, usageOf } from '../weir-pages.js';
import { type Candidates, type CommandWords, FREE, wordsOfUsage } from './candidates.js';

const words = (...list: readonly string[]): Candidates => ({ kind: 'words', words: list });
const FILE: Candidates = { kind: 'file' };

/** By the long name of an option; any other value is free. */
type Values = Readonly<Record<string, Candidates>>;

const IPVSADM_VALUES: Values = {
  scheduler: words(...schedulers.map(({ name }) => name)),
  pe: words(SIP),
  'tun-type': words('ipip', 'gue', 'gre'),
  'mcast-interface': { kind: 'interface' },
  'start-daemon': words('master', 'backup'),
  'stop-daemon': words('master', 'backup'),
  'sched-flags': words(...schedulers.flatMap(({ flags = [] }) => flags)),
};

const KEEPALIVED_VALUES: Values = {
  'use-file': FILE,
  'log-file': FILE,
  pid: FILE,
  vrrp_pid: FILE,
  checkers_pid: FILE,
  bfd_pid: FILE,
  signum: words('STOP', 'RELOAD', 'DATA', 'STATS', 'STATS_CLEAR', 'JSON'),
};

const GENHASH_VALUES: Values = { protocol: words('1.0', '1.0c', '1.1') };

function fromOptions(options: readonly Option[], values: Values): CommandWords {
  const spelled = options.flatMap(({ short, long, argument }) => {
    const what = argument === 'required' ? (values[long ?? ''] ?? FREE) : 'flag';
    return [...(long === undefined ? [] : [`--${long}`]), ...(short === undefined ? [] : [`-${short}`])].map(
      (name) => [name, what] as const,
    );
  });
  return { options: new Map(spelled), first: [], files: false };
}

/** Words behind a command's name that its usage does not list. */
const FIRST_WORDS: Readonly<Record<string, readonly string[]>> = {
  lab: labs.map(({ name }) => name),
  sysctl: sysctlNames.map((name) => `net.ipv4.vs.${name}`),
};

const NOTHING: CommandWords = { options: new Map(), first: [], files: false };

/** `types` of a command that has them: `run` is then made by `command`. */
async function ownWords(command: Command): Promise<CommandWords> {
  const { run } = await command.load();
  return wordsOfUsage(await usageOf(command), (run as Partial<FormedRun>).types);
}

/** By the command's name: as weir's first argument, and of those that are called by their own name. */
export async function commandWords(table: readonly Command[]): Promise<ReadonlyMap<string, CommandWords>> {
  const own = await Promise.all(ownCommands(table).map(async (command) => [command.name, await ownWords(command)] as const));
  const keepalived = fromOptions(KEEPALIVED_OPTIONS, KEEPALIVED_VALUES);
  const all = new Map<string, CommandWords>([
    ['ipvsadm', fromOptions([...allOptions.byLong.values(), ...allOptions.byShort.values()], IPVSADM_VALUES)],
    ['ipvsadm-save', { ...NOTHING, options: new Map([['-n', 'flag']]) }],
    ['ipvsadm-restore', NOTHING],
    ['keepalived', keepalived],
    ['run', keepalived],
    ['genhash', fromOptions(GENHASH_OPTIONS, GENHASH_VALUES)],
    ...own,
    ['help', { ...NOTHING, first: table.map(({ name }) => name) }],
  ]);
  return new Map([...all].map(([name, found]) => [name, { ...found, first: [...found.first, ...(FIRST_WORDS[name] ?? [])] }]));
}
