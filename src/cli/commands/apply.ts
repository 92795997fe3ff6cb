// weir apply FILE: makes the table what a weir.yaml states, all of it or nothing.
import type { DocumentPlan } from '../../control/plan/document-plan.js';
import { planDocument } from '../../control/plan/plan-document.js';
import type { Director } from '../../datapath/director.js';
import { applyDocument } from '../../document/apply-document.js';
import { observeTable } from '../../document/table-facts.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { command, expectWords } from '../command.js';
import { directorOpener } from '../director-opener.js';
import { DOCUMENT_OPTIONS, DOCUMENT_TYPES, documentOptions, STATUS } from '../document/options.js';
import { printPlan } from '../document/print-plan.js';
import { readDocument, warnUnchecked } from '../document/read-document.js';
import { reportWait } from '../failure.js';
import type { Io } from '../io.js';
import { warnedOfFirewall } from '../ipvsadm/firewall-warning.js';
import { warnedOfIpsec } from '../ipvsadm/ipsec-warning.js';
import { systemWorld } from '../ipvsadm/world.js';

const USAGE = `usage: weir apply FILE [--base BASE] [--keep-others] [--ignore weights] [--allow KIND[,KIND]...] [--all] [--json]
       makes the table what FILE (a weir.yaml) states for layer 4: all of it or nothing; prints the plan of it, as weir plan FILE does
       connections to what stays are not disturbed; the plan is made again under the lock, and must be the same
       --base BASE       only for the table that weir plan has named so
${DOCUMENT_OPTIONS}       --all, --json     as of weir plan
       exit status 0: the table is as FILE states; 4: changes that are not allowed were left out; 3: FILE is refused, or the table is
       served by others; 1: it could not be done, and nothing was changed; 2: wrong usage
`;

const TYPES = { ...DOCUMENT_TYPES, base: 'value' } as const;

/** Services have come or gone: the packet filter and IPsec are looked at, as ipvsadm-restore does. */
async function warned(status: number, director: Director, io: Io): Promise<number> {
  const [world, done] = [systemWorld(), { kind: 'restore' } as const];
  return warnedOfFirewall(warnedOfIpsec(status, done, director, world, io), done, director, world, io);
}

const statusOf = ({ withheld }: DocumentPlan): number => (withheld.length > 0 ? STATUS.differs : STATUS.same);

export const run = command({ name: 'weir apply', usage: USAGE, types: TYPES }, async ({ flags, words }, io) => {
  const [file] = words;
  if (file === undefined) throw new WeirError('argument-missing', { expected: 'FILE' });
  expectWords(words, 1);
  const options = documentOptions(flags);
  const read = readDocument('weir apply', file, io);
  if (read === undefined) return STATUS.refused;
  const document = read.table;
  const director = (await directorOpener())({ onWait: reportWait('weir apply', io) });
  try {
    const unlocked = observeTable();
    const plan = planDocument(document, unlocked, options);
    const shown = { json: flags.json === true, all: flags.all === true, file };
    if (plan.conflicts.length > 0) {
      printPlan(plan, shown, io, { applied: false });
      return STATUS.refused;
    }
    const done = applyDocument(director, document, { base: flags.base ?? plan.base, unlocked, options });
    for (const line of unlocked.moved) io.err(`${line}\n`);
    warnUnchecked(read, unlocked, io);
    printPlan(done, shown, io, { applied: done.changes.length > 0 });
    return done.changes.length > 0 ? await warned(statusOf(done), director, io) : statusOf(done);
  } finally {
    director.close();
  }
});
