// A node that comes back has none of the connections that its master keeps alive. It does not preempt before its tables have those of its peers, but for a
// limited time.
import { change, instanceAt, logInstance, logInstanceBounded, type VrrpContext } from '../context.js';

const SECOND_US = 1_000_000;
const LIMIT_DEFAULT_S = 60;

/** It begins with the first advert of a lower priority that nothing else keeps it from answering. A silent master is no reason to wait. */
export function waitsForConnections(context: VrrpContext, index: number): boolean {
  const { missingConnections: peers, configuration, wallOffsetUs = 0 } = context.machine;
  const limitS = configuration?.global.lvsSyncWait ?? LIMIT_DEFAULT_S;
  const { connectionsWait: wait } = instanceAt(context, index);
  if (peers.length === 0 || limitS === 0 || wait === 'over') return false;
  if (wait === undefined) {
    logInstance(context, index, `waits for connections of its peers before it preempts, at most ${limitS} s: ${peers.join(', ')}`);
    const untilUs = context.atUs + limitS * SECOND_US;
    change(context, index, { connectionsWait: { peers, untilUs, untilWallUs: untilUs + wallOffsetUs } });
    return true;
  }
  if (context.atUs < wait.untilUs) return true;
  logInstance(context, index, `preempts without all connections of its peers: ${peers.join(', ')}`, 'warning');
  change(context, index, { connectionsWait: 'over' });
  return false;
}

/** What is missing changes at any time, and never makes a wait longer. */
export function handleConnections(context: VrrpContext, missing: readonly string[]): void {
  context.machine = { ...context.machine, missingConnections: missing };
  for (const [index, { connectionsWait: wait }] of context.instances.entries()) {
    if (wait === undefined || wait === 'over') continue;
    if (missing.length === 0 && wait.peers.length > 0)
      logInstanceBounded(context, index, 'connections', 'has all connections of its peers, and waits no longer');
    change(context, index, { connectionsWait: { ...wait, peers: missing } });
  }
}
