// Slow start: a server that comes back serves with a weight that rises in whole steps. Steps fall on whole seconds of the monotonic clock, so
// that servers that start slowly together change the table once a second at most.
import type { RealServer } from '../../model/keepalived/virtual-server.js';
import { log } from '../machine.js';
import { type CheckContext, changeReal, realAt, serverAt } from './context.js';
import { realName } from './names.js';
import { weightOf } from './pool.js';
import type { Remembered } from './remembered-check.js';
import { type SlowStart, slowWeight } from './slow-weight.js';
import type { CheckMachine, RealState } from './state.js';

/** So often the weight changes at most. */
const STEPS_MAX = 10;
const SECOND_US = 1_000_000;

const stepsOf = ({ slowStartUs }: RealServer): number => Math.min(STEPS_MAX, Math.floor(slowStartUs / SECOND_US));

/** Full seconds, rounded up. */
const stepAtUs = ({ fromUs, of }: SlowStart, step: number, { slowStartUs }: RealServer): number =>
  fromUs + Math.ceil((step * slowStartUs) / of / SECOND_US) * SECOND_US;

/** As it is at a time; undefined: it is over. */
function slowStartAt(real: RealServer, fromUs: number, atUs: number): SlowStart | undefined {
  const of = stepsOf(real);
  let slow: SlowStart = { fromUs, step: 0, of };
  while (slow.step < of && stepAtUs(slow, slow.step + 1, real) <= atUs) slow = { ...slow, step: slow.step + 1 };
  return slow.step < of ? slow : undefined;
}

/** A server comes back into the pool. */
export function beginSlowStart(context: CheckContext, server: number, real: number): void {
  const { config } = realAt(context, server, real);
  const slow = slowStartAt(config, Math.ceil(context.atUs / SECOND_US) * SECOND_US, context.atUs);
  if (slow === undefined) return;
  changeReal(context, server, real, { slow });
  context.machine = { ...context.machine, slow: [...context.machine.slow, { server, real }] };
  const weight = weightOf(context, server, real);
  const first = slowWeight(weight, slow);
  if (first < weight) logSlow(context, server, real, `begins: weight ${first} of ${weight}, all in ${config.slowStartUs / SECOND_US} s`);
}

/** A server that leaves the pool begins from the start when it comes back. */
export function endSlowStart(context: CheckContext, server: number, real: number): void {
  if (realAt(context, server, real).slow === undefined) return;
  changeReal(context, server, real, { slow: undefined });
  forget(context, (one) => one.server === server && one.real === real);
}

function forget(context: CheckContext, which: (one: CheckMachine['slow'][number]) => boolean): void {
  context.machine = { ...context.machine, slow: context.machine.slow.filter((one) => !which(one)) };
}

/** Takes the steps that are due. */
export function advanceSlowStarts(context: CheckContext): void {
  if (context.machine.slow.length === 0) return;
  for (const { server, real } of context.machine.slow) {
    const { config, slow } = realAt(context, server, real);
    if (slow === undefined || stepAtUs(slow, slow.step + 1, config) > context.atUs) continue;
    const weight = weightOf(context, server, real);
    const next = slowStartAt(config, slow.fromUs, context.atUs);
    changeReal(context, server, real, { slow: next });
    if (slowWeight(weight, slow) !== slowWeight(weight, next)) context.changed.add(server);
    if (next === undefined && weight > 1) logSlow(context, server, real, `is over: weight ${weight}`);
  }
  forget(context, ({ server, real }) => realAt(context, server, real).slow === undefined);
}

/** When the next step is due. */
export function nextSlowStepUs({ slow, servers }: CheckMachine): number | undefined {
  const times = slow.flatMap(({ server, real }) => {
    const state = servers[server]?.reals[real];
    return state?.slow === undefined ? [] : [stepAtUs(state.slow, state.slow.step + 1, state.config)];
  });
  return times.length === 0 ? undefined : Math.min(...times);
}

/** What a reload leaves of a slow start: all, unless the time is another one. */
export function carriedSlowStart(context: CheckContext, config: RealServer, before: RealState): SlowStart | undefined {
  const { slow } = before;
  if (slow === undefined || before.config.slowStartUs === config.slowStartUs) return slow;
  return slowStartAt(config, slow.fromUs, context.atUs);
}

/** What an earlier process left of it. `keys`: of its checks. */
export function rememberedSlowStart(
  context: CheckContext,
  config: RealServer,
  keys: readonly string[],
  remembered: Remembered | undefined,
): SlowStart | undefined {
  const times = keys.flatMap((key) => remembered?.get(key)?.slowFromUs ?? []).filter((fromUs) => fromUs <= context.atUs + SECOND_US);
  return times.length === 0 ? undefined : slowStartAt(config, Math.max(...times), context.atUs);
}

/** After a reload the servers have other places. */
export function findSlowStarts(context: CheckContext): void {
  const slow = context.servers.flatMap(({ reals }, server) =>
    reals.flatMap((state, real) => (state.slow === undefined ? [] : [{ server, real }])),
  );
  context.machine = { ...context.machine, slow };
}

function logSlow(context: CheckContext, server: number, real: number, text: string): void {
  const { config } = serverAt(context, server);
  log(context, `Slow start of service ${realName(realAt(context, server, real).config, config)} of VS ${config.name} ${text}`);
}
