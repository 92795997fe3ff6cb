// TCP_CHECK: a connection that is accepted.
import { failed, probeOf, succeeded } from '../probe.js';
import { NOT_SENT } from '../refused.js';
import { connectionRules } from './connection-rules.js';
import type { Kind } from './rules.js';

export const tcp: Kind = {
  ...connectionRules({ attempt: 'TCP connection to', check: 'TCP_CHECK', mail: 'TCP' }),
  retriesWhileDown: true,
  probe: probeOf({
    transport: () => 'tcp',
    refused: { socket: 'TCP connect fail to create socket. Rescheduling.', bind: 'TCP socket bind failed. Rescheduling.' },
    begin: () => undefined,
    step: (state, input) => {
      if (input.kind === 'connected') return succeeded(state);
      if (input.kind === 'failed' && input.phase === 'unreachable') return failed(state, NOT_SENT);
      return failed(state, input.kind === 'timeout' ? 'timeout' : 'failed');
    },
  }),
};
