// A scenario from a seed: pools of every size, thefts, operators, and agents that are late, silent or wrong for a while.
import type { LoadReport } from '../../model/feedback/load-report.js';
import { type Random, randomFrom } from '../random.js';
import type { Reporting, Scenario, SimulatedServer } from './scenario.js';

const END_S = 400;

const spoil = (report: LoadReport, busy: number): LoadReport => ({
  counters: { ...report.counters, resources: [{ name: 'cpu', busy, total: report.counters?.resources[0]?.total ?? 0 }] },
});

const REPORTINGS: readonly ((report: LoadReport, random: Random) => LoadReport | undefined)[] = [
  () => undefined,
  (report) => spoil(report, Number.NaN),
  (report) => spoil(report, 0),
  (report, random) => spoil(report, random.next()),
  (report) => ({ counters: { ...report.counters, resources: report.counters?.resources ?? [], clockUs: 1 } }),
  (_report, random) => ({ busy: random.pick([-1, 0, 0.5, 2, Number.NaN, Number.POSITIVE_INFINITY]) }),
  (_report, random) => ({ percent: random.pick([0, 1, 50, 100, 1000, Number.NaN]) }),
];

function reportingOf(random: Random): Reporting {
  if (random.chance(0.6)) return (report) => report;
  const wrong = random.pick(REPORTINGS);
  const [from, to] = [random.below(END_S), random.below(END_S)];
  return (report, atS) => (atS >= from && atS < to ? wrong(report, random) : report);
}

function serverOf(random: Random): SimulatedServer {
  const [from, length, share] = [random.below(END_S), random.below(END_S), random.below(95) / 100];
  return {
    capacity: random.pick([10, 50, 100, 100, 100, 400]),
    weight: random.pick([1, 2, 10, 100, 100, 100, 255, 1000]),
    taken: random.chance(0.5) ? () => 0 : (atS) => (atS >= from && atS < from + length ? share : 0),
    reporting: reportingOf(random),
  };
}

export function scenarioOf(seed: number): Scenario {
  const random = randomFrom(seed);
  const servers = Array.from({ length: random.between(1, 12) }, () => serverOf(random));
  const capacity = servers.reduce((sum, one) => sum + one.capacity, 0);
  const [low, high] = [random.below(120) / 100, random.below(120) / 100];
  return {
    name: `seed ${seed}`,
    servers,
    load: (atS) => capacity * (atS < END_S / 2 ? low : high),
    endS: END_S,
    hitS: 0,
    backS: END_S,
    delayS: random.pick([0, 0, 1, 5, 20, 60]),
    noise: random.pick([0, 0.03, 0.1]),
  };
}
