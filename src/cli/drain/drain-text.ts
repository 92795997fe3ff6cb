// Drains as a person reads them.
import type { DrainPlan } from '../../control/drain/drain-plan.js';
import { counted } from '../../model/counted.js';
import { type Drain, isCounted, isOfDirector } from '../../model/drain/drain.js';
import type { Override } from '../../model/drain/override.js';
import { forecastSeconds, leavingRate, wholeSeconds } from '../../report/drain/drain-value.js';

const statesText = (byState: Readonly<Record<string, number>>): string =>
  Object.entries(byState)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([state, count]) => `${state} ${count}`)
    .join(', ');

const PERCENT = 100;

/** What goes on after its end. */
function heldText(drain: Drain, nowUs: number): string {
  const { id, state, holds, slowStart, handover } = drain;
  if (slowStart !== undefined)
    return `; ${Math.round(slowStart.share * PERCENT)} % of its weight is back, all of it in ${wholeSeconds(slowStart.untilUs - nowUs)} s`;
  if (state === 'draining' || !holds) return '';
  if (!isOfDirector(drain)) return `; its weight stays 0 until weir drain cancel ${id}`;
  const masters = handover?.masters ?? [];
  return masters.length === 0
    ? `; its addresses stay with peers until weir drain cancel ${id}`
    : `; no peer has taken over ${masters.join(', ')}, released until weir drain cancel ${id}`;
}

function handoverLines({ handover, state }: Drain): readonly string[] {
  if (handover === undefined) return [];
  const { masters, wouldBreak } = handover;
  const addresses =
    masters.length === 0 ? '  no instance of VRRP is MASTER here' : `  still MASTER here: ${masters.join(', ')}; no peer has taken over`;
  const lack = wouldBreak === null ? [] : [`  its peers lack ${counted(wouldBreak, 'connection')}`];
  return state === 'draining' ? [addresses, ...lack] : [];
}

/** A peer has begun it, whose table has other servers. */
const emptiedText = ({ emptied = [] }: Drain): string => (emptied.length === 0 ? '' : `; no server is left here to ${emptied.join(', ')}`);

/** What is left now; of one that was cancelled what was left then. */
function leftText({ state, remaining }: Drain): string {
  if (remaining === null) return state === 'cancelled' ? 'not counted' : 'not counted yet';
  const count = counted(remaining.open, 'connection');
  return state === 'cancelled' ? `${count} left by then` : `${count} left`;
}

/** When its connections were counted, where they are counted no more. */
function countedText(drain: Drain, nowUs: number): string {
  if (drain.state === 'cancelled') return ', when it was cancelled';
  return isCounted(drain) ? '' : `, ${wholeSeconds(nowUs - drain.lookedUs)} s ago`;
}

/** One line. */
export function drainLine(drain: Drain, nowUs: number): string {
  const { id, target, state, end } = drain;
  const time = state === 'draining' ? `, ${wholeSeconds(drain.deadlineUs - nowUs)} s until the deadline (${end})` : '';
  return `${id} ${target}: ${state}, ${leftText(drain)}${time}${heldText(drain, nowUs)}${emptiedText(drain)}`;
}

/** What an operator states of a server by the control API. */
export function overrideLine({ target, state, weight, owner, reason, untilUs }: Override, nowUs: number): string {
  const time = untilUs === null ? '' : `, ${wholeSeconds(untilUs - nowUs)} s left`;
  return `override of ${target}: ${weight === null ? state : `weight ${weight}`} by ${owner}${time}: ${reason}`;
}

/** With all that is known of it. */
export function drainText(drain: Drain, nowUs: number, driver: number | undefined): string {
  const { remaining, also, persistence, released, startedUs, endedUs, openAtDeadline, end } = drain;
  const [rate, forecast] = [leavingRate(drain), forecastSeconds(drain)];
  const lines = [
    drainLine(drain, nowUs),
    ...also.map((word) => `  with ${word}: a persistent service of the same address`),
    ...handoverLines(drain),
    `  begun ${drain.startedAt}, ${endedUs === null ? `${wholeSeconds(nowUs - startedUs)} s ago` : `ended ${wholeSeconds(endedUs - startedUs)} s later`}`,
    ...(openAtDeadline === undefined ? [] : [`  ${counted(openAtDeadline, 'connection')} left at its deadline (${end})`]),
    `  persistence ${persistence}${persistence === 'honour' && released ? ', over by now' : ''}`,
    ...(remaining === null || remaining.open + remaining.over === 0
      ? []
      : [
          `  by state${countedText(drain, nowUs)}: ${statesText(remaining.byState)}; ${remaining.over} of them are over and do not hold it up`,
        ]),
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

/** What a drain would do. */
export function planText({ target, also, services, instances }: DrainPlan): string {
  if (instances !== undefined)
    return instances.length === 0
      ? 'this director would be drained; it has no instance of VRRP\n'
      : `the peers of ${instances.join(', ')} would take over the addresses; what is connected goes on\n`;
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
