// Drains as values: the same for weir drain --json and the control API.
import type { Drain } from '../../model/drain/drain.js';
import type { Json } from '../../model/json.js';

const SECOND_US = 1_000_000;

/** Whole seconds of microseconds, never less than none. */
export const wholeSeconds = (us: number): number => Math.max(0, Math.round(us / SECOND_US));

/** Connections that leave in a second, by the last looks; undefined: none left. */
export function leavingRate({ samples }: Pick<Drain, 'samples'>): number | undefined {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || last[0] <= first[0] || last[1] >= first[1]) return undefined;
  return ((first[1] - last[1]) * SECOND_US) / (last[0] - first[0]);
}

/** When it will be empty if connections go on to leave as they do, s; undefined: none leaves. */
export function forecastSeconds(drain: Pick<Drain, 'samples' | 'remaining'>): number | undefined {
  const rate = leavingRate(drain);
  return rate === undefined || drain.remaining === null ? undefined : Math.round(drain.remaining.open / rate);
}

/** `driver`: the process that drives it in the background. `nowUs`: CLOCK_MONOTONIC. */
export function drainJson(drain: Drain, nowUs: number, driver: number | undefined): Json {
  const { startedUs, deadlineUs, endedUs, lookedUs, samples: _samples, persistenceDeadlineUs, quietSinceUs: _quiet, ...rest } = drain;
  return {
    ...rest,
    ageS: wholeSeconds((endedUs ?? nowUs) - startedUs),
    deadlineInS: endedUs === null ? wholeSeconds(deadlineUs - nowUs) : 0,
    persistenceDeadlineInS: drain.released ? 0 : wholeSeconds(persistenceDeadlineUs - nowUs),
    lookedAgoS: wholeSeconds(nowUs - lookedUs),
    leavingPerS: leavingRate(drain) ?? 0,
    forecastS: forecastSeconds(drain) ?? null,
    driver: driver ?? null,
  };
}
