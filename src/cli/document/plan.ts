// weir plan FILE: what weir apply FILE would change, and to how many live connections. It changes nothing and waits for nothing.

import { planFile as planOf } from '../../control/plan/file-plan.js';
import { observeFile } from '../../document/observed-vips.js';
import type { Flags } from '../flags.js';
import type { Io } from '../io.js';
import { type DOCUMENT_TYPES, documentOptions, STATUS } from './options.js';
import { printPlan } from './print-plan.js';
import { readDocument, warnChecked } from './read-document.js';

/** The exit status. @throws WeirError; SystemError EPERM without root */
export function planFile(file: string, flags: Flags<typeof DOCUMENT_TYPES>, io: Io): number {
  const options = documentOptions(flags);
  const read = readDocument('weir plan', file, io);
  if (read === undefined) return STATUS.refused;
  const facts = observeFile(read);
  const plan = planOf(read, facts, options);
  for (const line of facts.moved) io.err(`${line}\n`);
  const isOtherwise = warnChecked(file, read, facts, io);
  printPlan(plan, { json: flags.json === true, all: flags.all === true, file }, io);
  if (plan.conflicts.length + plan.refused.length > 0) return STATUS.refused;
  return isOtherwise || plan.changes.length + plan.withheld.length > 0 ? STATUS.differs : STATUS.same;
}
