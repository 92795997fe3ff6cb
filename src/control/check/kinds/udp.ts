// UDP_CHECK: no ICMP error comes back, or the answer that is wanted.
import { connectionRules } from './connection-rules.js';

export const udpRules = connectionRules({ attempt: 'UDP connection to', check: 'UDP_CHECK', mail: 'UDP' });
