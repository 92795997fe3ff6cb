// weir_check_*: the attempts of health checks, by kind, of all processes of the network namespace together. Which server fails is in weir_server_*.
import { ATTEMPT_RESULTS, type PublishedCheckKind } from '../../host/published-check-counts.js';
import type { Classes, TimeClasses } from '../../model/class-counts.js';
import { directorFamily, type Family, labelText } from '../exposition/family.js';
import type { Snapshot } from '../snapshot.js';
import { histogramSamples } from './histogram.js';

const US_PER_S = 1_000_000;

/** All have the same bounds. */
function sumOf(all: readonly TimeClasses[]): Classes {
  const [first] = all;
  return {
    bounds: (first?.boundsUs ?? []).map((us) => us / US_PER_S),
    counts: (first?.counts ?? []).map((_, index) => all.reduce((sum, { counts }) => sum + (counts[index] ?? 0), 0)),
    sum: all.reduce((sum, { sumUs }) => sum + sumUs, 0) / US_PER_S,
  };
}

function byCheck(kinds: readonly PublishedCheckKind[]): ReadonlyMap<string, readonly PublishedCheckKind[]> {
  const found = new Map<string, PublishedCheckKind[]>();
  for (const kind of kinds) found.set(kind.check, [...(found.get(kind.check) ?? []), kind]);
  return found;
}

/** How many checks of these servers wait, and for what. */
function waitingFamily(servers: Snapshot['checks']): Family {
  const checksOf = (reals: Snapshot['checks'][number]['reals']): number => reals.reduce((sum, { checks }) => sum + checks, 0);
  const maintained = servers.map(({ reals }) => checksOf(reals.filter((real) => real.maintained === true)));
  const suspended = servers.map(({ suspended, reals }) => (suspended ? checksOf(reals.filter((real) => real.maintained !== true)) : 0));
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
  return directorFamily('checks_waiting', 'gauge', 'Health checks that make no attempts now, by reason', [
    { labels: labelText({ reason: 'maintenance' }), value: sum(maintained) },
    { labels: labelText({ reason: 'ha_suspend' }), value: sum(suspended) },
  ]);
}

export function checkFamilies({ checks, checkCounts }: Snapshot): readonly Family[] {
  return [...(checks.length === 0 ? [] : [waitingFamily(checks)]), ...attemptFamilies(checkCounts)];
}

function attemptFamilies(checkCounts: Snapshot['checkCounts']): readonly Family[] {
  if (checkCounts.length === 0) return [];
  const kinds = [...byCheck(checkCounts.flatMap((one) => one.kinds))];
  return [
    directorFamily(
      'check_total',
      'counter',
      'Attempts of health checks that have ended, by kind and result',
      kinds.flatMap(([checker, of]) =>
        ATTEMPT_RESULTS.map((result) => ({
          labels: labelText({ checker, result }),
          value: of.reduce((sum, { results }) => sum + results[result], 0),
        })),
      ),
    ),
    directorFamily(
      'check_duration_seconds',
      'histogram',
      'From the begin of an attempt of a health check until it succeeded or failed, by kind',
      kinds.flatMap(([checker, of]) => histogramSamples(sumOf(of.map(({ durations }) => durations)), labelText({ checker }))),
    ),
    directorFamily(
      'check_lateness_seconds',
      'histogram',
      'How much later than it was due an attempt of a health check began',
      histogramSamples(sumOf(checkCounts.map(({ lateness }) => lateness))),
    ),
  ];
}
