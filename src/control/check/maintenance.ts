// Maintenance: while an override has a real server in it, its checks make no attempts; what they found stays. An operator may do with it what he likes
// meanwhile, so what is under way is forgotten, and afterwards it is asked immediately: the first failure counts.
import { log } from '../machine.js';
import { delayLoopUs } from './attempts.js';
import { usedRetries } from './carry.js';
import { type CheckContext, changeChecker, changeReal, checkerAt, checkersOf, realAt, serverAt } from './context.js';
import { realOfServerIdentity } from './identity.js';
import { isAttempted } from './kinds/index.js';
import { realName } from './names.js';
import { isWaiting, sharersOf } from './sharers.js';

export function takeMaintenance(context: CheckContext, reals: ReadonlySet<string>): void {
  context.machine = { ...context.machine, maintained: reals };
  for (const [server, state] of context.servers.entries()) for (const real of state.reals.keys()) settleMaintenance(context, server, real);
}

function settleMaintenance(context: CheckContext, server: number, real: number): void {
  const state = realAt(context, server, real);
  const { config } = serverAt(context, server);
  const maintained = context.machine.maintained.has(realOfServerIdentity(config, state.config));
  if (state.maintained === maintained) return;
  const attempted = checkersOf(context, server, real).filter((index) => isAttempted(checkerAt(context, index).config.check.kind));
  const waited = new Set(attempted.filter((index) => isWaiting(context, index)));
  changeReal(context, server, real, { maintained });
  context.effects.push({ kind: 'publish' });
  const what = `service ${realName(state.config, config)} of VS ${config.name}`;
  log(context, maintained ? `Maintenance of ${what}: its health checks wait` : `Maintenance of ${what} is over`);
  for (const index of attempted) {
    const waits = isWaiting(context, index);
    if (waits && !waited.has(index)) pause(context, index);
    if (!waits && waited.has(index)) goOn(context, index);
  }
}

/** Until an attempt is due again, which then waits, too. After a reload others may wait for the attempt under way, which goes on then. */
function pause(context: CheckContext, index: number): void {
  const { attempt, dueAtUs = context.atUs + delayLoopUs(context, index) } = checkerAt(context, index);
  for (const sharer of sharersOf(context, index)) changeChecker(context, sharer, { attempt: 0, dueAtUs });
  const others = context.machine.carried.waiting.get(attempt) ?? [];
  if (attempt !== 0 && !others.some((other) => checkerAt(context, other).attempt === attempt))
    context.effects.push({ kind: 'abandon', attempt });
}

/** One that waited for another reason, too, may have an attempt under way. */
function goOn(context: CheckContext, index: number): void {
  for (const sharer of sharersOf(context, index)) {
    const { attempt, config, ran, up, retries, contrary } = checkerAt(context, sharer);
    if (attempt !== 0) continue;
    const isDoubted = ran && up;
    changeChecker(context, sharer, {
      dueAtUs: context.atUs,
      retries: isDoubted ? usedRetries(config) : retries,
      contrary: isDoubted ? config.timing.fall - 1 : contrary,
    });
  }
}
