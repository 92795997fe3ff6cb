// What weir feedback prints of a service and of one server.
import type { ServerStatus } from '../../control/feedback/status.js';
import type { PublishedService } from '../../host/published-feedback.js';

const NOTES: Readonly<Record<NonNullable<PublishedService['note']>, string>> = {
  balancing: 'weights follow the load',
  overloaded: 'pool overloaded: all servers are busy, the weights stay',
  idle: 'all servers are idle: the weights stay',
  alone: 'fewer than two servers report: the weights stay',
};

const percent = (share: number | null): string => (share === null ? '-' : `${Math.round(share * 100)}%`);
const rate = (perS: number | null): string => (perS === null ? '-' : perS.toFixed(perS < 10 ? 1 : 0));

/** What a server is doing besides being measured. */
function stateOf({ phase, silent, fault, why }: ServerStatus): string {
  if (phase === 'quiesced') return 'weight 0 by the operator';
  if (phase === 'drained') return why === null ? 'wants no connections' : `wants no connections: ${why}`;
  if (phase === 'down') return 'down';
  const words = [phase === 'measured' ? 'measured' : phase, ...(silent > 0 ? [`silent for ${silent} periods`] : [])];
  return fault === null ? words.join(', ') : `${words.join(', ')}: ${fault}`;
}

const HEAD = ['server', 'configured', 'weight', 'of all', 'share', 'busy', 'completed/s', 'state'] as const;

function rowOf(server: ServerStatus): readonly string[] {
  const { configured, weight, weightShare, share, busy, completedPerS } = server;
  return [
    server.server,
    String(configured),
    String(weight),
    percent(weightShare),
    percent(share),
    busy?.toFixed(2) ?? '-',
    rate(completedPerS),
    stateOf(server),
  ];
}

/** Columns as wide as their widest text; numbers stand to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const cell = (text: string, column: number): string =>
    column === 0 || column === HEAD.length - 1 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return rows.map((row) => `  ${row.map(cell).join('  ').trimEnd()}\n`).join('');
}

export function serviceStatusText({ service, source, note, frozen, law, periodS, servers }: PublishedService): string {
  const state = note === null ? 'not in the table' : frozen ? 'frozen' : NOTES[note];
  const head = `${service}: ${state} (${law}, every ${periodS} s, by ${source})\n`;
  return servers.length === 0 ? head : `${head}${table([HEAD, ...servers.map(rowOf)])}`;
}

const LIMITS: Readonly<Record<NonNullable<ServerStatus['limit']>, string>> = {
  'dead-band': 'the target is so near that the weight stays',
  step: 'one period goes no further',
  bound: 'its bounds go no further',
  turn: 'others are lowered first: at most a third of the pool in one period',
  sum: 'the sum of all weights allows no more',
  hold: 'it stays, unless others change',
  none: 'the weight is at its target',
};

const timeOf = (at: number): string => new Date(at).toISOString().replace('T', ' ').slice(0, 19);

/** Why one server's weight is what it is: what it came from, what was measured, what limits it, and each change with its reason. */
export function explainText({ service, note, frozen }: PublishedService, server: ServerStatus): string {
  const { configured, weight, busy, completedPerS, target, limit, share, weightShare, changes } = server;
  const measured = busy === null ? 'no report counted yet' : `busy ${busy.toFixed(2)}, ${rate(completedPerS)} completed/s`;
  const aim = target === null ? 'no target' : `target ${Math.round(target)}${limit === null ? '' : `: ${LIMITS[limit]}`}`;
  const lines = [
    `${server.server} of ${service}: weight ${weight}, configured ${configured}`,
    `  state     ${stateOf(server)}`,
    `  pool      ${note === null ? 'not in the table' : frozen ? 'frozen' : NOTES[note]}`,
    `  measured  ${measured}`,
    `  law       ${aim}`,
    `  traffic   ${percent(share)} of the new connections, by ${percent(weightShare)} of the weights`,
    ...(changes.length === 0 ? ['  changes   none'] : ['  changes   (UTC, the newest last)']),
    ...changes.map(({ at, from, to, reason }) => `    ${timeOf(at)}  ${from}→${to}: ${reason}`),
  ];
  return `${lines.join('\n')}\n`;
}
