// TCP_CHECK: a connection that is accepted.
import { failed, sealed, succeeded } from '../probe.js';
import { connectionRules } from './connection-rules.js';
import type { Kind } from './rules.js';

export const tcp: Kind = {
  ...connectionRules({ attempt: 'TCP connection to', check: 'TCP_CHECK', mail: 'TCP' }),
  retriesWhileDown: true,
  probe: sealed({
    transport: () => 'tcp',
    socketName: 'TCP',
    begin: () => undefined,
    step: (state, { kind }) => (kind === 'connected' ? succeeded(state) : failed(state, kind === 'timeout' ? 'timeout' : 'failed')),
  }),
};
