// Timing of health checks: the keywords that a virtual server, a real server and a check share. The value of a level is the default of the
// next one.
import type { Keyword } from '../../keyword.js';

/** keepalived's names of the levels in messages. */
export interface TimingWords {
  readonly connectTimeout: string;
  readonly delayLoop: string;
  readonly delayBeforeRetry: string;
  readonly warmup: string;
  readonly retry: string;
  /** The smallest `retry`. */
  readonly leastRetry: 0 | 1;
  /** Are the level's defaults keepalived's, or those of the level above? */
  readonly inherited: boolean;
}

/** As long as anything that fills the caches of a server. */
const SLOW_START_MAX_S = 86_400;

/** slow_start, of a real server, or of a virtual server for all of its real servers. */
export const slowStartKeyword = (standard: { readonly default?: string }): Keyword => ({
  name: 'slow_start',
  argument: { kind: 'integer', min: 0, max: SLOW_START_MAX_S },
  ...standard,
  meaning: 'Whole seconds in which the weight of a server rises when it comes back (0: it has its weight at once). weir only.',
  messages: { invalid: `slow_start '%v' not valid - must be between 0 and ${SLOW_START_MAX_S}` },
});

/** Rounds: a server that needs more would hardly ever change. */
const ROUNDS_MAX = 1000;
const MAX_32_US = 4294967295;
/** keepalived accepts what 64 bits of microseconds hold. */
const MAX_64_US = Number.POSITIVE_INFINITY;

const rounds = (name: string, standard: { readonly default?: string }, meaning: string): Keyword => ({
  name,
  argument: { kind: 'integer', min: 1, max: ROUNDS_MAX },
  ...standard,
  meaning,
  messages: { invalid: `${name} '%v' not valid - must be between 1 and ${ROUNDS_MAX}` },
});

export function timingKeywords(words: TimingWords): readonly Keyword[] {
  const standard = (text: string): { readonly default?: string } => (words.inherited ? {} : { default: text });
  return [
    {
      name: 'delay_loop',
      argument: { kind: 'time', minUs: 1, maxUs: MAX_64_US },
      ...standard('60'),
      meaning: 'Seconds between two checks of a healthy server.',
      messages: { invalid: words.delayLoop },
    },
    {
      name: 'connect_timeout',
      argument: { kind: 'time', minUs: 1, maxUs: MAX_32_US },
      ...standard('5'),
      meaning: 'Timeout of a check, in seconds.',
      messages: { invalid: words.connectTimeout },
    },
    {
      name: 'retry',
      argument: { kind: 'integer', min: words.leastRetry, max: 4294967295 },
      meaning: 'Number of retries before the server counts as down (1; DNS_CHECK 3, MISC_CHECK 0).',
      messages: { invalid: words.retry },
    },
    {
      name: 'delay_before_retry',
      argument: { kind: 'time', minUs: 0, maxUs: MAX_64_US },
      meaning: 'Seconds before a failed check is repeated (1; HTTP_GET and SSL_GET 3, DNS_CHECK as delay_loop).',
      messages: { invalid: words.delayBeforeRetry },
    },
    {
      name: 'warmup',
      argument: { kind: 'time', minUs: 0, maxUs: MAX_64_US },
      meaning: 'The first check follows after a random time up to this many seconds (as delay_loop; 0: at once).',
      messages: { invalid: words.warmup },
    },
    rounds('rise', standard('1'), 'Number of rounds in a row that must succeed before a server that was down is up again. weir only.'),
    rounds('fall', standard('1'), 'Number of rounds in a row, each with its retries, that must fail before the server is down. weir only.'),
  ];
}
