// Each invariant finds a machine that breaks it: weir's own, with one fault in its answers.
import { test } from 'node:test';
import { assertCaught, bentMachine } from '../../../test/support/sim-tests.js';
import type { Step } from '../../control/machine.js';
import type { Effect, Input } from '../../control/vrrp/messages.js';
import type { VrrpMachine } from '../../control/vrrp/state/vrrp-machine.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../model/keepalived/instance.js';
import type { History } from './history.js';
import { invariants } from './invariants/all.js';
import type { Machine } from './machine.js';
import { simulatorOf } from './simulator.js';
import { weirMachine } from './weir-machine.js';

type Answer = Step<VrrpMachine, Effect>;
type Bend = (answer: Answer, input: Input, atUs: number) => Answer;

const bent = (bend: Bend): Machine<VrrpMachine> => bentMachine(weirMachine, bend);

const dropping = (drop: (effect: Effect) => boolean): Machine<VrrpMachine> =>
  bent((answer) => ({ ...answer, effects: answer.effects.filter((effect) => !drop(effect)) }));

const isZero = (effect: Effect): boolean => effect.kind === 'send' && effect.protocol === 112 && effect.payload[2] === 0;

/** Some seed finds the broken machine, with these words; `worth`: only such histories are tried. */
const caught = (machine: Machine<VrrpMachine>, words: RegExp, seeds = 60, worth?: (history: History) => boolean): void =>
  assertCaught(simulatorOf(machine, invariants), words, seeds, worth);

test('addresses that stay behind', () => {
  caught(
    dropping((effect) => effect.kind === 'addresses' && effect.action === 'remove'),
    /should not be there/,
  );
});

test('a master without its addresses', () => {
  caught(
    dropping((effect) => effect.kind === 'addresses' && effect.action === 'add'),
    /is missing/,
  );
});

test('drop rules that stay behind', () => {
  caught(
    dropping((effect) => effect.kind === 'firewall' && effect.action === 'allow'),
    /drop rule for .* should not be there/,
  );
});

test('addresses before the advert', () => {
  const rank = (effect: Effect): number => (effect.kind === 'send' ? 1 : 0);
  caught(
    bent((answer) => ({ ...answer, effects: answer.effects.toSorted((a, b) => rank(a) - rank(b)) })),
    /before it advertises/,
  );
});

test('no gratuitous ARP', () => {
  caught(
    dropping((effect) => effect.kind === 'announce'),
    /announces nothing/,
  );
});

test('no notification of scripts', () => {
  caught(
    dropping((effect) => effect.kind === 'notify' && effect.event === 'BACKUP'),
    /notified nothing/,
  );
});

test('no advert of priority 0', () => caught(dropping(isZero), /without an advert of priority 0/));

test('adverts out of turn', () => {
  let last: Effect | undefined;
  const parrot = bent((answer, input) => {
    const own = answer.effects.find((effect) => effect.kind === 'send');
    last = own ?? last;
    return input.kind === 'packet' && own === undefined && last !== undefined ? { ...answer, effects: [...answer.effects, last] } : answer;
  });
  caught(parrot, /sends (?:for|again)/);
});

test('another priority than the effective one', () => {
  const boast = (effect: Effect): Effect =>
    effect.kind === 'send' && effect.protocol === 112 && (effect.payload[2] ?? 0) > 0
      ? { ...effect, payload: effect.payload.with(2, ((effect.payload[2] ?? 0) % 254) + 1) }
      : effect;
  caught(
    bent((answer) => ({ ...answer, effects: answer.effects.map(boast) })),
    /priority \d+, effective is/,
  );
});

const withInput = (change: (input: Input) => Input | undefined): Machine<VrrpMachine> => ({
  ...weirMachine,
  step: (state, input, atUs) => {
    const changed = change(input);
    return changed === undefined ? weirMachine.step(state, { kind: 'clearCounters' }, atUs) : weirMachine.step(state, changed, atUs);
  },
});

const reconfigured = (change: (configuration: KeepalivedConfiguration) => KeepalivedConfiguration): Machine<VrrpMachine> =>
  withInput((input) => (input.kind === 'configure' ? { ...input, configuration: change(input.configuration) } : input));

const eachInstance = (change: (instance: VrrpInstance) => VrrpInstance): Machine<VrrpMachine> =>
  reconfigured((configuration) => ({ ...configuration, instances: configuration.instances.map(change) }));

test('a machine that ignores packets', () =>
  caught(
    withInput((input) => (input.kind === 'packet' ? undefined : input)),
    /both masters|has \d masters/,
  ));

