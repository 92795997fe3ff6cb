// The peer's word over a second link: while it says MASTER there, a link that loses adverts makes no second master, and of two
// that there are the lower one yields.
import { formatAddress } from '../../../model/address-text.js';
import { yieldTo } from '../election/sync-group.js';
import { masterDownUs, ordinaryDownUs } from '../election/timing.js';
import type { Input } from '../messages.js';
import { change, instanceAt, log, logBounded, type Work } from '../step-context.js';
import { noteHeartbeat } from './split-brain.js';

type Heartbeat = Extract<Input, { kind: 'heartbeat' }>;

export function heartbeat(work: Work, beat: Heartbeat): void {
  const index = work.machine.indexOfName.get(beat.instance);
  if (index === undefined || beat.state !== 'master' || work.atUs < work.machine.deafUntilUs) return;
  const { state, priority } = instanceAt(work, index);
  if (state === 'backup') keepFollowing(work, index, beat);
  else if (state === 'master' && beat.priority > priority) yieldToBeat(work, index, beat);
  else if (state === 'master') noteHeartbeat(work, index, beat.from);
}

/** A master that we would follow is alive, whether its adverts arrive or not. Fast mode's short time stays short. */
function keepFollowing(work: Work, index: number, beat: Heartbeat): void {
  const instance = instanceAt(work, index);
  const { config, master, timerAtUs } = instance;
  if (beat.priority < instance.priority && !config.nopreempt) return;
  const dueUs = work.atUs + masterDownUs(instance);
  if (timerAtUs === undefined || dueUs <= timerAtUs) return;
  change(work, index, { timerAtUs: dueUs, want: 'backup' });
  const heardUs = master?.heardAtUs ?? instance.lastTransitionUs ?? 0;
  if (work.atUs - heardUs < ordinaryDownUs(instance)) return;
  const text = `no adverts on ${config.interface ?? 'the first link'}, but ${formatAddress(beat.from)} says MASTER on the second link: staying BACKUP`;
  logBounded(work, index, 'second-link', text, 'warning');
}

/** As for an advert: the better master stays. Equal priorities are left to adverts, which compare addresses. */
function yieldToBeat(work: Work, index: number, beat: Heartbeat): void {
  const { priority } = instanceAt(work, index);
  noteHeartbeat(work, index, beat.from);
  const text = `Master heard ${formatAddress(beat.from)} say MASTER on the second link with higher priority ${beat.priority}, ours ${priority}`;
  log(work, index, text);
  yieldTo(work, index, beat.from, beat.priority);
}
