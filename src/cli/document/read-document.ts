// The document that a command was given: its sections of layer 4.
import { faultText, readWeirFile } from '../../config/weir/read.js';
import { otherwiseText, servedOtherwise } from '../../control/plan/served-otherwise.js';
import type { TableFacts } from '../../control/plan/table-facts.js';
import { failure, failureLine } from '../../model/errors/weir-error.js';
import { serviceId } from '../../model/identity.js';
import { serviceWord } from '../../model/service-word.js';
import { shellWord } from '../../model/shell-word.js';
import { checkedKeys, type WeirFile } from '../../model/weir-file.js';
import type { Io } from '../io.js';
import { readNamed } from '../read-text.js';
import { isRunWith } from './checked-drift.js';

const STDIN = '-';

/**
 * A service whose servers are checked by no one is served all the same; and one that weir run has otherwise than the file states stays so, which is
 * answered with true.
 */
export function warnChecked(path: string, file: WeirFile, facts: Pick<TableFacts, 'checked' | 'owners' | 'files'>, io: Io): boolean {
  const fileWord = path === STDIN ? 'FILE' : shellWord(path);
  for (const key of checkedKeys(file)) {
    if (!facts.checked.has(serviceId(key)))
      io.err(`${serviceWord(key)}: no weir run checks its servers — fix: weir run --weir-config ${fileWord}\n`);
  }
  const others = servedOtherwise(file, facts, isRunWith(path));
  for (const one of others) io.err(`${otherwiseText(one).trim()}\n`);
  return others.length > 0;
}

/** `-`: the standard input. undefined: it cannot be applied; a line for each reason was printed. @throws WeirError file-unreadable */
export function readDocument(name: string, path: string, io: Io): WeirFile | undefined {
  const { file, faults } = readWeirFile(readNamed(path, io));
  for (const fault of faults) io.err(`${faultText(path, fault)}\n`);
  if (faults.length > 0) return undefined;
  if (file.table !== undefined || file.vips !== undefined) return file;
  io.err(`${name}: ${failureLine(failure('document-no-table', { path }))}\n`);
  return undefined;
}
