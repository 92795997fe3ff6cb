// DNS_CHECK: any answer to the query whose code is 0.
import type { KindRules } from './rules.js';

export const dnsRules: KindRules = {
  success: () => undefined,
  failure: ({ real }, { text, retries, first }) => `DNS_CHECK (${real}) ${text}${first ? '' : ` after ${retries} retries`}`,
  uncounted: ({ real }, text) => `DNS_CHECK (${real}) ${text}`,
  mail: { up: () => 'DNS_CHECK: succeed on service', down: () => 'DNS_CHECK: failed on service' },
};
