// Policies of IPsec for services of firewall marks: rules that mark packets of any address, and of the service alone, under each rp_filter.
import { CLUSTER4, CLUSTER6 } from './cluster-families.js';
import { testPolicedMarks } from './policed-marks.js';

testPolicedMarks(CLUSTER4, 'of any address', '1');
testPolicedMarks(CLUSTER6, 'of any address', '0');
for (const filter of ['0', '1', '2'] as const) testPolicedMarks(CLUSTER4, 'of the service', filter);
