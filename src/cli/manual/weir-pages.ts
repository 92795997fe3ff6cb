// weir(8), and a page weir-NAME(8) for each of its own commands, from the table of commands and what --help prints.
import { sysctlNames, sysctls } from '../../datapath/sysctls.js';
import type { Command } from '../command.js';
import { PACKETS_USAGE } from '../commands/sim-packets.js';
import { memoryIo } from '../io.js';
import { described, list, type ManualPage, page, prose, seeAlso, synopsis } from './page.js';
import { roffText, type Section } from './roff.js';
import { type Block, readUsage, type Usage } from './usage-text.js';

/** Commands whose page has a name of its own. */
const OWN_PAGE: Readonly<Record<string, string>> = {
  ipvsadm: 'ipvsadm(8)',
  'ipvsadm-save': 'ipvsadm-save(8)',
  'ipvsadm-restore': 'ipvsadm-restore(8)',
  keepalived: 'keepalived(8)',
  run: 'keepalived(8)',
  genhash: 'genhash(1)',
};

/** The commands of weir's that have a page weir-NAME(8). */
export const ownCommands = (table: readonly Command[]): readonly Command[] => table.filter(({ name }) => !Object.hasOwn(OWN_PAGE, name));

/** What `weir help NAME` prints. */
async function helpOf(command: Command): Promise<string> {
  if (command.usage !== undefined) return command.usage;
  const io = memoryIo();
  const { run } = await command.load();
  await run(['--help'], io);
  return io.stdout;
}

/** Parts of a command that print a usage of their own. */
const PARTS: Readonly<Record<string, readonly string[]>> = { sim: [PACKETS_USAGE] };

/** All that `--help` of this command prints, and of its parts. */
export async function usageOf(command: Command): Promise<Usage> {
  const usages = [await helpOf(command), ...(PARTS[command.name] ?? [])].map((text) => readUsage(text));
  return { forms: usages.flatMap(({ forms }) => forms), blocks: usages.flatMap(({ blocks }) => blocks) };
}

const EXIT_STATUS = /^exit status(?: of \S+)?:? +/;

const pageName = ({ name }: Command): string => OWN_PAGE[name] ?? `weir-${name}(8)`;

function keys(): Section {
  const rows = sysctlNames.map((name): [string, string] => {
    const { initial, noEffect } = sysctls[name];
    const begin = initial.length > 2 ? 'All CPUs at first.' : `${initial.join(' ')} at first.`;
    return [name, noEffect === undefined ? begin : `${begin} Without effect: ${noEffect}.`];
  });
  return list('KEYS', rows);
}

const EXTRA: Readonly<Record<string, () => readonly Section[]>> = { sysctl: () => [keys()] };

async function commandPage(command: Command): Promise<ManualPage> {
  const { forms, blocks } = await usageOf(command);
  const isStatus = ({ kind, text }: Block): boolean => kind === 'prose' && EXIT_STATUS.test(text);
  return page({ name: `weir-${command.name}`, section: 8, meaning: command.meaning }, [
    synopsis(forms),
    described(
      'DESCRIPTION',
      blocks.filter((block) => !isStatus(block)),
    ),
    prose('EXIT STATUS', ...blocks.filter(isStatus).map(({ text }) => `${text.replace(EXIT_STATUS, '')}.`)),
    ...(EXTRA[command.name]?.() ?? []),
    seeAlso('weir(8)', 'ipvsadm(8)'),
  ]);
}

function overview(table: readonly Command[]): ManualPage {
  const lines = table.flatMap((command) => {
    const [, base = '', section = ''] = /^(.*)\((\d)\)$/.exec(pageName(command)) ?? [];
    return [
      '.TP',
      `\\fB${roffText(command.name)}\\fR`,
      `${roffText(command.meaning)}:`,
      `.BR ${base.replaceAll('-', '\\-')} (${section}).`,
    ];
  });
  return page({ name: 'weir', section: 8, meaning: 'Linux Virtual Server on an eBPF datapath' }, [
    synopsis(['weir COMMAND [ARGUMENT...]', 'weir help [COMMAND]', 'weir version']),
    prose(
      'DESCRIPTION',
      'Balances connections over real servers, as the kernel’s IPVS does, by BPF programs that it attaches to the interfaces of this network namespace. The table is in the kernel: no process of weir’s has to run.',
    ),
    { title: 'COMMANDS', lines },
    list('FILES', [
      ['/run/weir/bpf', 'the pinned tables, a folder for each network namespace.'],
      ['/etc/ipvsadm.rules', 'the table that ipvsadm.service restores at boot.'],
    ]),
    seeAlso('ipvsadm(8)', 'keepalived(8)', 'keepalived.conf(5)', 'weir-doctor(8)', 'weir-explain(8)'),
  ]);
}

export const weirPages = async (table: readonly Command[]): Promise<readonly ManualPage[]> => [
  overview(table),
  ...(await Promise.all(ownCommands(table).map(commandPage))),
];
