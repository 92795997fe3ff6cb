// A text in a map that is pinned beside the tables. It lives as long as they do, and needs no file: on a full or read-only /run it is as safe.
import { existsSync } from 'node:fs';
import { BpfMap } from '../../../sys/bpf/bpf-objects.js';
import { unlessCode } from '../../../sys/errno.js';
import { using } from '../../../sys/fd.js';
import { pinInPlace, unpin } from './pin-in-place.js';

const PAGE_BYTES = 4096;
/** The text's length, a 64-bit number, stands in front of it. */
const HEADER_BYTES = 8;

/**
 * Pins a text in place of one that is there, which stays until then. `name`: of the map, 15 characters at most.
 * @throws WeirError bpf-table-refused
 */
export function writePinnedText(path: string, name: string, text: string): void {
  const bytes = Buffer.from(text);
  const pages = Math.ceil((HEADER_BYTES + bytes.length) / PAGE_BYTES);
  using(BpfMap.createArray(name, PAGE_BYTES, pages), (map) => {
    const memory = map.mmap(PAGE_BYTES * pages, true);
    new DataView(memory).setBigUint64(0, BigInt(bytes.length), true);
    new Uint8Array(memory).set(bytes, HEADER_BYTES);
    pinInPlace(map, path);
  });
}

/** undefined: there is none. */
export function readPinnedText(path: string): string | undefined {
  // A restore asks for each of its lines, and an error costs more than all else.
  if (!existsSync(path)) return undefined;
  const map = unlessCode(() => BpfMap.pinned(path), ['ENOENT'], undefined);
  if (map === undefined) return undefined;
  return using(map, () => {
    const { valueSize, maxEntries } = map.info();
    const memory = map.mmap(valueSize * maxEntries, false);
    const length = Number(new DataView(memory).getBigUint64(0, true));
    return Buffer.from(memory, HEADER_BYTES, Math.min(length, memory.byteLength - HEADER_BYTES)).toString();
  });
}

export const removePinnedText = unpin;
