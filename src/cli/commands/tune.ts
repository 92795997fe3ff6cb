// weir tune: the sysctls of a role, shown, applied, given back; for the next boot; and the clocks of hosts beside each other.
import { sysctlName } from '../../control/realserver/arp-settings.js';
import type { ChangedSince } from '../../control/tuning/apply.js';
import { type TuningChoice, tuningLines } from '../../control/tuning/plan.js';
import { observeTuning } from '../../host/tuning/observe.js';
import { appliedTuning, applyTuning, type TuningOutcome, undoTuning } from '../../host/tuning/tuning.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { idleRows, refusedRows } from '../../model/tuning/table.js';
import { command, expectWords, rootFolder } from '../command.js';
import type { Io } from '../io.js';
import { compareClocks } from '../tune/clocks.js';
import { removeDropIns, reportDropIns, writeDropIns } from '../tune/drop-ins.js';
import { readChoice, readForwarding, readRoles, type TuneFlags, TYPES } from '../tune/options.js';
import { isTuned, otherText, reportJson, reportText, type TuningReport } from '../tune/text.js';

const USAGE = `usage: weir tune --role ROLE[,ROLE] [--diff] [--persist] [--json]     the table: value now, value wanted, why, harm
       weir tune --role ROLE[,ROLE] [--apply] --persist               write /etc/sysctl.d/60-weir-ROLE.conf for the next boot
       weir tune --role ROLE[,ROLE] --apply                           change what differs, until the next boot
       weir tune --undo [--role ROLE[,ROLE]] [--persist]              give back exactly what was; --persist removes the files
       weir tune --clocks ADDRESS … [--tolerance MS] [--json]         the clocks of other hosts beside the one here, by ICMP
       ROLE is director, realserver or layer7
       --forwarding on|off   also net.ipv4.ip_forward, and send_redirects where it is on (VS/NAT needs it)
       --only KEY,…, --without KEY,…   some rows of the table, or all others
       --diff prints what differs; with --persist the files, too. --root DIR: the files below DIR
       exit status 0: as wanted, or done; 4: something differs (--diff, --clocks); 1: something could not be done; 2: wrong usage
`;

const DIFFERS = 4;

function report(choice: TuningChoice, flags: TuneFlags): TuningReport {
  const reading = observeTuning(readForwarding(flags.forwarding));
  const files = flags.persist === true ? reportDropIns(choice, reading, appliedTuning(), rootFolder(flags)) : [];
  return { lines: tuningLines(choice, reading), idle: idleRows(choice.roles), refused: refusedRows, files };
}

function show(flags: TuneFlags, io: Io): number {
  const found = report(readChoice(flags), flags);
  const isDiff = flags.diff === true;
  if (flags.json === true) io.out(`${JSON.stringify(reportJson(found))}\n`);
  else io.out(reportText(found, isDiff ? 'differs' : 'all'));
  if (!isDiff) return 0;
  if (isTuned(found) && flags.json !== true) io.out('as wanted\n');
  return isTuned(found) ? 0 : DIFFERS;
}

function printOutcome({ done, failed }: TuningOutcome, nothing: string, io: Io): number {
  for (const { path, value } of done) io.out(`${sysctlName(path)} = ${value}\n`);
  for (const { path, value, why } of failed) io.err(`weir tune: ${sysctlName(path)} = ${value} failed: ${why}\n`);
  if (done.length + failed.length === 0) io.out(`${nothing}\n`);
  return failed.length === 0 ? 0 : 1;
}

/** The files for the next boot are written last: they have what is remembered of the values before. */
function change(flags: TuneFlags, io: Io): number {
  const [choice, forwarding] = [readChoice(flags), readForwarding(flags.forwarding)];
  const status = flags.apply === true ? printOutcome(applyTuning(choice, forwarding), 'all as wanted already', io) : 0;
  if (flags.persist !== true) return status;
  const { written, files } = writeDropIns(choice, observeTuning(forwarding), appliedTuning(), rootFolder(flags));
  for (const path of written) io.out(`wrote ${path}\n`);
  if (written.length === 0) io.out(`${files.map(({ path }) => path).join(' ')} as wanted already\n`);
  for (const other of files.flatMap(({ others }) => others)) io.err(`weir tune: ${otherText(other)}\n`);
  return status;
}

const changedText = ({ path, now, set, previous }: ChangedSince): string =>
  `${sysctlName(path)} stays ${now}: weir had set ${set}, and it was changed since; before weir it was ${previous}`;

function undo(flags: TuneFlags, io: Io): number {
  const roles = flags.role === undefined ? undefined : readRoles(flags.role);
  const outcome = undoTuning();
  const status = printOutcome(outcome, 'nothing to give back', io);
  for (const one of outcome.changedSince) io.err(`weir tune: ${changedText(one)}\n`);
  if (flags.persist === true) for (const path of removeDropIns(roles, rootFolder(flags))) io.out(`removed ${path}\n`);
  return outcome.changedSince.length > 0 ? 1 : status;
}

/** Options that mean nothing in this form of the command. */
function refuse(flags: TuneFlags, names: readonly (keyof TuneFlags)[], only: string): void {
  const given = names.filter((name) => flags[name] !== undefined).map((name) => `--${name}`);
  if (given.length > 0) throw new WeirError('option-not-here', { options: given.join(', '), only });
}

const TABLE = ['forwarding', 'only', 'without', 'diff'] as const;

export const run = command({ name: 'weir tune', usage: USAGE, types: TYPES }, ({ flags, words }, io) => {
  if (flags.clocks === true) {
    refuse(flags, [...TABLE, 'role', 'apply', 'undo', 'persist', 'root'], 'the table');
    return compareClocks(words, flags, io);
  }
  refuse(flags, ['tolerance'], '--clocks');
  expectWords(words, 0);
  if (flags.undo === true) {
    refuse(flags, [...TABLE, 'apply', 'json'], 'the table');
    return undo(flags, io);
  }
  if (flags.diff === true) refuse(flags, ['apply'], 'the table');
  if (flags.apply === true || (flags.persist === true && flags.diff !== true)) {
    refuse(flags, ['json'], 'the table or --diff');
    return change(flags, io);
  }
  return show(flags, io);
});
