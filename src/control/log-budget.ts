// How often a line of one kind may be said: a flood of bad packets must not fill the log.

export interface LogBudget {
  readonly tokens: number;
  readonly atUs: number;
  readonly suppressed: number;
}

const BURST = 10;
const REFILL_US = 10_000_000;

/**
 * Whether a line of this kind may be said: ten at once, one more each ten seconds. `suppressed` lines are counted and told with the
 * next that is said.
 */
export function spend(
  budget: LogBudget | undefined,
  atUs: number,
): { readonly say: boolean; readonly budget: LogBudget; readonly missed: number } {
  const before = budget ?? { tokens: BURST, atUs, suppressed: 0 };
  const refilled = Math.floor((atUs - before.atUs) / REFILL_US);
  const tokens = Math.min(BURST, before.tokens + Math.max(0, refilled));
  const since = refilled > 0 ? before.atUs + refilled * REFILL_US : before.atUs;
  if (tokens === 0) return { say: false, budget: { tokens, atUs: since, suppressed: before.suppressed + 1 }, missed: 0 };
  return { say: true, budget: { tokens: tokens - 1, atUs: since, suppressed: 0 }, missed: before.suppressed };
}
