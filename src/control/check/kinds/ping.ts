// PING_CHECK: an echo reply.
import { connectionRules } from './connection-rules.js';

export const pingRules = connectionRules({ attempt: 'ICMP connection to', check: 'ICMP CHECK', mail: 'ICMP' });
