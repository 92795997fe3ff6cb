// Policies of IPsec, which the kernel applies to the packets of VS/NAT, requests and answers, by tc and with XDP in front of it. (The other pairs
// of family and hook: ipsec-policies.long.test.ts.)
import { CLUSTER4, CLUSTER6 } from './cluster-families.js';
import { testPolicies } from './ipsec-policies.js';

testPolicies(CLUSTER4, 'tc');
testPolicies(CLUSTER6, 'xdp');
