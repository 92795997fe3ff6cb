// TCP_CHECK: a connection that is accepted.
import { connectionRules } from './connection-rules.js';

export const tcpRules = connectionRules({ attempt: 'TCP connection to', check: 'TCP_CHECK', mail: 'TCP' });
