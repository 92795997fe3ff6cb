// Heartbeats: the peer's state over the second link of a pair. While the peer is MASTER there, lost adverts do not make this node a
// second master; and of two masters the one of lower priority yields.
import { formatAddress } from '../../../model/address-text.js';
import { change, instanceAt, logInstance, logInstanceBounded, type VrrpContext } from '../context.js';
import { yieldTo } from '../election/sync-group.js';
import { masterDownUs, ordinaryDownUs } from '../election/timing.js';
import type { Input } from '../messages.js';
import { noteHeartbeat } from './split-brain.js';

type Heartbeat = Extract<Input, { kind: 'heartbeat' }>;

export function handleHeartbeat(context: VrrpContext, heartbeat: Heartbeat): void {
  const index = context.machine.indexOfName.get(heartbeat.instance);
  if (index === undefined || heartbeat.state !== 'master' || context.atUs < context.machine.ignoreUntilUs) return;
  const { state, priority } = instanceAt(context, index);
  if (state === 'backup') keepFollowing(context, index, heartbeat);
  else if (state === 'master' && heartbeat.priority > priority) yieldToHeartbeat(context, index, heartbeat);
  else if (state === 'master') noteHeartbeat(context, index, heartbeat.from);
}

/** A master that we follow is alive, whether its adverts arrive or not. The short down time of fast mode is kept. */
function keepFollowing(context: VrrpContext, index: number, heartbeat: Heartbeat): void {
  const instance = instanceAt(context, index);
  const { config, master, timerAtUs } = instance;
  if (heartbeat.priority < instance.priority && !config.nopreempt) return;
  const dueUs = context.atUs + masterDownUs(instance);
  if (timerAtUs === undefined || dueUs <= timerAtUs) return;
  change(context, index, { timerAtUs: dueUs, want: 'backup' });
  const lastReceivedUs = master?.receivedAtUs ?? instance.lastTransitionUs ?? 0;
  if (context.atUs - lastReceivedUs < ordinaryDownUs(instance)) return;
  const text = `no adverts on ${config.interface ?? 'the first link'}, but ${formatAddress(heartbeat.from)} is MASTER by its heartbeats: staying BACKUP`;
  logInstanceBounded(context, index, 'second-link', text, 'warning');
}

/** As with adverts, the better master stays. Equal priorities are decided by adverts, which compare addresses. */
function yieldToHeartbeat(context: VrrpContext, index: number, heartbeat: Heartbeat): void {
  const { priority } = instanceAt(context, index);
  noteHeartbeat(context, index, heartbeat.from);
  const text = `Master received a heartbeat of MASTER ${formatAddress(heartbeat.from)} with higher priority ${heartbeat.priority}, ours ${priority}`;
  logInstance(context, index, text);
  yieldTo(context, index, heartbeat.from, heartbeat.priority);
}
