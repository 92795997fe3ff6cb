// Debian 12's 6.1 kernel, in an emulator, takes every object of the build: its verifier refuses much that later ones pass, so a change of the
// datapath can shut such a machine out unseen by every other test. Two minutes of one core; what the programs do there is clsact.long's.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { SWITCH_OBJECTS } from '../datapath/compilers.js';
import { root } from '../support/project.js';
import { inGuest, noGuest } from './in-guest.js';

const NEEDS_LATER: ReadonlySet<string> = new Set(Object.values(SWITCH_OBJECTS));

test('Debian’s 6.1 kernel loads every object but content switching’s', { skip: noGuest }, () => {
  const output = inGuest('loads.guest', 1_500);
  assert.match(output.get('kernel') ?? '', /^6\.1\./);
  const objects = readdirSync(`${root}/dist`).filter((name) => /^weir.*\.bpf\.o$/.test(name) && !/^weir-(?:bridge|takeover)/.test(name));
  assert.ok(objects.includes('weir.bpf.o'), objects.join(' '));
  const answers = (output.get('loads') ?? '').trimEnd().split('\n');
  assert.deepEqual(answers.map((line) => line.split(' ', 1)[0]).sort(), objects.sort());
  for (const line of answers) {
    const [name = ''] = line.split(' ', 1);
    if (NEEDS_LATER.has(name)) assert.match(line, / refused: .*'bpf_cast_to_kern_ctx': not found/);
    else assert.equal(line, `${name} loaded`);
  }
  assert.ok(output.has('end'));
});
