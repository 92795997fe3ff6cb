// What is printed of drains that have ended.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DRAIN_DEFAULTS } from '../../control/drain/messages.js';
import { step } from '../../control/drain/step.js';
import { NO_DRAINS } from '../../model/drain/drain.js';
import { drainLine, drainText } from './drain-text.js';

const US = 1_000_000;
const remaining = new Map([['d1', { open: 0, over: 0, byState: {}, persistent: 0, idleMaxS: null }]]);

/** Of this director, at its deadline, with these instances still here. */
function ended(masters: readonly string[]): { readonly line: string; readonly events: string; readonly text: string } {
  const request = { ...DRAIN_DEFAULTS, target: 'director' };
  const begun = step(NO_DRAINS, { kind: 'start', request, view: [], startedAt: '2026-11-27T00:00:00Z' }, 0);
  const atUs = DRAIN_DEFAULTS.deadlineS * US;
  const { state, effects } = step(begun.state, { kind: 'look', remaining, handover: { masters, wouldBreak: 0 } }, atUs);
  const [drain] = state.drains;
  assert.ok(drain);
  const text = drainText(drain, atUs + 60 * US, undefined);
  return {
    text,
    line: drainLine(drain, atUs),
    events: effects.map((effect) => (effect.kind === 'event' ? effect.event.text : '')).join('\n'),
  };
}

test('a director whose addresses no peer has is not reported as one whose peers have them', () => {
  const left = ended(['VI_1', 'VI_2']);
  assert.equal(
    left.line,
    'd1 director: deadline, 0 connections left; no peer has taken over VI_1, VI_2, released until weir drain cancel d1',
  );
  assert.match(left.events, /^the deadline has come with 0 connections left: keep, and no peer has taken over VI_1, VI_2$/m);
  const over = ended([]);
  assert.equal(over.line, 'd1 director: empty, 0 connections left; its addresses stay with peers until weir drain cancel d1');
  assert.doesNotMatch(over.events, /no peer/);
  assert.match(over.text, /^ {2}begun 2026-11-27T00:00:00Z, ended 300 s later$/m);
});
