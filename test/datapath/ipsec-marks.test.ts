// Policies of IPsec for services of firewall marks whose rules mark packets of any address, of both families.
import { CLUSTER4, CLUSTER6 } from './cluster-families.js';
import { testPolicedMarks } from './policed-marks.js';

testPolicedMarks(CLUSTER4, 'of any address', '1');
testPolicedMarks(CLUSTER6, 'of any address', '0');
