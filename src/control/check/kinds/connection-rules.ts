// TCP_CHECK, UDP_CHECK and PING_CHECK: the same rules, and lines that differ in a few words.
import { NOT_SENT } from '../refused.js';
import type { KindRules } from './rules.js';

interface Words {
  /** `TCP connection to`, of the lines about one attempt. */
  readonly attempt: string;
  /** `TCP_CHECK`, of the line about the verdict. */
  readonly check: string;
  /** `TCP`, of the mails. */
  readonly mail: string;
}

export function connectionRules({ attempt, check, mail }: Words): KindRules {
  return {
    success: ({ real }) => `${attempt} ${real} success.`,
    // keepalived writes the plural always.
    failure: ({ checker, real }, { first }) =>
      `${check} on service ${real} failed${checker.timing.retry > 0 && !first ? ` after ${checker.timing.retry} retries` : ''}.`,
    uncounted: ({ real }, text) => (text === NOT_SENT ? undefined : `${attempt} ${real} ${text}.`),
    countedToo: 'while-up',
    mail: { up: () => `${mail} CHECK succeed on service`, down: () => `${mail} CHECK failed on service` },
  };
}
