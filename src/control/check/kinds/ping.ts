// PING_CHECK: an echo reply. The transport sends the request and gives only the reply to it.
import { failed, probeOf, succeeded } from '../probe.js';
import { NOT_SENT } from '../refused.js';
import { connectionRules } from './connection-rules.js';
import type { Kind } from './rules.js';
import { seconds } from './seen.js';

const rules = connectionRules({ attempt: 'ICMP connection to', check: 'ICMP CHECK', mail: 'ICMP' });

export const ping: Kind = {
  ...rules,
  failure: (subject, counted) => {
    const { real, server, checker } = subject;
    if (counted.first || checker.timing.retry === 0) return rules.failure(subject, counted);
    return `ICMP CHECK on service ${real} of ${server.name} failed after ${checker.timing.retry} retries.`;
  },
  uncounted: ({ real, server }, text) => {
    if (text === NOT_SENT) return undefined;
    return text === 'timeout' ? `ICMP connection to address ${real} timeout.` : `ICMP connection to ${real} of ${server.name} failed.`;
  },
  probe: probeOf({
    transport: () => 'ping',
    refused: { socket: 'ICMP connect fail to create socket. Rescheduling.', bind: 'ICMP socket bind failed. Rescheduling.' },
    begin: () => undefined,
    step: (state, input, attempt) => {
      if (input.kind === 'connected') return { state };
      if (input.kind === 'received') return succeeded(state);
      if (input.kind === 'failed' && input.phase !== 'read') return failed(state, NOT_SENT);
      if (input.kind === 'timeout') return failed(state, 'timeout', `no reply within ${seconds(attempt.connectTimeoutUs)}`);
      return failed(state, 'failed', input.kind === 'failed' ? input.reason : undefined);
    },
  }),
};
