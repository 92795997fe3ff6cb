// Takes a server's report: what can be believed of it becomes the newest sample.
import type { LoadCounters, LoadReport } from '../../model/feedback/load-report.js';
import { log } from '../machine.js';
import { changeServer, type FeedbackContext, type ServerState } from './state.js';
import { compare, type DirectorCounters, type Sample, wrongNumber } from './window.js';

const RESOURCE_OF_SHARES = 'reported load';
const PERCENT_MAX = 10_000;

/** Its last report does not count; the first of several in a row is logged. */
export function blame(context: FeedbackContext, id: string, fault: string): void {
  const server = context.servers.get(id);
  if (server === undefined) return;
  if (server.fault === undefined) log(context, `${server.name}: its report is ignored: ${fault}`, 'warning');
  changeServer(context, id, { fault });
}

/** A share is counted as if it had been the same since the report before. */
function countersOfShare({ latest }: ServerState, busy: number, atUs: number): LoadCounters {
  const before = latest?.resources.find(({ name }) => name === RESOURCE_OF_SHARES) ?? { busy: 0, total: 0 };
  const time = latest === undefined ? 0 : atUs - latest.atUs;
  const share = Math.min(1, busy);
  return { resources: [{ name: RESOURCE_OF_SHARES, busy: before.busy + share * time, total: before.total + time }] };
}

function takeCounters(context: FeedbackContext, server: ServerState, counters: LoadCounters, director: DirectorCounters | undefined): void {
  const wrong = wrongNumber(counters);
  if (wrong !== undefined) {
    blame(context, server.id, wrong);
    return;
  }
  const sample: Sample = { ...counters, atUs: context.atUs, ...(director === undefined ? {} : { director }) };
  const { latest } = server;
  const comparison = latest === undefined ? { kind: 'began-again' as const } : compare(latest, sample);
  if (comparison.kind === 'nothing') return;
  if (comparison.kind === 'window' && server.baseline !== undefined) {
    changeServer(context, server.id, { latest: sample });
    return;
  }
  // Between the two lies nothing that could be compared: the window begins again.
  changeServer(context, server.id, { baseline: sample, latest: sample });
  if (comparison.kind === 'fault') blame(context, server.id, comparison.text);
}

function takeAdmin(context: FeedbackContext, { id, name, admin }: ServerState, state: LoadReport['state']): void {
  if (state === undefined) return;
  if (state.kind === admin.kind) {
    changeServer(context, id, { admin: state });
    return;
  }
  changeServer(context, id, { admin: state, adminOverruled: false });
  log(context, state.kind === 'drain' ? `${name} wants no connections: ${state.why}` : `${name} wants connections again`);
}

export function takeReport(context: FeedbackContext, id: string, report: LoadReport, director: DirectorCounters | undefined): void {
  const server = context.servers.get(id);
  if (server === undefined) return;
  takeAdmin(context, server, report.state);
  const { percent, busy, counters } = report;
  if (percent !== undefined) {
    if (Number.isFinite(percent) && percent >= 0 && percent <= PERCENT_MAX)
      changeServer(context, id, { percent: { value: percent, atUs: context.atUs } });
    else blame(context, id, `a weight of ${percent} %`);
  }
  if (busy !== undefined && !(Number.isFinite(busy) && busy >= 0)) blame(context, id, `a load of ${busy}`);
  else if (counters !== undefined) takeCounters(context, server, counters, director);
  else if (busy !== undefined) takeCounters(context, server, countersOfShare(server, busy, context.atUs), director);
}
