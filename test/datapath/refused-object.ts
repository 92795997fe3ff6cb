// An object of the datapath that every verifier refuses: a program of it begins with a register that nothing has set.
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type ArtifactName, artifact } from '../../src/sys/artifact.js';
import type { Host, Ran } from '../support/netns-bed.js';

/** XDP's program for IPv6. */
export const SHORT_CUT = 'weir-xdp-ipv6.bpf.o';
export const SHORT_CUT_NOTICE =
  /^IPv6 goes by tc alone, without XDP: the kernel's verifier refuses its program \(EACCES\): .*R0 !read_ok; weir load tries again$/;

/** `r0 = *(u64 *)(r0 + 0)` */
const READ = Uint8Array.of(0x79, 0, 0, 0, 0, 0, 0, 0);
/** Of the section headers of an ELF file of 64 bits: where the table, the sizes and the names stand. */
const ELF = { table: 40, entryBytes: 58, count: 60, names: 62, offset: 24, bytes: 32 } as const;
/** Of its symbols. */
const SYMBOL = { bytes: 24, value: 8 } as const;

const number = (object: Buffer, at: number): number => Number(object.readBigUInt64LE(at));
const textAt = (object: Buffer, at: number): string => object.toString('latin1', at, object.indexOf(0, at));

interface Section {
  readonly at: number;
  readonly bytes: number;
}

function sectionOf(object: Buffer, name: string): Section {
  const headers = number(object, ELF.table);
  const [bytes, count] = [object.readUInt16LE(ELF.entryBytes), object.readUInt16LE(ELF.count)];
  const header = (k: number): number => headers + k * bytes;
  const names = number(object, header(object.readUInt16LE(ELF.names)) + ELF.offset);
  for (let k = 0; k < count; k++) {
    if (textAt(object, names + object.readUInt32LE(header(k))) === name)
      return { at: number(object, header(k) + ELF.offset), bytes: number(object, header(k) + ELF.bytes) };
  }
  throw new Error(`there is no section ${name}`);
}

/** Where a program begins in its section. */
function beginOf(object: Buffer, program: string): number {
  const [symbols, names] = [sectionOf(object, '.symtab'), sectionOf(object, '.strtab')];
  for (let at = symbols.at; at < symbols.at + symbols.bytes; at += SYMBOL.bytes) {
    if (textAt(object, names.at + object.readUInt32LE(at)) === program) return number(object, at + SYMBOL.value);
  }
  throw new Error(`there is no program ${program}`);
}

/** Spoils a program of an object, in a folder of its own for `work`. `program`: default: the first one of the section. */
export function withSpoiled<T>(path: string, section: string, work: (object: string) => T, program?: string): T {
  const folder = mkdtempSync(join(tmpdir(), 'weir-refused-'));
  try {
    const object = readFileSync(path);
    object.set(READ, sectionOf(object, section).at + (program === undefined ? 0 : beginOf(object, program)));
    const to = join(folder, basename(path));
    writeFileSync(to, object);
    return work(to);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** withSpoiled() of this build's object. */
export const withRefused = <T>(name: ArtifactName, section: string, work: (object: string) => T, program?: string): T =>
  withSpoiled(artifact(name), section, work, program);

/** What node starts must be files of this folder; the others are looked up in it. */
const STARTED = /^weir(\.cjs|(-daemon|-ipvsadm)?\.(js|[a-z]+\.compiled))$/;

/** This build in a folder of its own, with another object. Returns the folder. */
export function buildWith(object: string, name: ArtifactName): string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-build-'));
  const built = dirname(artifact('weir.cjs'));
  for (const file of readdirSync(built)) {
    if (STARTED.test(file)) copyFileSync(join(built, file), join(folder, file));
    else if (file !== name && /\.(o|so|node)$/.test(file)) symlinkSync(join(built, file), join(folder, file));
  }
  copyFileSync(object, join(folder, name));
  return folder;
}

/** Commands of the same build with a program of XDP in this object that the kernel refuses. */
export async function withRefusingBuild(
  lvs: Host,
  name: ArtifactName,
  work: (weir: (...words: readonly string[]) => Ran) => Promise<void>,
): Promise<void> {
  const folder = withRefused(name, 'xdp', (object) => buildWith(object, name));
  try {
    await work((...words) => lvs.run([process.execPath, join(folder, 'weir.cjs'), ...words]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The command `name` succeeded, and printed the line of a program that is refused, once. */
export function fallsBack({ status, stderr }: Ran, name: string, notice: RegExp): void {
  const [line = '', ...others] = stderr.split('\n');
  assert.deepEqual([status, others], [0, ['']], stderr);
  assert.match(line.replace(`${name}: `, ''), notice);
}
