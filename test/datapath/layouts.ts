// Builds with another layout of connections than this one: the layout of the build before, and one that might come next.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LAYOUTS } from '../../src/datapath/ebpf/layouts.gen.js';
import type { FileOf } from '../../src/datapath/ebpf/load/short-cut.js';
import type { Layouts } from '../../src/datapath/ebpf/table/layout.js';
import { artifact } from '../../src/sys/artifact.js';
import { atExit } from '../support/at-exit.js';
import { root } from '../support/project.js';
import { compiledBy, OBJECTS, type SIDE_NAMES, SWITCH_OBJECTS } from './compilers.js';

/** Objects that were compiled, by their names, and the numbers of their maps. The other objects are this build's. */
export interface OtherBuild {
  readonly files: Readonly<Record<string, string>>;
  readonly layouts: Layouts;
}

/** Where its objects are. */
export const filesOf =
  ({ files }: Pick<OtherBuild, 'files'>): FileOf =>
  (name) =>
    files[name] ?? artifact(name);

/** This one. */
export const THIS_BUILD: OtherBuild = { files: {}, layouts: LAYOUTS };

type Edit = (text: string) => string;

/** A text that must stand there once. */
export const replaced =
  (was: string, is: string): Edit =>
  (text) => {
    if (text.split(was).length !== 2) throw new Error(`not there once: ${was}`);
    return text.replace(was, is);
  };

export type SideName = (typeof SIDE_NAMES)[number] | 'switch' | 'switch6';

/** Compiles the datapath with some of its headers edited. `sides`: which of the builds beside the links' are compiled, too. */
function otherBuild(edits: Readonly<Record<string, readonly Edit[]>>, sides: readonly SideName[]): OtherBuild {
  const folder = mkdtempSync(join(tmpdir(), 'weir-layout-'));
  atExit(() => rmSync(folder, { recursive: true, force: true }));
  const source = join(folder, 'source');
  cpSync(`${root}/bpf/director`, source, { recursive: true });
  for (const [header, changes] of Object.entries(edits)) {
    const path = join(source, header);
    writeFileSync(
      path,
      changes.reduce((text, change) => change(text), readFileSync(path, 'utf8')),
    );
  }
  const besides = sides.flatMap((side) => [side, `bridge-${side}`, ...(side === 'ipv6' ? ['xdp-ipv6' as const] : [])] as const);
  const builds = ['weir', 'takeover', ...besides] as const;
  const names = { ...OBJECTS, ...SWITCH_OBJECTS };
  const files = builds.map((build) => {
    const to = join(folder, names[build]);
    compiledBy('clang', (object) => cpSync(object, to), { source, build });
    return [names[build], to];
  });
  const numbers = execFileSync(process.execPath, ['dev/abi-gen.mjs', '--layouts', join(source, 'abi.h'), join(folder, OBJECTS.weir)], {
    cwd: root,
    encoding: 'utf8',
  });
  return { files: Object.fromEntries(files), layouts: JSON.parse(numbers) as Layouts };
}

/** Compiled once in a process, with these sides. */
function once(make: (sides: readonly SideName[]) => OtherBuild): (...sides: readonly SideName[]) => OtherBuild {
  const made = new Map<string, OtherBuild>();
  return (...sides) => {
    const key = sides.join();
    const build = made.get(key) ?? make(sides);
    made.set(key, build);
    return build;
  };
}

/** They were no part of the layout: a client was a part of the key as today, but did not choose the bucket. */
const OF_BEFORE = '#define K_CLIENT 0xffffffffffffull\n#define K_HASHED 0xffffffffffffffffull\n';

/** The build before, as layout-before.h describes it: the bucket of a connection was chosen by the whole key. */
export const buildBefore = once((sides) =>
  otherBuild(
    {
      'abi.h': [(text) => text.replace(/^#define K_(CLIENT|HASHED) .*\n/gm, '')],
      'value.h': [replaced('#define WEIR_VALUE_H\n', `#define WEIR_VALUE_H\n${OF_BEFORE}`)],
    },
    sides,
  ),
);

/** The bits of a value in this layout, and in the next one. */
export const NEXT = {
  V_METHOD_SHIFT: 54,
  V_STATE_SHIFT: 50,
  V_INACTIVE: 59n,
  V_NOOUTPUT: 58n,
  V_SPILLED: 57n,
  V_PROVEN: 56n,
} as const;

/** What may come next: places in the value are exchanged, and the bucket is chosen by the client's port alone. */
export const buildNext = once((sides) => {
  const today = readFileSync(`${root}/bpf/director/abi.h`, 'utf8');
  const lines = today.split('\n').filter((line) => /^#define (K_|V_(?!DEST_MASK))\w+ /.test(line));
  const flag = (name: keyof typeof NEXT) => `#define ${name} (1ull << ${NEXT[name]})`;
  const place = (name: keyof typeof NEXT) => `#define ${name} ${NEXT[name]}`;
  const edit =
    (name: keyof typeof NEXT): Edit =>
    (text) => {
      const line = new RegExp(`^#define ${name} .*$`, 'm');
      if (!line.test(text)) throw new Error(`abi.h has no ${name}`);
      return text.replace(line, name.endsWith('SHIFT') ? place(name) : flag(name));
    };
  const names = Object.keys(NEXT) as (keyof typeof NEXT)[];
  const edits: Readonly<Record<string, readonly Edit[]>> = {
    'abi.h': [...names.map(edit), (text) => text.replace(/^#define K_HASHED .*/m, '#define K_HASHED 0xffff00000000ull')],
    'layout-before.h': [
      (text) =>
        text.replace(
          /#define BEFORE_LAYOUT[\s\S]*?\n\n/,
          `${lines.map((line) => line.replace('#define ', '#define BEFORE_').replace(/ \/\*.*/, '')).join('\n')}\n\n`,
        ),
    ],
  };
  return otherBuild(edits, sides);
});
