// Policies of IPsec by the other hook of each family.
import { CLUSTER4, CLUSTER6 } from './cluster-families.js';
import { testPolicies } from './ipsec-policies.js';

testPolicies(CLUSTER4, 'xdp');
testPolicies(CLUSTER6, 'tc');
