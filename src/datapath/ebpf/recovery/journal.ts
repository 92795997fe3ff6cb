// Where a batch writes the table down before its first change: a map, pinned beside the tables. It lives as long as they do, and needs no
// file: on a full or read-only /run a batch is as safe.
import { rmSync } from 'node:fs';
import { BpfMap } from '../../../sys/bpf/bpf-objects.js';
import { unlessCode } from '../../../sys/errno.js';

const PAGE_BYTES = 4096;
/** The text's length, a 64-bit number, stands in front of it. */
const HEADER_BYTES = 8;

export function journalPath(folder: string): string {
  return `${folder}/journal`;
}

/** In place of one that is there. @throws WeirError bpf-table-refused */
export function writeJournal(folder: string, text: string): void {
  const bytes = Buffer.from(text);
  const pages = Math.ceil((HEADER_BYTES + bytes.length) / PAGE_BYTES);
  const map = BpfMap.createArray('weir_journal', PAGE_BYTES, pages);
  try {
    const memory = map.mmap(PAGE_BYTES * pages, true);
    new DataView(memory).setBigUint64(0, BigInt(bytes.length), true);
    new Uint8Array(memory).set(bytes, HEADER_BYTES);
    removeJournal(folder);
    map.pin(journalPath(folder));
  } finally {
    map.close();
  }
}

/** undefined: there is none. */
export function readJournal(folder: string): string | undefined {
  const map = unlessCode(() => BpfMap.pinned(journalPath(folder)), ['ENOENT'], undefined);
  if (map === undefined) return undefined;
  try {
    const { valueSize, maxEntries } = map.info();
    const memory = map.mmap(valueSize * maxEntries, false);
    const length = Number(new DataView(memory).getBigUint64(0, true));
    return Buffer.from(memory, HEADER_BYTES, Math.min(length, memory.byteLength - HEADER_BYTES)).toString();
  } finally {
    map.close();
  }
}

export function removeJournal(folder: string): void {
  rmSync(journalPath(folder), { force: true });
}
