// An object of the datapath that every verifier refuses: its first program begins with a register that nothing has set.
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type ArtifactName, artifact } from '../../src/sys/artifact.js';

/** `r0 = *(u64 *)(r0 + 0)` */
const READ = Uint8Array.of(0x79, 0, 0, 0, 0, 0, 0, 0);
/** Of the section headers of an ELF file of 64 bits: where the table, the sizes and the names stand. */
const ELF = { table: 40, entryBytes: 58, count: 60, names: 62, offset: 24 } as const;

/** Where the section begins in the file. */
function sectionAt(object: Buffer, name: string): number {
  const headers = Number(object.readBigUInt64LE(ELF.table));
  const [bytes, count] = [object.readUInt16LE(ELF.entryBytes), object.readUInt16LE(ELF.count)];
  const header = (k: number): number => headers + k * bytes;
  const offsetOf = (k: number): number => Number(object.readBigUInt64LE(header(k) + ELF.offset));
  const names = offsetOf(object.readUInt16LE(ELF.names));
  for (let k = 0; k < count; k++) {
    const at = names + object.readUInt32LE(header(k));
    if (object.toString('latin1', at, object.indexOf(0, at)) === name) return offsetOf(k);
  }
  throw new Error(`there is no section ${name}`);
}

/** A folder of its own with the object, for `work`. `section`: of the program. */
export function withRefused<T>(name: ArtifactName, section: string, work: (object: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'weir-refused-'));
  try {
    const object = readFileSync(artifact(name));
    object.set(READ, sectionAt(object, section));
    writeFileSync(join(folder, name), object);
    return work(join(folder, name));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What node starts must be files of this folder; the others are looked up in it. */
const STARTED = ['weir.cjs', 'weir.js', 'weir.main.compiled'];

/** The same build in a folder of its own, with another object. Returns the folder. */
export function buildWith(object: string, name: ArtifactName): string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-build-'));
  const built = dirname(artifact('weir.cjs'));
  for (const file of readdirSync(built)) {
    if (STARTED.includes(file)) copyFileSync(join(built, file), join(folder, file));
    else if (file !== name && /\.(o|so|node)$/.test(file)) symlinkSync(join(built, file), join(folder, file));
  }
  copyFileSync(object, join(folder, name));
  return folder;
}
