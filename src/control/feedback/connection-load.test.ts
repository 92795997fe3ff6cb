import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FEEDBACK_DEFAULTS } from '../../model/feedback/feedback-settings.js';
import { beginConnectionLoad, type ConnectionLoad, connectionReport, examineConnections, sampleConnections } from './connection-load.js';
import { decide, type Member } from './law.js';
import { compare, type Window } from './window.js';

const CONCURRENCY = 10;
const SECOND_US = 1_000_000;

/** So many connections a second, each open for so long; `unanswered`: none is answered, and half-open ones stay for ten seconds. */
interface Traffic {
  readonly rate: number;
  readonly openS: number;
  readonly unanswered?: 'refused' | 'silent';
}

/** Ten samples a second, for so many seconds. */
function ran(load: ConnectionLoad, { rate, openS, unanswered }: Traffic, seconds: number): ConnectionLoad {
  let now = load;
  for (let tick = 1; tick <= seconds * 10; tick++) {
    const conns = load.last.conns + Math.floor((rate * tick) / 10);
    const atUs = load.atUs + (tick * SECOND_US) / 10;
    const waiting = rate * Math.min(10, atUs / SECOND_US);
    const active = Math.round(unanswered === 'silent' ? waiting : rate * openS);
    now = sampleConnections(now, { conns, active }, atUs, CONCURRENCY);
    if (tick % 10 === 0) now = examineConnections(now, unanswered === undefined ? 0 : waiting);
  }
  return now;
}

function windowOf(traffic: Traffic, before: ConnectionLoad = beginConnectionLoad({ conns: 0, active: 0 }, 0)): Window {
  const settled = ran(before, traffic, 5);
  const after = ran(settled, traffic, 5);
  const sampleOf = (load: ConnectionLoad) => ({ ...connectionReport(load).counters!, atUs: load.atUs });
  const found = compare(sampleOf(settled), sampleOf(after));
  return found.kind === 'window' ? found.window : assert.fail(JSON.stringify(found));
}

const near = (value: number, wanted: number): void => assert.ok(Math.abs(value / wanted - 1) < 0.05, `${value}, not ${wanted}`);

test('a server is as busy as the connections that it works on, and completes those that end', () => {
  const window = windowOf({ rate: 50, openS: 0.1 });
  near(window.busy, 0.5);
  near(window.completed, 250);
  near(windowOf({ rate: 50, openS: 1 }).busy, 1);
});

test('short connections that no sample finds open are no idle server with traffic', () => {
  assert.ok(windowOf({ rate: 50, openS: 0 }).busy >= 0.002);
});

test('one that refuses or is silent is busy and completes nothing, until it answers again', () => {
  for (const unanswered of ['refused', 'silent'] as const) {
    const window = windowOf({ rate: 50, openS: 0, unanswered });
    assert.deepEqual([window.busy, window.completed], [1, 0], unanswered);
  }
  const refusing = ran(beginConnectionLoad({ conns: 0, active: 0 }, 0), { rate: 50, openS: 0, unanswered: 'refused' }, 10);
  const window = windowOf({ rate: 50, openS: 0.1 }, refusing);
  near(window.completed, 250);
  near(window.busy, 0.5);
});

test('a few connections that are not answered, or a small part of all, change nothing', () => {
  const load = ran(beginConnectionLoad({ conns: 0, active: 0 }, 0), { rate: 50, openS: 0.1 }, 10);
  for (const count of [9, 200]) assert.equal(examineConnections(load, count).isUnanswered, false);
  assert.equal(examineConnections(load, 260).isUnanswered, true);
});

test('counters that begin again begin another run', () => {
  const load = ran(beginConnectionLoad({ conns: 100, active: 0 }, 0), { rate: 50, openS: 0.1 }, 5);
  const again = sampleConnections(load, { conns: 1, active: 1 }, load.atUs + 1, CONCURRENCY);
  assert.notEqual(connectionReport(again).counters?.run, connectionReport(load).counters?.run);
});

test('the one that refuses is lowered; where all do nothing moves', () => {
  const good = windowOf({ rate: 50, openS: 0.1 });
  const bad = windowOf({ rate: 50, openS: 0, unanswered: 'refused' });
  const next = (...windows: readonly Window[]) =>
    decide(
      windows.map((window): Member => ({ weight: 100, configured: 100, follows: { kind: 'measured', window } })),
      FEEDBACK_DEFAULTS,
    );
  const { decisions } = next(good, good, bad);
  assert.deepEqual(
    decisions.map(({ weight }) => weight),
    [115, 115, 70],
  );
  const { note, decisions: held } = next(bad, bad, bad);
  assert.deepEqual([note, held.map(({ weight }) => weight)], ['overloaded', [100, 100, 100]]);
});
