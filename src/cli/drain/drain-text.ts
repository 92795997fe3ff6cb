// Drains as a person reads them.
import type { DrainPlan } from '../../control/drain/drain-plan.js';
import { counted } from '../../model/counted.js';
import type { Drain } from '../../model/drain/drain.js';
import { forecastSeconds, leavingRate, wholeSeconds } from '../../report/drain/drain-value.js';

const statesText = (byState: Readonly<Record<string, number>>): string =>
  Object.entries(byState)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([state, count]) => `${state} ${count}`)
    .join(', ');

/** One line. */
export function drainLine(drain: Drain, nowUs: number): string {
  const { id, target, state, remaining, holds, end } = drain;
  const left = remaining === null ? 'not counted yet' : `${counted(remaining.open, 'connection')} left`;
  const time = state === 'draining' ? `, ${wholeSeconds(drain.deadlineUs - nowUs)} s until the deadline (${end})` : '';
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
    `  begun ${drain.startedAt}, ${wholeSeconds((endedUs ?? nowUs) - startedUs)} s ${endedUs === null ? 'ago' : 'until its end'}`,
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

const PERCENT = 100;

/** What a drain would do. */
export function planText({ target, also, services }: DrainPlan): string {
  const lines = [
    `${target} would get no new connections${services.length === 0 ? '; it has no server now' : ''}`,
    ...also.map((word) => `  with ${word}: a persistent service of the same address`),
    ...services.map(({ service, drained, left, capacity }) => {
      const rest = left.length === 0 ? 'none is left' : `left: ${left.join(', ')}, ${Math.floor(capacity * PERCENT)} % of its weights`;
      return `  ${service}: without ${drained.join(', ')}; ${rest}`;
    }),
  ];
  return `${lines.join('\n')}\n`;
}
