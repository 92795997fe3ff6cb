// Why a weight changes, in one line: `busy 0.97 over 5.0 s, 41 completed/s, pool mean 0.55`.
import type { Decision, Member } from './law.js';

const LIMITS: Readonly<Record<Decision['limit'], string | undefined>> = {
  'dead-band': 'makes up for the others',
  step: 'as far as one period may go',
  bound: 'as far as its bounds go',
  turn: 'makes up for the others',
  sum: 'as far as the sum allows',
  hold: 'makes up for the others',
  none: undefined,
};

/** What one window has shown. `mean`: of the pool's busy shares. */
function measuredText({ seconds, busy, completed }: Extract<Member['follows'], { kind: 'measured' }>['window'], mean: number): string {
  const rate = completed / seconds;
  return `busy ${busy.toFixed(2)} over ${seconds.toFixed(1)} s, ${rate.toFixed(rate < 10 ? 1 : 0)} completed/s, pool mean ${mean.toFixed(2)}`;
}

export function reasonOf({ follows }: Member, { target, limit }: Decision, mean: number, why: string | undefined): string {
  const end = LIMITS[limit];
  const aim = target === undefined || limit === 'dead-band' ? '' : `, target ${Math.round(target)}`;
  const begin = follows.kind === 'measured' ? measuredText(follows.window, mean) : (why ?? 'held');
  return `${begin}${aim}${end === undefined ? '' : `; ${end}`}`;
}
