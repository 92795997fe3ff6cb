// The health of servers in lines: what `weir status` has room for, and all of it for `weir stats health`. Pure, but for the time zone.
import { counted } from '../../model/counted.js';
import { failedText } from '../../model/keepalived/server-health.js';
import type { DaemonStatus, HealthStatus, RealHealthStatus } from '../../report/status/status.js';
import { daemonText, sinceText } from './moments.js';

/** More would not fit one screen; `weir stats health` has them all. */
const LINES_MAX = 12;

const whyText = ({ failed }: RealHealthStatus): string => {
  const pauses = failed.flatMap(({ everySeconds }) => everySeconds ?? []);
  return [...failed.map(failedText), ...(pauses.length === 0 ? [] : [`asked again every ${Math.min(...pauses)} s`])].join('; ');
};

/** `10.0.0.2:80 down since … (5 min ago): HTTP_GET HTTP status code error (/: status 503); asked again every 6 s` */
function deadLine(real: RealHealthStatus, now: number): string {
  const { server, since, failed } = real;
  return `  ${server} down${since === null ? ', no check succeeded yet' : sinceText(since, now)}${failed.length === 0 ? '' : `: ${whyText(real)}`}`;
}

/** `10.0.0.2:80 starts slowly: weight 30 of 100` */
const slowLine = ({ server, weight, slowWeight }: RealHealthStatus): string =>
  `  ${server} starts slowly: weight ${slowWeight} of ${weight}`;

const maintainedLine = ({ server, up }: RealHealthStatus): string =>
  `  ${server} is in maintenance: its checks wait; ${up ? 'up' : 'down'} before`;

const notMadeLines = ({ server, notMade }: RealHealthStatus): readonly string[] =>
  notMade.map(({ check, reason }) => `  ${server}: ${check} gives no verdict: ${reason}`);

function head({ name, quorumUp, quorum, weight, sorry, suspended, servers }: HealthStatus, whole: boolean): string {
  const up = servers.filter((server) => server.up).length;
  const parts = [
    `${up} of ${counted(servers.length, 'server')} up`,
    ...(quorumUp && !whole ? [] : [`weight ${weight}, quorum ${quorum}`]),
    ...(sorry ? ['the sorry server serves'] : []),
    ...(suspended ? ['checks wait for its address (ha_suspend)'] : []),
  ];
  return `${quorumUp ? 'up  ' : 'DOWN'} ${name}: ${parts.join('; ')}`;
}

/** Worth a line of its own on a screen. */
const isNotable = ({ up, slowWeight, notMade, maintained }: RealHealthStatus): boolean =>
  !up || slowWeight !== undefined || notMade.length > 0 || maintained === true;

function summary(all: readonly HealthStatus[]): string {
  const servers = all.flatMap((one) => one.servers);
  const down = all.filter(({ quorumUp }) => !quorumUp).length;
  const waiting = servers.filter(({ unchecked }) => unchecked > 0).length;
  const maintained = servers.filter((server) => server.maintained === true).length;
  return [
    `${all.length - down} up, ${down} down`,
    `${servers.filter(({ up }) => up).length} of ${counted(servers.length, 'server')} up`,
    ...(waiting === 0 ? [] : [`${waiting} not checked yet`]),
    ...(maintained === 0 ? [] : [`${maintained} in maintenance`]),
  ].join('; ');
}

export function healthLines(daemons: readonly DaemonStatus[], now: number): readonly string[] {
  const all = daemons.flatMap(({ health }) => health ?? []);
  if (all.length === 0) return [];
  const notable = all
    .filter((one) => !one.quorumUp || one.suspended || one.servers.some(isNotable))
    .toSorted((a, b) => Number(a.quorumUp) - Number(b.quorumUp));
  const lines = notable.flatMap((one) => [
    head(one, false),
    ...one.servers.filter(({ maintained }) => maintained === true).map(maintainedLine),
    ...one.servers.filter(({ up, maintained }) => !up && maintained !== true).map((real) => deadLine(real, now)),
    ...one.servers.flatMap(notMadeLines),
    ...one.servers.filter(({ slowWeight }) => slowWeight !== undefined).map(slowLine),
  ]);
  const more = lines.length - LINES_MAX;
  return [
    summary(all),
    ...lines.slice(0, LINES_MAX).map((line) => `  ${line}`),
    ...(more > 0 ? [`  … ${counted(more, 'line')} more (weir stats health lists all)`] : []),
  ];
}

/** `10.0.0.2:80 up since …, weight 3, went down twice` */
function serverLines(real: RealHealthStatus, now: number): readonly string[] {
  const { server, up, since, weight, slowWeight, checks, unchecked, timesDown, maintained = false } = real;
  const unknown = checks === 0 ? ', without a check' : unchecked === checks ? ', not checked yet' : '';
  const state = up ? `up${sinceText(since, now)}${unknown}` : `down${since === null ? unknown : sinceText(since, now)}`;
  const weightText = slowWeight === undefined ? `weight ${weight}` : `weight ${slowWeight} of ${weight}, starts slowly`;
  const why = whyText(real);
  return [
    `  ${server} ${state}; ${weightText}; went down ${counted(timesDown, 'time')}`,
    ...(maintained ? ['    in maintenance: its checks wait'] : []),
    ...(up || why === '' ? [] : [`    ${why}`]),
    ...notMadeLines(real).map((line) => `  ${line}`),
  ];
}

/** Every server of every daemon here. */
export function healthText(daemons: readonly DaemonStatus[], now: number): string {
  const lines = daemons.flatMap((daemon) => [
    `${daemonText(daemon, now)}: ${summary(daemon.health ?? [])}`,
    ...(daemon.health ?? []).flatMap((one) => [head(one, true), ...one.servers.flatMap((real) => serverLines(real, now))]),
  ]);
  return lines.map((line) => `${line}\n`).join('');
}
