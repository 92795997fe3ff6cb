// HTTP_GET and SSL_GET: URLs are asked in turn; one that fails is asked alone until it is well again.
import type { KindRules } from './rules.js';

export const httpRules: KindRules = {
  success: ({ real }) => `Remote Web server ${real} succeed on service.`,
  failure: ({ checker, real }, { first }) =>
    `HTTP_CHECK on service ${real} failed${checker.timing.retry > 0 && !first ? ` after ${checker.timing.retry} retries` : ''}.`,
  uncounted: ({ real }, text) => `${text} server ${real}.`,
  mail: { up: () => 'CHECK succeed on service', down: () => 'CHECK failed on service : HTTP request failed' },
};
