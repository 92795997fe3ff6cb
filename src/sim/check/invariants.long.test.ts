// Each invariant finds a machine that breaks it: weir's own, with one fault in its answers.
import { test } from 'node:test';
import { assertCaught, bentMachine } from '../../../test/support/sim-tests.js';
import type { CheckEffect, CheckInput } from '../../control/check/messages.js';
import type { CheckMachine } from '../../control/check/state.js';
import type { Step } from '../../control/machine.js';
import { itemsOf, timedList } from '../../control/timed-list.js';
import type { Checker, VirtualServer } from '../../model/keepalived/virtual-server.js';
import type { History } from './history.js';
import { invariants } from './invariants/all.js';
import type { Machine } from './machine.js';
import { simulatorOf } from './simulator.js';
import { weirMachine } from './weir-machine.js';

type Answer = Step<CheckMachine, CheckEffect>;
type Bend = (answer: Answer, input: CheckInput, atUs: number) => Answer;

const bent = (bend: Bend): Machine<CheckMachine> => bentMachine(weirMachine, bend);

const withEffects = (change: (effect: CheckEffect, input: CheckInput) => readonly CheckEffect[]): Machine<CheckMachine> =>
  bent((answer, input) => ({ ...answer, effects: answer.effects.flatMap((effect) => change(effect, input)) }));

const dropping = (drop: (effect: CheckEffect) => boolean): Machine<CheckMachine> => withEffects((effect) => (drop(effect) ? [] : [effect]));

const withInput = (change: (input: CheckInput) => CheckInput): Machine<CheckMachine> => ({
  ...weirMachine,
  step: (state, input, atUs) => weirMachine.step(state, change(input), atUs),
});

/** The machine takes another file than the world. */
const reconfigured = (change: (server: VirtualServer) => VirtualServer): Machine<CheckMachine> =>
  withInput((input) => (input.kind === 'configure' ? { ...input, servers: input.servers.map(change) } : input));

const eachChecker = (change: (checker: Checker) => Checker): Machine<CheckMachine> =>
  reconfigured((server) => ({
    ...server,
    realServers: server.realServers.map((real) => ({ ...real, checkers: real.checkers.map(change) })),
  }));

/** Some seed finds the broken machine, with these words. */
const caught = (machine: Machine<CheckMachine>, words: RegExp, seeds = 80, worth?: (history: History) => boolean): void =>
  assertCaught(simulatorOf(machine, invariants), words, seeds, worth);

/** A configuration comes while attempts wait for a host that does not answer: one in fourteen histories. */
function reloadsInSilence({ events }: History): boolean {
  const silent = new Set<string>();
  for (const { what } of events) {
    if (what.kind === 'reload' && silent.size > 0) return true;
    if (what.kind !== 'host') continue;
    if (what.behaviour.kind === 'silent') silent.add(what.address);
    else silent.delete(what.address);
  }
  return false;
}

test('a table that does not follow', () => {
  caught(
    dropping(({ kind }) => kind === 'serve'),
    /is not in the table/,
  );
  caught(
    dropping(({ kind }) => kind === 'remove'),
    /stays in the table/,
  );
  caught(
    withEffects((effect) =>
      effect.kind === 'serve' ? [{ ...effect, pool: effect.pool.map((real) => ({ ...real, weight: 0 })) }] : [effect],
    ),
    /and should have/,
  );
  caught(
    withEffects((effect) =>
      effect.kind === 'serve' ? [{ ...effect, pool: effect.pool.map((real) => ({ ...real, weight: real.weight * 70_000 })) }] : [effect],
    ),
    /has a weight of/,
  );
});

test('attempts that are lost, doubled, or go on', () => {
  caught(
    dropping(({ kind }) => kind === 'attempt'),
    /waited for, which is not under way/,
  );
  caught(
    withEffects((effect) => (effect.kind === 'attempt' ? [effect, effect] : [effect])),
    /begins twice/,
  );
  caught(
    dropping(({ kind }) => kind === 'abandon'),
    /is of no check, and goes on/,
    400,
    reloadsInSilence,
  );
});

test('verdicts that come too soon, too late or never', () => {
  caught(
    eachChecker((one) => ({ ...one, timing: { ...one.timing, retry: one.timing.retry + 1 } })),
    /is up and should not be/,
  );
  caught(
    eachChecker((one) => ({ ...one, timing: { ...one.timing, retry: 0 } })),
    /is down and should not be/,
  );
  caught(
    eachChecker((one) => ({ ...one, timing: { ...one.timing, rise: 1 } })),
    /is up and should not be/,
  );
  caught(
    eachChecker((one) => ({ ...one, timing: { ...one.timing, fall: 1 } })),
    /is down and should not be/,
  );
  caught(
    eachChecker((one) => ({ ...one, timing: { ...one.timing, delayLoopUs: 100 * one.timing.delayLoopUs } })),
    /still in service|is not back/,
  );
  caught(
    bent((answer) => ({ ...answer, wakeAtUs: undefined })),
    /sleeps until/,
  );
});

