// weir apply FILE: makes the table and the VIPs of this host what a weir.yaml states, all of it or nothing.
import { existsSync } from 'node:fs';
import type { DocumentOptions, DocumentPlan } from '../../control/plan/document-plan.js';
import { type FilePlan, planFile, type RefusedVip } from '../../control/plan/file-plan.js';
import { vipPersistPaths } from '../../control/vip/persist-files.js';
import type { Director } from '../../datapath/director.js';
import { applyDocument } from '../../document/apply-document.js';
import { observeFile } from '../../document/observed-vips.js';
import { changingVips } from '../../host/vip/change-vips.js';
import { formatAddress } from '../../model/address-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { sameAddress } from '../../model/identity.js';
import type { WeirFile } from '../../model/weir-file.js';
import { command, expectWords } from '../command.js';
import { directorOpener } from '../director-opener.js';
import { DOCUMENT_OPTIONS, DOCUMENT_TYPES, documentOptions, STATUS } from '../document/options.js';
import { printPlan } from '../document/print-plan.js';
import { readDocument, warnChecked } from '../document/read-document.js';
import { reportWait } from '../failure.js';
import type { Io } from '../io.js';
import { warned } from '../ipvsadm/warnings.js';
import { systemWorld } from '../ipvsadm/world.js';

const USAGE = `usage: weir apply FILE [--base BASE] [--keep-others] [--ignore weights] [--allow KIND[,KIND]...] [--all] [--json]
       makes the table and the VIPs what FILE (a weir.yaml; -: standard input) states: all of it or nothing; prints the plan of it, as weir plan FILE does
       a new VIP is added after it was asked whether another host has it, and announced
       connections to what stays are not disturbed; the plan of the table is made again under the lock, and must be the same
       --base BASE       only for the table that weir plan has named so
${DOCUMENT_OPTIONS}       --all, --json     as of weir plan
       exit status 0: all is as FILE states; 4: changes that are not allowed, or that weir reload has to make, were left out; 3: FILE is refused, or what it
       has is kept by others; 1: it could not be done, and nothing was changed (a VIP of another
       host, an interface that is not up); 2: wrong usage
`;

const TYPES = { ...DOCUMENT_TYPES, base: 'value' } as const;

/** Services have come or gone: the packet filter and IPsec are looked at, as ipvsadm-restore does. */
const warnedOfAll = (status: number, director: Director, io: Io): Promise<number> =>
  warned(status, { kind: 'restore' }, director, systemWorld(), io);

const statusOf = ({ withheld }: DocumentPlan): number => (withheld.length > 0 ? STATUS.differs : STATUS.same);

const HOST_STATUS = 1;
/** Of refusals that end without a change of the file: its interface comes up later. */
const OF_HOST = ['interface-unknown', 'interface-down', 'interface-without-ipv6'];
const isOfHost = ({ code }: RefusedVip): boolean => OF_HOST.includes(code);

/** Units of weir vip add --persist, which bring back at boot what was taken away. */
const leftUnits = ({ vipSteps }: FilePlan): readonly string[] =>
  vipSteps.flatMap((step) => {
    if (step.kind !== 'take' || vipSteps.some((other) => other.kind === 'put' && sameAddress(other.vip.address, step.address))) return [];
    const text = formatAddress(step.address);
    const [path] = vipPersistPaths(text).filter((one) => existsSync(one));
    return path === undefined ? [] : [`${path} adds ${text} again at boot — fix: weir vip del ${text} --dev ${step.interface} --persist`];
  });

interface Given {
  readonly read: WeirFile;
  readonly unlocked: ReturnType<typeof observeFile>;
  readonly plan: FilePlan;
  readonly base: string;
  readonly options: DocumentOptions;
}

/** `director`: absent where the file has no table. @throws WeirError, SystemError: nothing was changed, or vip-not-undone, change-not-undone */
function applyFile(director: Director | undefined, { read: { table }, unlocked, plan, base, options }: Given, io: Io): void {
  if (base !== plan.base) throw new WeirError('plan-outdated', { planned: base, present: plan.base });
  const warn = (text: string): void => io.err(`weir apply: ${text}\n`);
  changingVips({ steps: plan.vipSteps, own: plan.ownVips }, warn, (make) => {
    if (director === undefined || table === undefined) make();
    else applyDocument(director, table, { base, unlocked, options, also: make });
  });
}

export const run = command({ name: 'weir apply', usage: USAGE, types: TYPES }, async ({ flags, words }, io) => {
  const [file] = words;
  if (file === undefined) throw new WeirError('argument-missing', { expected: 'FILE' });
  expectWords(words, 1);
  const options = documentOptions(flags);
  const read = readDocument('weir apply', file, io);
  if (read === undefined) return STATUS.refused;
  const director = read.table === undefined ? undefined : (await directorOpener())({ onWait: reportWait('weir apply', io) });
  try {
    const unlocked = observeFile(read);
    const plan = planFile(read, unlocked, options);
    const shown = { json: flags.json === true, all: flags.all === true, file };
    if (plan.conflicts.length + plan.refused.length > 0) {
      printPlan(plan, shown, io, { applied: false });
      return plan.conflicts.length === 0 && plan.refused.every(isOfHost) ? HOST_STATUS : STATUS.refused;
    }
    applyFile(director, { read, unlocked, plan, base: flags.base ?? plan.base, options }, io);
    for (const line of leftUnits(plan)) io.err(`weir apply: ${line}\n`);
    for (const line of unlocked.moved) io.err(`${line}\n`);
    const isOtherwise = warnChecked(file, read, unlocked, io);
    printPlan(plan, shown, io, { applied: plan.changes.length > 0 });
    const isWatched = director !== undefined && plan.steps.length > 0;
    const status = isOtherwise ? STATUS.differs : statusOf(plan);
    return isWatched ? await warnedOfAll(status, director, io) : status;
  } finally {
    director?.close();
  }
});
