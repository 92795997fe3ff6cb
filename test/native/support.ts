// What the addon's tests share: what this machine can do, the test object compiled, a namespace of one's own.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { native } from '../../src/sys/addon.js';
import { noRoot, noTools, probe, type Skip } from '../support/probes.js';

/** The checkout, from this module's place in build/. */
export const checkout = findCheckout(dirname(fileURLToPath(import.meta.url)));

function findCheckout(from: string): string {
  for (let at = from; at !== dirname(at); at = dirname(at)) if (existsSync(join(at, 'native/build.sh'))) return at;
  throw new Error('no checkout above this test');
}

/** For node:test's options: root with a working bpf(2), and clang for the object. */
export const needsBpf = { skip: whyNoBpf() };
export const needsRoot = { skip: noRoot() } as const;

function whyNoBpf(): Skip {
  const lacking = noRoot() || noTools('clang');
  if (lacking !== false) return lacking;
  try {
    native().close(native().bpfMapCreate(2, 'probe', 4, 8, 1));
    return false;
  } catch (error) {
    return probe('bpf', false, (error as Error).message);
  }
}

/** Compiles count.bpf.c; the folder belongs to the caller. */
export function compileObject(): { readonly path: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'weir-native-'));
  const path = join(folder, 'count.bpf.o');
  const multiarch = `/usr/include/${execFileSync('uname', ['-m'], { encoding: 'utf8' }).trim()}-linux-gnu`;
  const source = join(checkout, 'test/native/count.bpf.c');
  execFileSync('clang', [`@${checkout}/bpf/compile_flags.txt`, `-I${multiarch}`, '-c', source, '-o', path]);
  return { path, remove: () => rmSync(folder, { recursive: true }) };
}

/** How many descriptors this process has. */
export function fdCount(): number {
  return readdirSync('/proc/self/fd').length;
}

/** The call must throw a system error of exactly this shape. */
export function fails(call: () => unknown, code: string, errno: number, syscall: string): void {
  assert.throws(call, (thrown: unknown) => {
    assert.ok(thrown instanceof Error, `threw ${String(thrown)}`);
    const { code: gotCode, errno: gotErrno, syscall: gotSyscall } = thrown as unknown as Record<string, unknown>;
    assert.deepEqual([gotCode, gotErrno, gotSyscall], [code, errno, syscall]);
    assert.match(thrown.message, new RegExp(`^${code}: .*, ${syscall}$`));
    return true;
  });
}

export const EINVAL = 22;
export const EBADF = 9;
export const ENOENT = 2;
