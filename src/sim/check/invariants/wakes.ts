// Wakes and lines: no busy loop, no machine that sleeps while the table waits, and a log that stays readable.
import type { CheckTiming } from '../../../model/keepalived/virtual-server.js';
import type { Invariant, MakeInvariant } from '../invariant.js';
import type { World } from '../world.js';

const WINDOW_US = 10_000_000;
/** So many wakes and lines in a window are of no check: a lock is tried again every 20 ms in the first second, then every half second. */
const OF_NO_CHECK_MAX = 100;
const RETRY_MAX_US = 60_000_000;
/** So many lines may come of one attempt. */
const LINES_MAX = 12;

const roundUs = ({ delayLoopUs, delayBeforeRetryUs }: CheckTiming): number => Math.min(delayLoopUs, delayBeforeRetryUs);

/** How often checks may be made within the window. */
function rounds({ view }: World): number {
  const checkers = view.flatMap(({ reals }) => reals.flatMap((real) => real.checkers));
  return checkers.reduce((sum, { config }) => sum + 1 + WINDOW_US / roundUs(config.timing), 0);
}

export const wakes: MakeInvariant = (world): Invariant => {
  let [fromUs, woken, lines, idle, most] = [0, 0, 0, 0, 0];
  return {
    stepped: ({ nowUs, localUs, input, effects, wakeAtUs }) => {
      if (wakeAtUs !== undefined && !Number.isFinite(wakeAtUs)) return `wants to be woken at ${wakeAtUs}`;
      // `applied` comes after the effects of the step that asked for it.
      const waits = world.wanted.size > 0 && !effects.some(({ kind }) => kind === 'apply') && !world.keepServers;
      if (waits && (wakeAtUs === undefined || wakeAtUs > localUs + RETRY_MAX_US)) return 'the table waits, and is not tried again';
      if (nowUs - fromUs > WINDOW_US || input.kind === 'configure') [fromUs, woken, lines, most] = [nowUs, 0, 0, 0];
      most = Math.max(most, rounds(world));
      if (input.kind !== 'configure' && input.kind !== 'stop')
        lines += effects.filter((one) => one.kind === 'log' && one.detail !== true).length;
      if (lines > OF_NO_CHECK_MAX + most * LINES_MAX) return `logs ${lines} lines in ten seconds`;
      if (input.kind !== 'wake') return undefined;
      woken++;
      if (woken > OF_NO_CHECK_MAX + 2 * most) return `is woken ${woken} times in ten seconds`;
      idle = wakeAtUs !== undefined && wakeAtUs <= localUs && !effects.some(({ kind }) => kind === 'attempt') ? idle + 1 : 0;
      return idle > 3 ? `wants to be woken again and again at ${wakeAtUs}` : undefined;
    },
  };
};
