// What names a build: every object whose programs may run.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { BUILD_PIN, buildPin, SIDE_OBJECTS } from './build-pin.js';
import { SIDE_BUILDS } from './side-builds.js';

test('the name has all builds beside that of the links', () => {
  assert.deepEqual(
    [...SIDE_OBJECTS].sort(),
    [
      ...SIDE_BUILDS.flatMap(({ file, shortCut }) => [file, ...(shortCut === undefined ? [] : [shortCut.file])]),
      'weir-tunnel.bpf.o',
      'weir-tunnel6.bpf.o',
      'weir-fullnat.bpf.o',
      'weir-fullnat6.bpf.o',
      'weir-fullnat-sctp.bpf.o',
      'weir-fullnat-sctp6.bpf.o',
      'weir-switch.bpf.o',
      'weir-switch6.bpf.o',
    ].sort(),
  );
});

test('a build in which any one object is another has another name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-build-'));
  const pathOf = (name: string): string => join(folder, name);
  const main = 'weir.bpf.o';
  const objects = [main, ...SIDE_OBJECTS];
  try {
    for (const name of objects) writeFileSync(pathOf(name), name);
    const name = (): string => buildPin(pathOf(main), pathOf);
    const names = new Set([name()]);
    for (const object of objects) {
      writeFileSync(pathOf(object), 'another');
      names.add(name());
      writeFileSync(pathOf(object), object);
    }
    assert.equal(names.size, 1 + objects.length);
    for (const each of names) assert.match(each, new RegExp(`^${BUILD_PIN}[0-9a-f]{32}$`));
    assert.ok(names.has(name()), 'the same objects have the same name');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
