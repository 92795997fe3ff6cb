// Each case begins as a fixture does, of any family, protocol and side; then spoilt copies of its frames come, one after the other. The loaded
// programs and the reference director must agree on all that can be seen of each.
import assert from 'node:assert/strict';
import { viewOf } from '../../../src/wire/bytes.js';
import fc from '../../support/properties.js';
import { type Bed, openBed } from '../bed.js';
import type { Arrival, Fixture, Hook, Step } from '../fixtures/fixture.js';
import { fixtures } from '../fixtures/index.js';
import { additions, changesOf } from '../fixtures/setup-changes.js';
import { Pair } from './pair.js';
import { type Spoilt, spoil, spoilt } from './spoil.js';

/** BPF_PROG_TEST_RUN refuses what has no whole IP header. */
const SHORTEST = { [0x0800]: 34, [0x86dd]: 54 } as Readonly<Record<number, number>>;
const FRAMES_MAX = 12;

type FrameStep = Extract<Step, { kind: 'frame' }>;

/** The pair has no large packets, and what rp_filter answers is the kernel's. */
const isPlain = ({ gso, hook, device, mark = 0 }: Arrival): boolean =>
  gso === undefined && hook !== 'xdp' && hook !== 'accepted' && device !== 'lo' && (hook === 'mark') === (mark !== 0);

const framesOf = (fixture: Fixture): readonly Arrival[] => [
  ...(fixture.before ?? []).filter((step): step is FrameStep => step.kind === 'frame'),
  fixture,
];

/** Of a route with two paths the kernel chooses by a hash. */
const TWO_PATHS = /two paths|203\.0\.113\./;

const isPlayable = (fixture: Fixture): boolean =>
  !TWO_PATHS.test(fixture.description) &&
  framesOf(fixture).every(isPlain) &&
  !(fixture.before ?? []).some(({ kind }) => ['rp_filter', 'accept_local', 'firewall', 'local ports'].includes(kind));

const playable: readonly Fixture[] = fixtures.filter(isPlayable);

function send(pair: Pair, { hook, device, frame, mark = 0 }: Arrival): void {
  if (frame.length >= (SHORTEST[viewOf(frame).getUint16(12)] ?? 0)) pair.send(hook === 'egress', device, frame, { mark });
}

function take(pair: Pair, step: Step): void {
  switch (step.kind) {
    case 'frame':
      send(pair, step);
      return;
    case 'sysctl':
      pair.setSysctl(step.name, step.value);
      return;
    case 'grace':
      pair.beginGrace(step.seconds);
      return;
    case 'rp_filter':
    case 'accept_local':
    case 'firewall':
    case 'local ports':
      throw new Error('not playable');
    default:
      for (const change of changesOf(step)) pair.change(change);
  }
}

const cases = fc.record({
  fixture: fc.nat({ max: playable.length - 1 }),
  frames: fc.array(fc.record({ which: fc.nat({ max: 7 }), how: spoilt }), { minLength: 1, maxLength: FRAMES_MAX }),
});

function begin(pair: Pair, { setup, before = [] }: Fixture): void {
  for (const change of setup.flatMap(additions)) pair.change(change);
  for (const step of before) take(pair, step);
}

function play(pair: Pair, fixture: Fixture, frames: readonly { readonly which: number; readonly how: Spoilt }[]): void {
  begin(pair, fixture);
  const whole = framesOf(fixture);
  for (const { which, how } of frames) {
    const arrival = whole[whole.length - 1 - (which % whole.length)] ?? fixture;
    send(pair, { ...arrival, frame: spoil(arrival.frame, how) });
  }
}

export interface Spoiled {
  /** Verdicts, states, and reasons. */
  readonly met: ReadonlySet<string>;
  readonly cases: number;
  /** Cases in which other processes held the programs up: what came after that proves nothing. */
  readonly disturbed: number;
}

type Length = { readonly count: number } | { readonly seconds: number };

/** So many times as many cases, or as long, until everything was met: which cases a seed draws changes with the fixtures. */
const ROUNDS_MAX = 5;

/**
 * Plays `count` cases, or as many as there are time for in `seconds`: again with another seed while something of `wanted` was not met.
 * A failing seed is printed and made small.
 */
function compareSpoilt(bed: Bed, hook: Hook, length: Length, wanted: readonly string[]): Spoiled {
  const met = new Set<string>();
  let [played, disturbed] = [0, 0];
  const property = fc.property(cases, ({ fixture: index, frames }) => {
    const fixture = playable[index] ?? assert.fail('no such fixture');
    const pair = new Pair(bed, hook);
    try {
      play(pair, fixture, frames);
    } catch (error) {
      throw new Error(`spoilt frames of the fixture "${fixture.description}"`, { cause: error });
    }
    played += 1;
    disturbed += Number(pair.disturbed);
    for (const rule of pair.met()) met.add(rule);
  });
  const limits =
    'count' in length
      ? { numRuns: length.count }
      : { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: length.seconds * 1000, markInterruptAsFailure: false };
  const { seed: first = Date.now() } = fc.readConfigureGlobal();
  for (let round = 0; round === 0 || (round < ROUNDS_MAX && wanted.some((each) => !met.has(each))); round += 1)
    fc.assert(property, { ...limits, seed: first + round });
  return { met, cases: played, disturbed };
}

/** Compares what the fixtures themselves do, unspoilt. */
export function assertSameFixtures(attach: 'tc' | 'xdp'): void {
  const bed = openBed({ attach, capacity: { connBuckets: 64 } });
  try {
    for (const fixture of playable) {
      const pair = new Pair(bed, attach === 'tc' ? 'ingress' : 'xdp');
      try {
        begin(pair, fixture);
        send(pair, fixture);
      } catch (error) {
        throw new Error(`the fixture "${fixture.description}"`, { cause: error });
      }
    }
  } finally {
    bed.close();
  }
}

/** Compares, by tc alone or by XDP in front of it, and asserts that `wanted` was met. */
export function assertSame(attach: 'tc' | 'xdp', length: Length, wanted: readonly string[]): Spoiled {
  const bed = openBed({ attach, capacity: { connBuckets: 64 } });
  try {
    const found = compareSpoilt(bed, attach === 'tc' ? 'ingress' : 'xdp', length, wanted);
    assert.deepEqual(
      wanted.filter((each) => !found.met.has(each)),
      [],
      'met by no frame',
    );
    assert.ok(found.disturbed < found.cases / 2, `${found.disturbed} of ${found.cases} cases were held up by other processes`);
    return found;
  } finally {
    bed.close();
  }
}
