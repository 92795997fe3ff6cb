// Debian's 6.1 kernel in an emulator (test/vm/run): a script there, with the built project beside it. It waits for test/vm/prepare to have been run.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { noRoot, probe } from '../support/probes.js';
import { root } from '../support/project.js';

const { WEIR_VM, XDG_CACHE_HOME } = process.env as { readonly WEIR_VM?: string; readonly XDG_CACHE_HOME?: string };
const prepared = WEIR_VM ?? `${XDG_CACHE_HOME ?? `${homedir()}/.cache`}/weir-vm`;

const hasEmulator = spawnSync('qemu-system-x86_64', ['-version']).error === undefined;
export const noGuest = noRoot() || probe('emulator', hasEmulator && existsSync(`${prepared}/initrd`), 'run test/vm/prepare');

/** What the compiled tests need there. */
const LIBRARIES = ['fast-check', 'pure-rand'];

/** Runs the guest script; returns its output by headings. `fill`: puts what else it needs into the folder `objects`. */
export function inGuest(script: string, seconds: number, fill: (objects: string) => void = () => {}): ReadonlyMap<string, string> {
  const folder = mkdtempSync(`${tmpdir()}/weir-guest-`);
  try {
    mkdirSync(`${folder}/objects`);
    fill(`${folder}/objects`);
    for (const each of LIBRARIES)
      cpSync(`${root}/node_modules/${each}`, `${folder}/node_modules/${each}`, { recursive: true, dereference: true });
    const beside = [
      ...['bin', 'dist', 'build', 'docs', 'package.json', 'tsconfig.json'].map((name) => `${root}/${name}`),
      ...['objects', 'node_modules'].map((name) => `${folder}/${name}`),
    ];
    if (!process.execPath.startsWith('/usr/bin/')) {
      copyFileSync(process.execPath, `${folder}/node`);
      beside.push(`${folder}/node`);
    }
    const { status, stdout, stderr } = spawnSync(`${root}/test/vm/run`, [String(seconds), `${root}/test/vm/${script}`, ...beside], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, `${stdout}\n${stderr}`);
    return new Map(
      stdout
        .split(/^== /m)
        .slice(1)
        .map((part): [string, string] => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)]),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs compiled tests there, which need these modules of its kernel: all pass, and none is skipped. `tests`: as `datapath/fullnat`, of
 * test/datapath/fullnat.test.ts, or as `docs/tunnels.long`; both halves of a file that has two (test/support/breadth.ts). Returns the output, by
 * `NAME, 0` and `NAME, 1`.
 */
export function passInGuest(modules: readonly string[], tests: readonly string[]): ReadonlyMap<string, string> {
  const parts = tests.flatMap((name) => {
    const hasTwo = readFileSync(`${root}/build/test/${name}.test.js`, 'utf8').includes("/breadth.js'");
    return (hasTwo ? ['0', '1'] : ['0']).map((half) => `${name}, ${half}`);
  });
  const output = inGuest('tests.guest', 2_500, (objects) => {
    writeFileSync(`${objects}/modules`, modules.join(' '));
    writeFileSync(`${objects}/tests`, tests.join(' '));
  });
  for (const part of parts) assert.match(output.get(part) ?? '', /^# pass [1-9]\d*\n# fail 0\n# skipped 0\n$/, part);
  assert.ok(output.has('end'));
  return output;
}
