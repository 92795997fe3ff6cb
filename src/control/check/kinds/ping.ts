// PING_CHECK: an echo reply. The transport sends the request and gives only the reply to it.
import { failed, sealed, succeeded } from '../probe.js';
import { connectionRules } from './connection-rules.js';
import type { Kind } from './rules.js';

const rules = connectionRules({ attempt: 'ICMP connection to', check: 'ICMP CHECK', mail: 'ICMP' });

export const ping: Kind = {
  ...rules,
  failure: (subject, counted) => {
    const { real, server, checker } = subject;
    if (counted.first || checker.timing.retry === 0) return rules.failure(subject, counted);
    return `ICMP CHECK on service ${real} of ${server.name} failed after ${checker.timing.retry} retries.`;
  },
  uncounted: ({ real, server }, text) =>
    text === 'timeout' ? `ICMP connection to address ${real} timeout.` : `ICMP connection to ${real} of ${server.name} failed.`,
  probe: sealed({
    transport: () => 'ping',
    socketName: 'ICMP',
    begin: () => undefined,
    step: (state, { kind }) => {
      if (kind === 'connected') return { state };
      return kind === 'received' ? succeeded(state) : failed(state, kind === 'timeout' ? 'timeout' : 'failed');
    },
  }),
};
