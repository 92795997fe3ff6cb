// Services of firewall marks with living hosts, of IPv4 and of both families. (Of IPv6 alone, and through another size of the tables:
// marks.long.test.ts.)
import { FOUR } from './marked-cluster.js';
import { testBothFamilies, testMarks } from './marked-services.js';

testMarks(FOUR);
testBothFamilies();
