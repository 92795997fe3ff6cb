// Which destinations a virtual server has at the moment, and with which weights.
import type { RealServer } from '../../model/keepalived/virtual-server.js';
import { itemsFrom } from '../timed-list.js';
import { type CheckContext, checkersNow, realAt, serverAt } from './context.js';
import { slowWeight } from './slow-weight.js';
import type { CheckerState } from './state.js';

/** The kernel's limit is higher; keepalived's is this one. */
const WEIGHT_MAX = 65_535;

/** What the file gives, and what its checkers add. */
export function weightIn({ weight }: RealServer, checkers: readonly CheckerState[]): number {
  return Math.min(Math.max(weight + checkers.reduce((sum, checker) => sum + checker.weight, 0), 0), WEIGHT_MAX);
}

/** The weight of a real server as it is now. */
export function weightOf(context: CheckContext, server: number, real: number): number {
  const { config, firstChecker, checkerCount } = realAt(context, server, real);
  return weightIn(config, itemsFrom(checkersNow(context), firstChecker, checkerCount));
}

/** The sum of the weights of all servers that are alive. */
export function aliveWeight(context: CheckContext, server: number): number {
  return serverAt(context, server).reals.reduce((sum, { alive }, real) => (alive ? sum + weightOf(context, server, real) : sum), 0);
}

/**
 * The sorry server while it serves, else all servers that are alive. A server with inhibit_on_failure, and a sorry server with
 * sorry_server_inhibit, stays with weight 0 where it does not serve.
 */
export function poolOf(context: CheckContext, server: number): readonly RealServer[] {
  const { config, reals, sorry } = serverAt(context, server);
  const pool: RealServer[] = [];
  for (const [real, { config: settings, alive, slow }] of reals.entries()) {
    const serves = alive && !sorry;
    if (serves || settings.inhibitOnFailure)
      pool.push({ ...settings, weight: serves ? slowWeight(weightOf(context, server, real), slow) : 0 });
  }
  const { sorryServer, sorryInhibit } = config;
  if (sorryServer !== undefined && (sorry || sorryInhibit)) pool.push({ ...sorryServer, weight: sorry ? sorryServer.weight : 0 });
  return pool;
}
