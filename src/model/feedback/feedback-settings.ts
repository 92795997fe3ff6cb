// How the weights of one virtual service follow the load of its servers.

/** `cube-root`: that of Zhang's monitor daemon; `gain` is its A, `ceiling` the largest weight as a multiple of the configured one. */
export type FeedbackLaw =
  | { readonly kind: 'served-per-busy' }
  | { readonly kind: 'cube-root'; readonly gain: number; readonly ceiling: number };

export interface FeedbackSettings {
  readonly periodUs: number;
  readonly law: FeedbackLaw;
  /** A weight that is nearer to its target than this share of it stays. */
  readonly deadBand: number;
  /** The largest step in one period, as a share of the weight. */
  readonly downMax: number;
  readonly upMax: number;
  /** As multiples of the configured weight. */
  readonly floor: number;
  readonly ceiling: number;
  /** The configured weights are multiplied by it, so that weights of 1 can be divided. */
  readonly scale: number;
}

/** As they are written down; without `deadBand` it is the one that fits the scheduler. */
export type ConfiguredSettings = Omit<FeedbackSettings, 'deadBand'> & Partial<Pick<FeedbackSettings, 'deadBand'>>;

export const PERIOD_MIN_US = 5_000_000;
export const PERIOD_MAX_US = 3_600_000_000;
export const SCALE_MAX = 1000;

export const CUBE_ROOT: FeedbackLaw = { kind: 'cube-root', gain: 5, ceiling: 10 };

export const CONFIGURED_DEFAULTS: ConfiguredSettings = {
  periodUs: PERIOD_MIN_US,
  law: { kind: 'served-per-busy' },
  downMax: 0.3,
  upMax: 0.25,
  floor: 0.1,
  ceiling: 4,
  scale: 1,
};
export const FEEDBACK_DEFAULTS: FeedbackSettings = { ...CONFIGURED_DEFAULTS, deadBand: 0.1 };
/** Maglev's ring is made again for each change of a weight, and moves clients: it changes for more only. */
const RING_DEAD_BAND = 0.25;

/** Weights of pools are those of requests, and may be small. */
export const POOL_SCALE = 100;

/** Those whose weight is no share of the traffic: none, an order, a number of connections. The last three are of pools. */
const WITHOUT_SHARES: ReadonlySet<string> = new Set(['rr', 'lc', 'dh', 'fo', 'ovf', 'ip_hash', 'hash', 'sum']);

/** Whether the servers of a scheduler get traffic by their weights. */
export const usesWeights = (scheduler: string): boolean => !WITHOUT_SHARES.has(scheduler);

/** The settings of a service that has this scheduler. */
export const settingsFor = (configured: ConfiguredSettings, scheduler: string): FeedbackSettings => ({
  ...configured,
  deadBand: configured.deadBand ?? (scheduler === 'mh' ? RING_DEAD_BAND : FEEDBACK_DEFAULTS.deadBand),
});
