// Which destinations a virtual server has at the moment, and with which weights.
import type { RealServer } from '../../model/keepalived/virtual-server.js';
import { type CheckContext, checkersOf, serverAt } from './context.js';

/** The kernel's limit is higher; keepalived's is this one. */
const WEIGHT_MAX = 65_535;

/** What the file gives, and what its checkers add. */
export function weightOf(context: CheckContext, server: number, real: number): number {
  const added = checkersOf(context, server, real).reduce((sum, index) => sum + (context.checkers[index]?.weight ?? 0), 0);
  const given = serverAt(context, server).reals[real]?.config.weight ?? 0;
  return Math.min(Math.max(given + added, 0), WEIGHT_MAX);
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
  for (const [real, { config: settings, alive }] of reals.entries()) {
    const serves = alive && !sorry;
    if (serves || settings.inhibitOnFailure) pool.push({ ...settings, weight: serves ? weightOf(context, server, real) : 0 });
  }
  const { sorryServer, sorryInhibit } = config;
  if (sorryServer !== undefined && (sorry || sorryInhibit)) pool.push({ ...sorryServer, weight: sorry ? sorryServer.weight : 0 });
  return pool;
}
