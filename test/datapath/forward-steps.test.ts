// Before Linux 6.8 or so the verifier takes loops that end with a jump, and refuses one that ends with a step to the next instruction ("back-edge"):
// where that was entered first, and the loop's last part lies in front of it. Newer kernels would not notice. So the object files themselves are read,
// in the order in which the verifier's check_cfg() walks through a program.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { artifact } from '../../src/sys/artifact.js';
import { breadth, test } from '../support/breadth.js';
import { noTools } from '../support/probes.js';
import { compiledBy, OBJECTS, otherClangs } from './compilers.js';

interface Instruction {
  readonly at: number;
  readonly text: string;
}

/** The instructions of each function, from its disassembly. */
function functionsOf(disassembly: string): ReadonlyMap<string, readonly Instruction[]> {
  const found = new Map<string, Instruction[]>();
  let now: Instruction[] = [];
  for (const line of disassembly.split('\n')) {
    const label = /^[0-9a-f]+ <([^>]+)>:/.exec(line)?.[1];
    if (label !== undefined && !label.startsWith('LBB')) {
      now = [];
      found.set(label, now);
    }
    const [, at, text] = /^\s+(\d+):\s+(.+)$/.exec(line) ?? [];
    if (at !== undefined && text !== undefined) now.push({ at: Number(at), text });
  }
  return found;
}

const distanceOf = (text: string): number | undefined => {
  const [, sign, number] = /goto ([+-])(0x[0-9a-f]+|\d+)/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * (sign === '-' ? -1 : 1);
};

/** Where an instruction leads: the next one first, as check_cfg() has it. */
function successorsOf(all: readonly Instruction[], index: number): readonly number[] {
  const { at, text } = all[index] as Instruction;
  const distance = distanceOf(text);
  const next = all[index + 1]?.at;
  const steps = text.startsWith('exit') || text.startsWith('goto') || next === undefined ? [] : [next];
  return distance === undefined ? steps : [...steps, at + 1 + distance];
}

/** Steps, not jumps, to an instruction that the way to them has passed. */
function stepsBack(all: readonly Instruction[]): readonly string[] {
  const indexOf = new Map(all.map(({ at }, index) => [at, index]));
  const state = new Map<number, 'open' | 'done'>();
  const found: string[] = [];
  const way: { readonly index: number; readonly next: number[] }[] = [];
  const enter = (index: number): void => {
    state.set(index, 'open');
    way.push({ index, next: [...successorsOf(all, index)] });
  };
  if (all.length > 0) enter(0);
  for (let last = way.at(-1); last !== undefined; last = way.at(-1)) {
    const to = last.next.shift();
    if (to === undefined) {
      state.set(last.index, 'done');
      way.pop();
      continue;
    }
    const index = indexOf.get(to);
    assert.ok(index !== undefined, `a jump to ${to}, which is no instruction`);
    const text = all[last.index]?.text ?? '';
    if (!state.has(index)) enter(index);
    else if (state.get(index) === 'open' && distanceOf(text) === undefined) found.push(`${all[last.index]?.at}: ${text} → ${to}`);
  }
  return found;
}

function stepsForward(object: string): void {
  const { stdout, status } = spawnSync('llvm-objdump', ['-d', '--no-show-raw-insn', object], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  assert.equal(status, 0);
  const functions = [...functionsOf(stdout)];
  assert.ok(functions.length > 0, 'the disassembly was read');
  const back = functions.flatMap(([name, all]) => stepsBack(all).map((step) => `${name} ${step}`));
  assert.deepEqual(back, []);
}

const skip = noTools('llvm-objdump');

test('a loop whose last step leads to its first instruction is found, and one that jumps there is not', () => {
  const all = (...texts: readonly string[]): readonly Instruction[] => texts.map((text, at) => ({ at, text }));
  assert.deepEqual(stepsBack(all('w6 = 0', 'goto +1 <B>', 'w6 += 1', 'call -1', 'if w0 == 0 goto -3 <A>', 'exit')), ['2: w6 += 1 → 3']);
  assert.deepEqual(stepsBack(all('w6 = 0', 'call -1', 'w6 += 1', 'if w0 == 0 goto -3 <A>', 'exit')), []);
  assert.deepEqual(stepsBack(all('w6 = 0', 'goto -0x1', 'exit')), [], 'a jump');
});

/** The plain builds; those of sides and bridges in the long run, from the same headers. */
const SHORT = /^weir(-ipv6|-wide|-fullnat|-tunnel|-switch)?\.bpf\.o$/;

for (const name of readdirSync(dirname(artifact(OBJECTS.weir))).filter((each) => /^weir.*\.bpf\.o$/.test(each))) {
  (SHORT.test(name) ? test : breadth)(`${name}: every loop ends with a jump, as Linux 6.1 needs`, { skip }, () =>
    stepsForward(join(dirname(artifact(OBJECTS.weir)), name)),
  );
}
for (const clang of otherClangs()) {
  for (const build of ['weir', 'wide6'] as const) {
    test(`${OBJECTS[build]}: the same as ${clang} compiles it`, { skip }, () => compiledBy(clang, stepsForward, { build }));
  }
}
