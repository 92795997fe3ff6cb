// Policies of IPsec for services of firewall marks whose rules mark packets of the service alone, under each rp_filter.
import { CLUSTER4 } from './cluster-families.js';
import { testPolicedMarks } from './policed-marks.js';

for (const filter of ['0', '1', '2'] as const) testPolicedMarks(CLUSTER4, 'of the service', filter);
