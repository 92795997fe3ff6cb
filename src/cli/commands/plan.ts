// weir plan: prints what a reload of the daemon, or its start, would do with a file, or what weir apply would do with a weir.yaml. It changes
// nothing and waits for nothing.
import { existsSync } from 'node:fs';
import { hasChanges } from '../../control/plan/plan.js';
import { planText } from '../../control/plan/plan-text.js';
import type { RunningDaemon } from '../../host/running-daemon.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { absolutePath } from '../../sys/files/working-directory.js';
import { chooseDaemon, type DaemonChoice, processNumber } from '../daemon-choice.js';
import { DOCUMENT_OPTIONS, DOCUMENT_TYPES } from '../document/options.js';
import { planFile } from '../document/plan.js';
import { reported } from '../failure.js';
import { readFlags, wantsHelp } from '../flags.js';
import type { Io } from '../io.js';
import { DEFAULT_PATH } from '../keepalived/options.js';
import { collectPlan, type PlanResult } from '../plan/collect-plan.js';

const USAGE = `usage: weir plan [-f FILE] [--all] [--json] [PID]
       prints what a reload of keepalived with FILE would do, and to how many live connections; without a daemon: what a start would do
       it reads FILE as the daemon does, and changes nothing; without -f: the daemon's own file, else ${DEFAULT_PATH}
       PID: of the daemon, where several run in this network namespace
       weir plan FILE [--keep-others] [--ignore weights] [--allow KIND[,KIND]...] [--all] [--json]
       prints what weir apply FILE would do: FILE is a weir.yaml; -: standard input
${DOCUMENT_OPTIONS}       --all   lists what stays, too
       --json  the same as one object, with all that stays
       exit status 0: nothing would change; 4: something would, or weir reload has to follow; 3: FILE would be refused;
       1: plan could not look; 2: wrong usage
`;
const TYPES = { ...DOCUMENT_TYPES, file: 'value' } as const;
/** Of a weir.yaml alone. */
const DOCUMENT_ALONE = ['keep-others', 'ignore', 'allow'] as const;

const STATUS = { unchanged: 0, refused: 3, changes: 4 } as const;

function statusOf({ plan }: PlanResult): number {
  if (plan === undefined) return STATUS.refused;
  return hasChanges(plan) ? STATUS.changes : STATUS.unchanged;
}

/** A weir run needs no keepalived.conf: then it is named by its weir.yaml. */
function daemonText({ pid, file, weirFile }: RunningDaemon): string {
  if (weirFile === undefined) return `keepalived (process ${pid}, ${file})`;
  return `weir run (process ${pid}, ${existsSync(file) ? `${file} and ${weirFile}` : weirFile})`;
}

function printText(file: string, { daemon, unknown }: DaemonChoice, result: PlanResult, all: boolean, io: Io): void {
  const what = daemon === undefined ? 'a start of keepalived' : `a reload of ${daemonText(daemon)}`;
  for (const message of result.messages) io.err(`${message}\n`);
  if (unknown !== undefined) {
    io.err(`weir plan: keepalived (process ${unknown}) does not report what it runs with: this is the plan of a start\n`);
  }
  if (result.plan === undefined) {
    io.err(`weir plan: ${what} with ${file} would be refused: ${result.refused}\n`);
    return;
  }
  io.out(`${what}${daemon?.weirFile !== undefined && !existsSync(file) ? '' : ` with ${file}`}\n`);
  for (const line of planText(result.plan, { all })) io.out(`${line}\n`);
}

function json(file: string, { daemon }: DaemonChoice, { messages, refused, plan }: PlanResult): string {
  const value = {
    file,
    daemon: daemon?.pid ?? null,
    messages,
    refused: refused ?? null,
    changes: plan !== undefined && hasChanges(plan),
    ...plan,
  };
  return `${JSON.stringify(value)}\n`;
}

export function run(args: readonly string[], io: Io): Promise<number> {
  return reported('weir plan', io, async () => {
    if (wantsHelp(args)) {
      io.out(USAGE);
      return 0;
    }
    const words = args.map((arg) => (arg === '-f' ? '--file' : arg));
    const { flags, words: rest } = readFlags(words, TYPES);
    const [word, unexpected] = rest;
    if (unexpected !== undefined) throw new WeirError('argument-unexpected', { given: unexpected });
    if (word !== undefined && !/^\d+$/.test(word)) {
      if (flags.file !== undefined) throw new WeirError('argument-unexpected', { given: word });
      return planFile(word, flags, io);
    }
    const alone = DOCUMENT_ALONE.find((name) => flags[name] !== undefined);
    if (alone !== undefined) throw new WeirError('option-not-here', { options: `--${alone}`, only: 'a weir.yaml as FILE' });
    const given = flags.file === undefined ? undefined : absolutePath(flags.file);
    const choice = chooseDaemon(word === undefined ? undefined : processNumber(word), given);
    const file = given ?? choice.daemon?.file ?? DEFAULT_PATH;
    const result = collectPlan(given, choice.daemon);
    if (flags.json === true) io.out(json(file, choice, result));
    else printText(file, choice, result, flags.all === true, io);
    return statusOf(result);
  });
}
