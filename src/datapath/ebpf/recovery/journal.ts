// Where a batch writes the table down before its first change: a text that is pinned beside the tables.
import { readPinnedText, removePinnedText, writePinnedText } from '../pins/pinned-text.js';

/** The path of the pinned journal, whether there is one or not. */
export function journalPath(folder: string): string {
  return `${folder}/journal`;
}

/** Writes the journal in place of one that is there. @throws WeirError bpf-table-refused */
export function writeJournal(folder: string, text: string): void {
  writePinnedText(journalPath(folder), 'weir_journal', text);
}

/** undefined: there is none. */
export function readJournal(folder: string): string | undefined {
  return readPinnedText(journalPath(folder));
}

/** Removes the journal, if there is one. */
export function removeJournal(folder: string): void {
  removePinnedText(journalPath(folder));
}