test('a slow start that is left out, or lasts too long', () => {
  const withSlowStart = (change: (us: number) => number) =>
    reconfigured((server) => ({
      ...server,
      realServers: server.realServers.map((real) => ({ ...real, slowStartUs: change(real.slowStartUs) })),
    }));
  caught(
    withSlowStart(() => 0),
    /comes back with its full weight/,
  );
  caught(
    withSlowStart((us) => 3 * us),
    /starts slowly for too long/,
  );
  caught(
    withSlowStart(() => 5_000_000),
    /starts slowly without slow_start/,
  );
});

test('sharing that is left out, or not asked for', () => {
  const withSharing = (sharedChecks: boolean) =>
    withInput((input) => (input.kind === 'configure' ? { ...input, settings: { ...input.settings, sharedChecks } } : input));
  caught(withSharing(false), /not all make one attempt/);
  caught(withSharing(true), /two checks make one attempt/);
});

test('checks in a storm', () => {
  caught(
    eachChecker((one) => ({ ...one, timing: { ...one.timing, delayLoopUs: 50_000, delayBeforeRetryUs: 50_000 } })),
    /is made again after/,
  );
  caught(
    bent((answer, _input, atUs) => ({ ...answer, wakeAtUs: atUs })),
    /again and again/,
  );
});

test('a process that remembers nothing, or does not write', () => {
  caught(
    withInput((input) => (input.kind === 'configure' && input.remembered !== undefined ? { ...input, remembered: new Map() } : input)),
    /before the start|should not be/,
  );
  caught(
    dropping(({ kind }) => kind === 'remember'),
    /is not written down/,
  );
});

test('a reload that begins everything again', () => {
  const forgetful: Machine<CheckMachine> = {
    ...weirMachine,
    step: (state, input, atUs) =>
      weirMachine.step(
        input.kind === 'configure'
          ? {
              ...state,
              checkers: timedList(
                itemsOf(state.checkers).map((one) => ({ ...one, dueAtUs: one.attempt === 0 ? atUs + 500_000 : one.dueAtUs })),
              ),
            }
          : state,
        input,
        atUs,
      ),
  };
  caught(forgetful, /the reload changed/);
});

test('a quorum that is not reported, twice, by the wrong script or too early', () => {
  const isServer = (effect: CheckEffect): boolean => effect.kind === 'notify' && effect.line.startsWith('VS ');
  caught(dropping(isServer), /and reported nothing/);
  caught(
    withEffects((effect) => (isServer(effect) ? [effect, effect] : [effect])),
    /is reported UP UP|is reported DOWN DOWN/,
  );
  caught(
    withEffects((effect) => {
      if (effect.kind !== 'notify' || effect.script === undefined || !isServer(effect)) return [effect];
      return [{ ...effect, script: { argv: ['other'], text: 'other' } }];
    }),
    /starts other/,
  );
  caught(
    bent((answer) => ({
      ...answer,
      effects: answer.effects.toSorted((a, b) => Number(b.kind === 'notify') - Number(a.kind === 'notify')),
    })),
    /reports before it applies/,
  );
  caught(
    bent((answer) => ({ ...answer, effects: answer.effects.toSorted((a, b) => Number(isServer(b)) - Number(isServer(a))) })),
    /reported before its servers|reports before it applies/,
  );
  caught(
    reconfigured((server) => ({ ...server, hysteresis: 0 })),
    /(?:comes up|goes down|is up|is down) with a weight/,
    200,
  );
});

test('mails and lines about servers that are missing, or not wanted', () => {
  caught(
    dropping((effect) => effect.kind === 'notify' && effect.line.startsWith('RS ')),
    /changes unreported/,
  );
  caught(
    dropping(({ kind }) => kind === 'mail'),
    /mails about/,
  );
});

test('ha_suspend that is ignored', () => {
  caught(
    withInput((input) => (input.kind === 'addresses' ? { ...input, counts: new Map([['inet/3221225985', 1]]) } : input)),
    /is suspended|is not suspended/,
    200,
  );
});

test('too many log lines', () => {
  const line: CheckEffect = { kind: 'log', level: 'info', text: 'hello' };
  caught(
    bent((answer) => ({ ...answer, effects: [...answer.effects, ...Array.from({ length: 30 }, () => line)] })),
    /logs \d+ lines/,
  );
});
