// What holds in every run of feedback, whatever servers report.
import type { FeedbackSettings } from '../../model/feedback/feedback-settings.js';
import type { FeedbackRun, Moment } from './run.js';
import type { Scenario } from './scenario.js';

/** A share of the weight per period, of weights that are whole numbers. */
const ROUNDING = 1;

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

type Check = (before: Moment, after: Moment, scenario: Scenario, settings: FeedbackSettings) => string | undefined;

/** An operator's weight 0 is the only one. */
const neverZero: Check = (_before, { atS, weights }, { servers }) => {
  const zero = weights.findIndex((weight, index) => weight < 1 && servers[index]?.weightByHand?.(atS - 1) !== 0);
  return zero < 0 ? undefined : `web${zero + 1} has weight ${weights[zero]}`;
};

const staysZero: Check = (_before, { atS, weights }, { servers }) => {
  const raised = weights.findIndex((weight, index) => weight > 0 && servers[index]?.weightByHand?.(atS - 1) === 0);
  return raised < 0 ? undefined : `web${raised + 1} was quiesced and has weight ${weights[raised]}`;
};

const inBounds: Check = (_before, { weights }, { servers }, { floor, ceiling }) => {
  const out = weights.findIndex((weight, index) => {
    const { weight: configured = 0, weightByHand } = servers[index] ?? {};
    // A slow start begins below the bounds.
    return (
      weightByHand === undefined && (weight < Math.max(1, Math.floor(configured * floor)) || weight > Math.max(1, configured * ceiling))
    );
  });
  return out < 0 ? undefined : `web${out + 1} has weight ${weights[out]}, out of bounds`;
};

const smallSteps: Check = (before, { weights }, { servers }, { downMax, upMax }) => {
  if (servers.some(({ weightByHand }) => weightByHand !== undefined)) return undefined;
  const wide = weights.findIndex((weight, index) => {
    const old = before.weights[index] ?? 0;
    return weight < old * (1 - downMax) - ROUNDING || weight > old * (1 + upMax) + ROUNDING;
  });
  return wide < 0 ? undefined : `web${wide + 1} went from ${before.weights[wide]} to ${weights[wide]} in one period`;
};

const fewLowered: Check = (before, { weights }, { servers }) => {
  if (servers.some(({ weightByHand }) => weightByHand !== undefined)) return undefined;
  const lowered = weights.filter((weight, index) => weight < (before.weights[index] ?? 0)).length;
  const most = Math.max(1, Math.floor(weights.length / 3));
  return lowered <= most ? undefined : `${lowered} of ${weights.length} were lowered together`;
};

const keepsSum: Check = (_before, { weights }, { servers }) => {
  if (servers.some(({ weightByHand }) => weightByHand !== undefined)) return undefined;
  const wanted = sumOf(servers.map(({ weight }) => weight));
  return sumOf(weights) === wanted ? undefined : `the sum of the weights is ${sumOf(weights)}, not ${wanted}`;
};

const CHECKS: readonly Check[] = [neverZero, staysZero, inBounds, smallSteps, fewLowered, keepsSum];

/** What is wrong first; undefined: nothing. For the law of feedback, not for the cube root. */
export function brokenInvariant({ moments }: FeedbackRun, scenario: Scenario, settings: FeedbackSettings): string | undefined {
  for (const [index, after] of moments.entries()) {
    const before = moments[index - 1] ?? after;
    for (const check of CHECKS) {
      const wrong = check(before, after, scenario, settings);
      if (wrong !== undefined) return `at ${after.atS} s: ${wrong}`;
    }
  }
  return undefined;
}
