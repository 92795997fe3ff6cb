// weir install and weir uninstall: links to the commands, the udev rule, units, manual, completion and rsyslog's file, into this system or an
// image of one.
import { type InstallOptions, type InstallOutcome, install, uninstall } from '../../host/install/install.js';
import { type Command, command, expectWords, type Run, rootFolder } from '../command.js';
import type { Flags } from '../flags.js';
import type { Io } from '../io.js';
import { installedTexts } from '../manual/installed-texts.js';

const USAGE = `usage: weir install [--keepalived] [--rsyslog] [--root DIR] [--dry-run]
       weir uninstall [--root DIR] [--dry-run]
       links weir, ipvsadm, ipvsadm-save, ipvsadm-restore and tcpvsadm into /usr/local/sbin; installs the udev rule that attaches new
       interfaces; ipvsadm.service, which restores the table at boot ('systemctl enable ipvsadm' switches it on), weir-apply,
       weir-run, weir-switch and weir-sync, which are switched on alike; what makes weir follow nftables.service and the like,
       manual pages, and the completion of bash and zsh
       --keepalived  also the commands keepalived and genhash, and the unit keepalived
       --rsyslog     also rsyslog's file, which sends local0 (keepalived -S 0) to /var/log/keepalived.log and nowhere else
       --root DIR    into the system below DIR
       --dry-run     only prints what would be written or removed
       a file that is not weir's, or was changed since, is never overwritten; uninstall leaves it
`;
const UNINSTALL_TYPES = { root: 'value', 'dry-run': 'flag' } as const;
const INSTALL_TYPES = { ...UNINSTALL_TYPES, keepalived: 'flag', rsyslog: 'flag' } as const;

function optionsOf(flags: Flags<typeof UNINSTALL_TYPES>, words: readonly string[]): InstallOptions {
  expectWords(words, 0);
  return { root: rootFolder(flags), dryRun: flags['dry-run'] === true };
}

function print(name: string, io: Io, { done, notes }: InstallOutcome, nothing: string): number {
  for (const line of done) io.out(`${line}\n`);
  for (const line of notes) io.err(`${name}: ${line}\n`);
  if (done.length === 0) io.out(`${nothing}\n`);
  return 0;
}

/** `table`: the commands that manual and completion are about. */
export const runInstall = (table: readonly Command[]): Run =>
  command({ name: 'weir install', usage: USAGE, types: INSTALL_TYPES }, async ({ flags, words }, io) => {
    const choice = { keepalived: flags.keepalived === true, rsyslog: flags.rsyslog === true, made: await installedTexts(table) };
    return print('weir install', io, await install(choice, optionsOf(flags, words)), 'all of it is installed already');
  });

export const runUninstall = (table: readonly Command[]): Run =>
  command({ name: 'weir uninstall', usage: USAGE, types: UNINSTALL_TYPES }, async ({ flags, words }, io) =>
    print('weir uninstall', io, await uninstall(await installedTexts(table), optionsOf(flags, words)), 'nothing of it is installed'),
  );
