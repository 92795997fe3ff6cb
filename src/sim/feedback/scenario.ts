// Pools under load, for the feedback of weights: what each server can do, what is taken from it, and how it reports. Times in seconds.
import type { LoadReport } from '../../model/feedback/load-report.js';

/** `honest`; `silent`: no reports; `lying`: what it reports is made from the true one. */
export type Reporting = (report: LoadReport, atS: number) => LoadReport | undefined;

export interface SimulatedServer {
  /** Requests a second that it can do. */
  readonly capacity: number;
  readonly weight: number;
  /** The part of it that something else takes. */
  readonly taken: (atS: number) => number;
  readonly reporting: Reporting;
  /** Absent from the table, or of weight 0, by the operator. */
  readonly weightByHand?: (atS: number) => number | undefined;
}

export interface Scenario {
  readonly name: string;
  readonly servers: readonly SimulatedServer[];
  /** Requests a second. */
  readonly load: (atS: number) => number;
  readonly endS: number;
  /** When something begins, and when it ends. */
  readonly hitS: number;
  readonly backS: number;
  /** Reports come so much later. */
  readonly delayS: number;
  /** Of the busy share. */
  readonly noise: number;
}

const honest: Reporting = (report) => report;
const nothing = (): number => 0;
const between =
  (from: number, to: number, share: number) =>
  (atS: number): number =>
    atS >= from && atS < to ? share : 0;

const [HIT, BACK, END] = [200, 500, 800] as const;

const server = (capacity: number, change: Partial<SimulatedServer> = {}): SimulatedServer => ({
  capacity,
  weight: 100,
  taken: nothing,
  reporting: honest,
  ...change,
});

const scenario = (name: string, servers: readonly SimulatedServer[], perS: number, change: Partial<Scenario> = {}): Scenario => ({
  name,
  servers,
  load: () => perS,
  endS: END,
  hitS: HIT,
  backS: BACK,
  delayS: 0,
  noise: 0.03,
  ...change,
});

const theft = between(HIT, BACK, 0.6);
/** A report with other counters. */
const withBusy = (report: LoadReport, change: (busy: number, total: number) => number): LoadReport => ({
  ...report,
  ...(report.counters === undefined
    ? {}
    : {
        counters: {
          ...report.counters,
          resources: report.counters.resources.map((one) => ({ ...one, busy: change(one.busy, one.total) })),
        },
      }),
});
const inTheft =
  (reporting: Reporting): Reporting =>
  (report, atS) =>
    atS >= HIT && atS < BACK ? reporting(report, atS) : report;

const three = (first: Partial<SimulatedServer>): readonly SimulatedServer[] => [server(100, first), server(100), server(100)];

/** The cases that the law was chosen by, and what agents do wrong. */
export const scenarios: readonly Scenario[] = [
  scenario('equal servers, 60 % load, 60 % of one taken', three({ taken: theft }), 180),
  scenario('capacities 1:1:2, 75 % load, 60 % of one taken', [server(100, { taken: theft }), server(100), server(200)], 300),
  scenario('the same, reports 20 s late', [server(100, { taken: theft }), server(100), server(200)], 300, { delayS: 20 }),
  scenario('the same, reports 60 s late', [server(100, { taken: theft }), server(100), server(200)], 300, { delayS: 60 }),
  scenario('90 % load, 30 % of one taken', three({ taken: between(HIT, BACK, 0.3) }), 270),
  scenario('all busy: 130 % load', three({}), 390),
  scenario('one agent silent', three({ taken: theft, reporting: inTheft(() => undefined) }), 180),
  scenario('one agent reports no load', three({ reporting: (report) => withBusy(report, () => 0) }), 180),
  scenario('one agent reports half its load', three({ reporting: (report) => withBusy(report, (busy) => busy / 2) }), 180),
  scenario('one agent reports NaN', three({ reporting: inTheft((report) => withBusy(report, () => Number.NaN)) }), 180),
  scenario(
    'herd: half of everything taken from all of 12',
    Array.from({ length: 12 }, () => server(100, { taken: between(HIT, BACK, 0.5) })),
    480,
  ),
  scenario(
    'one of 12 is quiesced, and comes back',
    [server(100, { weightByHand: (atS) => (atS >= HIT && atS < BACK ? 0 : 100) }), ...Array.from({ length: 11 }, () => server(100))],
    720,
  ),
];
