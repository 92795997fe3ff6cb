// The document that a command was given: its sections of layer 4.
import { faultText, readWeirFile } from '../../config/weir/read.js';
import { failure, failureLine } from '../../model/errors/weir-error.js';
import type { TableDocument } from '../../model/table-document.js';
import type { Io } from '../io.js';
import { readText } from '../read-text.js';

/** undefined: it cannot be applied; a line for each reason was printed. @throws WeirError file-unreadable */
export function readDocument(name: string, path: string, io: Io): TableDocument | undefined {
  const { file, faults } = readWeirFile(readText(path));
  for (const fault of faults) io.err(`${faultText(path, fault)}\n`);
  if (faults.length > 0) return undefined;
  if (file.table === undefined) io.err(`${name}: ${failureLine(failure('document-no-table', { path }))}\n`);
  return file.table;
}
