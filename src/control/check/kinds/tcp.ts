// TCP_CHECK: a connection that is accepted.
import { failed, probeOf, succeeded } from '../probe.js';
import { NOT_SENT } from '../refused.js';
import { connectionRules } from './connection-rules.js';
import type { Kind } from './rules.js';
import { seconds } from './seen.js';

export const tcp: Kind = {
  ...connectionRules({ attempt: 'TCP connection to', check: 'TCP_CHECK', mail: 'TCP' }),
  retriesWhileDown: true,
  probe: probeOf({
    transport: () => 'tcp',
    refused: { socket: 'TCP connect fail to create socket. Rescheduling.', bind: 'TCP socket bind failed. Rescheduling.' },
    begin: () => undefined,
    step: (state, input, attempt) => {
      if (input.kind === 'connected') return succeeded(state);
      if (input.kind === 'failed' && input.phase === 'unreachable') return failed(state, NOT_SENT);
      if (input.kind === 'timeout') return failed(state, 'timeout', `no answer within ${seconds(attempt.connectTimeoutUs)}`);
      return failed(state, 'failed', input.kind === 'failed' ? input.reason : undefined);
    },
  }),
};
