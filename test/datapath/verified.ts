// What the verifier goes through before it accepts a program: a test for each object.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PROGRAMS } from '../../src/datapath/ebpf/load/load.js';
import { artifact } from '../../src/sys/artifact.js';
import { ObjectFile } from '../../src/sys/bpf/bpf-objects.js';
import { u32 } from '../../src/sys/bpf/records.js';
import { using } from '../../src/sys/fd.js';
import { skipReason } from './bed.js';
import { OBJECTS, SIDE_NAMES, SWITCH_OBJECTS } from './compilers.js';

/** What most hosts load. */
export const ALWAYS_VERIFIED = ['weir', 'ipv6', 'xdp-ipv6'] as const;

const INSTRUCTIONS_MAX = 200_000;

function verified(object: ObjectFile, name: string): number {
  return using(object.program(name), ({ fd }) => {
    const info = readFileSync(`/proc/self/fdinfo/${fd.number}`, 'utf8');
    return Number(/^verified_insns:\s*(\d+)$/m.exec(info)?.[1] ?? assert.fail(info));
  });
}

function withinLimit(object: ObjectFile, program: string): void {
  const count = verified(object, program);
  assert.ok(count > 1000 && count <= INSTRUCTIONS_MAX, `${program}: ${count}`);
}

/** They have tc's programs alone. */
const SIDE_OBJECTS: ReadonlySet<string> = new Set(SIDE_NAMES.flatMap((name) => [OBJECTS[name], OBJECTS[`bridge-${name}`]]));

const FULL_PATH = 'weir_xdp_full';

function programsOf(object: string): readonly string[] {
  if (object === OBJECTS['xdp-ipv6']) return [PROGRAMS.xdp, FULL_PATH];
  return Object.values(PROGRAMS).filter((name) => !SIDE_OBJECTS.has(object) || name !== PROGRAMS.xdp);
}

/** A variable that is 1 before the object is loaded. `text`: what that is for. */
interface Switch {
  readonly variable: string;
  readonly text: string;
}

/** Content switching: of its object, these alone are loaded. */
const SWITCH_FILES = Object.values(SWITCH_OBJECTS);
const SWITCH_PROGRAMS = ['weir_switch', 'weir_switch_bind'] as const;

export function testSwitchVerified(): void {
  test(`no program of ${SWITCH_FILES.join(' and ')} needs more than ${INSTRUCTIONS_MAX} verified instructions`, {
    skip: skipReason(),
  }, () => {
    for (const file of SWITCH_FILES)
      using(new ObjectFile(artifact(file)), (object) => {
        const { xdp, ...ofTc } = PROGRAMS;
        const others = [...Object.values(ofTc), ...(file.includes('6') ? [] : [xdp]), ...(file.includes('bridge') ? ['weir_move'] : [])];
        for (const other of others) object.autoload(other, false);
        object.load();
        for (const program of SWITCH_PROGRAMS) withinLimit(object, program);
      });
  });
}

/** Loads the object. */
export function testVerified(name: (typeof OBJECTS)[keyof typeof OBJECTS], by?: Switch): void {
  test(`no program of ${name}${by?.text ?? ''} needs more than ${INSTRUCTIONS_MAX} verified instructions`, { skip: skipReason() }, () => {
    using(new ObjectFile(artifact(name)), (object) => {
      if (by !== undefined) object.variable(by.variable, u32(1));
      object.load();
      for (const program of programsOf(name)) withinLimit(object, program);
    });
  });
}
