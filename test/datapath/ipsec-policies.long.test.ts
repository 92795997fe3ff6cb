// Policies of IPsec with XDP in front of tc, and of IPv6. (IPv4 by tc: ipsec-policies.test.ts.)
import { CLUSTER4, CLUSTER6 } from './cluster-families.js';
import { testPolicies } from './ipsec-policies.js';

testPolicies(CLUSTER4, 'xdp');
for (const hook of ['tc', 'xdp'] as const) testPolicies(CLUSTER6, hook);
