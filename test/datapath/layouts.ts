// Builds with another layout of connections than this one: the layout of the build before, and one that might come next.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Layouts } from '../../src/datapath/ebpf/table/layout.js';
import { atExit } from '../support/at-exit.js';
import { root } from '../support/project.js';
import { compiledBy, OBJECTS } from './compilers.js';

/** Objects that were compiled, and the numbers of their maps. */
export interface OtherBuild {
  readonly plain: string;
  /** Its bridging build for the tables of the build before it. */
  readonly takeover: string;
  readonly layouts: Layouts;
}

type Edit = (text: string) => string;

/** A text that must stand there once. */
export const replaced =
  (was: string, is: string): Edit =>
  (text) => {
    if (text.split(was).length !== 2) throw new Error(`not there once: ${was}`);
    return text.replace(was, is);
  };

/** Compiles the datapath with some of its headers edited. */
export function otherBuild(edits: Readonly<Record<string, readonly Edit[]>>): OtherBuild {
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
  const kept = (build: 'weir' | 'takeover'): string => {
    const to = join(folder, OBJECTS[build]);
    compiledBy('clang', (object) => cpSync(object, to), { source, build });
    return to;
  };
  const plain = kept('weir');
  const numbers = execFileSync(process.execPath, ['dev/abi-gen.mjs', '--layouts', join(source, 'abi.h'), plain], {
    cwd: root,
    encoding: 'utf8',
  });
  return {
    plain,
    takeover: kept('takeover'),
    layouts: JSON.parse(numbers) as Layouts,
  };
}

/** Compiled once in a process. */
function once(make: () => OtherBuild): () => OtherBuild {
  let made: OtherBuild | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** They were no part of the layout: a client was a part of the key as today, but did not choose the bucket. */
const OF_BEFORE = '#define K_CLIENT 0xffffffffffffull\n#define K_HASHED 0xffffffffffffffffull\n';

/** The build before, as layout-before.h describes it: the bucket of a connection was chosen by the whole key. */
export const buildBefore = once(() =>
  otherBuild({
    'abi.h': [(text) => text.replace(/^#define K_(CLIENT|HASHED) .*\n/gm, '')],
    'dest-of-client.h': [replaced('#ifdef TAKEOVER\n#define SAME', '#if 1\n#define SAME')],
    'value.h': [replaced('#define WEIR_VALUE_H\n', `#define WEIR_VALUE_H\n${OF_BEFORE}`)],
  }),
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
export const buildNext = once(() => {
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
  return otherBuild({
    'abi.h': [...names.map(edit), (text) => text.replace(/^#define K_HASHED .*/m, '#define K_HASHED 0xffff00000000ull')],
    'layout-before.h': [
      (text) =>
        text.replace(
          /#define BEFORE_LAYOUT[\s\S]*?\n\n/,
          `${lines.map((line) => line.replace('#define ', '#define BEFORE_').replace(/ \/\*.*/, '')).join('\n')}\n\n`,
        ),
    ],
  });
});