test('a machine that ignores the end of a fault', () =>
  caught(
    withInput((input) => (input.kind === 'interface' && input.facts.up ? undefined : input)),
    /should not be in fault/,
  ));

test('a machine that continues after it was stopped', () =>
  caught(
    withInput((input) => (input.kind === 'stop' ? undefined : input)),
    /stopped and left|without an advert of priority 0/,
  ));

test('no preemption', () =>
  caught(
    eachInstance((instance) => ({ ...instance, nopreempt: true })),
    /should be master/,
  ));

test('takeovers too late, too early', () => {
  caught(
    eachInstance((instance) => ({ ...instance, downTimerAdverts: instance.downTimerAdverts + 1 })),
    /us late|receives nothing/,
  );
  caught(
    eachInstance((instance) => ({ ...instance, downTimerAdverts: 1 })),
    /us early/,
  );
});

test('adverts too rarely, too often', () => {
  caught(
    eachInstance((instance) => (instance.version === 2 ? { ...instance, advertUs: 2 * instance.advertUs } : instance)),
    /sent nothing|with interval/,
  );
  caught(
    eachInstance((instance) => ({ ...instance, fast: { intervalUs: instance.advertUs / 2, missed: 100 } })),
    /sends again after/,
  );
});

test('members of a sync group on their own', () =>
  caught(
    reconfigured((configuration) => ({ ...configuration, syncGroups: [] })),
    /members of G1 are/,
  ));

test('no wake while something is due, and wakes without end', () => {
  caught(
    bent((answer) => ({ ...answer, wakeAtUs: undefined })),
    /sleeps for ever/,
  );
  caught(
    bent((answer, _input, atUs) => ({ ...answer, wakeAtUs: atUs })),
    /again and again/,
  );
  caught(
    bent((answer, _input, atUs) => ({ ...answer, wakeAtUs: atUs + 500 })),
    /was woken \d+ times/,
  );
});

test('a machine that ignores heartbeats becomes a second master when one segment is cut', () =>
  caught(
    withInput((input) => (input.kind === 'heartbeat' ? undefined : input)),
    /although it receives from|both masters/,
    1000,
    ({ nodes, events }) => nodes[0]?.configuration.instances[0]?.heartbeat.length !== 0 && events.some(({ what }) => what.kind === 'path'),
  ));

test('options of the election that are ignored', () => {
  caught(
    eachInstance((instance) => ({ ...instance, lowerPriorityNoAdvert: false })),
    /in spite of lower_prio_no_advert/,
    400,
  );
  caught(
    eachInstance((instance) => ({ ...instance, higherPrioritySendAdvert: false })),
    /yields without a last advert/,
    400,
  );
  caught(
    eachInstance((instance) => ({ ...instance, preemptDelayUs: 0 })),
    /preempts \d+ us after/,
    400,
  );
});

test('a machine that never waits for connections', () =>
  caught(
    withInput((input) => (input.kind === 'connections' ? undefined : input)),
    /and lacks connections/,
    400,
  ));

test('a machine that waits for connections without end', () =>
  caught(
    reconfigured((configuration) => ({ ...configuration, global: { ...configuration.global, lvsSyncWait: 600 } })),
    /should be master/,
    1000,
  ));

test('gratuitous ARP once, and not again', () => {
  caught(
    eachInstance((instance) => ({ ...instance, garp: { ...instance.garp, masterDelayUs: 0 } })),
    /owes its second block/,
  );
  caught(
    eachInstance((instance) => ({ ...instance, garp: { ...instance.garp, masterRefreshUs: 0 } })),
    /has refreshed nothing/,
  );
});

test('fast mode that is not used, or used too soon', () => {
  caught(
    eachInstance(({ fast, ...instance }) => instance),
    /receives nothing in fast mode|sent nothing/,
    200,
  );
  const hasty = eachInstance((instance) =>
    instance.fast === undefined ? instance : { ...instance, fast: { ...instance.fast, missed: 1 } },
  );
  const isFast = ({ nodes }: History): boolean => nodes.some(({ configuration }) => configuration.instances.some(({ fast }) => fast));
  caught(hasty, /without an advert|preempts/, 2000, isFast);
});

test('too many log lines', () => {
  const line: Effect = { kind: 'log', level: 'info', text: 'hello' };
  caught(
    bent((answer) => ({ ...answer, effects: [...answer.effects, ...Array.from({ length: 20 }, () => line)] })),
    /logged \d+ lines/,
  );
});
