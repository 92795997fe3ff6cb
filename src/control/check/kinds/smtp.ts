// SMTP_CHECK: greeting 220, HELO 250, QUIT. `text` of a failure: `Bad greeting banner from server [10.0.0.2]:25`.
import type { KindRules } from './rules.js';

export const smtpRules: KindRules = {
  success: ({ real }) => `Remote SMTP server ${real} succeed on service.`,
  failure: (_, { text }) => `SMTP_CHECK ${text}`,
  uncounted: (_, text) => `SMTP_CHECK ${text}`,
  mail: { up: () => 'CHECK succeed on service', down: (_, text) => `CHECK failed on service : ${text}` },
  retriesAlways: true,
};
