// Drains as a person reads them, and as JSON.
import { counted } from '../../model/counted.js';
import type { Drain } from '../../model/drain/drain.js';
import type { Json } from '../../model/json.js';

const SECOND_US = 1_000_000;

const seconds = (us: number): number => Math.max(0, Math.round(us / SECOND_US));

/** Connections that leave in a second, by the last looks; undefined: none left. */
function leavingRate({ samples }: Pick<Drain, 'samples'>): number | undefined {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || last[0] <= first[0] || last[1] >= first[1]) return undefined;
  return ((first[1] - last[1]) * SECOND_US) / (last[0] - first[0]);
}

/** When it will be empty if connections go on to leave as they do, s; undefined: none leaves. */
function forecastSeconds(drain: Pick<Drain, 'samples' | 'remaining'>): number | undefined {
  const rate = leavingRate(drain);
  return rate === undefined || drain.remaining === null ? undefined : Math.round(drain.remaining.open / rate);
}

/** `driver`: the process that drives it in the background. `nowUs`: CLOCK_MONOTONIC. */
export function drainJson(drain: Drain, nowUs: number, driver: number | undefined): Json {
  const { startedUs, deadlineUs, endedUs, lookedUs, samples: _samples, persistenceDeadlineUs, quietSinceUs: _quiet, ...rest } = drain;
  return {
    ...rest,
    ageS: seconds((endedUs ?? nowUs) - startedUs),
    deadlineInS: endedUs === null ? seconds(deadlineUs - nowUs) : 0,
    persistenceDeadlineInS: drain.released ? 0 : seconds(persistenceDeadlineUs - nowUs),
    lookedAgoS: seconds(nowUs - lookedUs),
    leavingPerS: leavingRate(drain) ?? 0,
    forecastS: forecastSeconds(drain) ?? null,
    driver: driver ?? null,
  };
}

const statesText = (byState: Readonly<Record<string, number>>): string =>
  Object.entries(byState)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([state, count]) => `${state} ${count}`)
    .join(', ');

/** One line. */
export function drainLine(drain: Drain, nowUs: number): string {
  const { id, target, state, remaining, holds, end } = drain;
  const left = remaining === null ? 'not counted yet' : `${counted(remaining.open, 'connection')} left`;
  const time = state === 'draining' ? `, ${seconds(drain.deadlineUs - nowUs)} s until the deadline (${end})` : '';
  const held = state !== 'draining' && holds ? `; its weight stays 0 until weir drain cancel ${id}` : '';
  return `${id} ${target}: ${state}, ${left}${time}${held}`;
}

/** With all that is known of it. */
export function drainText(drain: Drain, nowUs: number, driver: number | undefined): string {
  const { remaining, also, persistence, released, startedUs, endedUs } = drain;
  const [rate, forecast] = [leavingRate(drain), forecastSeconds(drain)];
  const lines = [
    drainLine(drain, nowUs),
    ...also.map((word) => `  with ${word}: a persistent service of the same address`),
    `  begun ${drain.startedAt}, ${seconds((endedUs ?? nowUs) - startedUs)} s ${endedUs === null ? 'ago' : 'until its end'}`,
    `  persistence ${persistence}${persistence === 'honour' && released ? ', over by now' : ''}`,
    ...(remaining === null || remaining.open + remaining.over === 0
      ? []
      : [`  by state: ${statesText(remaining.byState)}; ${remaining.over} of them are over and do not hold it up`]),
    ...(remaining === null || remaining.idleMaxS === null
      ? []
      : [`  the longest idle: ${remaining.idleMaxS} s; none is younger than the drain, but those of persistent clients that are honoured`]),
    ...(rate === undefined ? [] : [`  ${rate.toFixed(1)} leave a second${forecast === undefined ? '' : `: empty in about ${forecast} s`}`]),
    ...(drain.state !== 'draining' || driver !== undefined
      ? []
      : ['  no process drives it: weir drain status does so once, weir drain drive until its end']),
  ];
  return `${lines.join('\n')}\n`;
}
