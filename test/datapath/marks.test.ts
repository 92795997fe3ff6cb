// Services of firewall marks with living hosts, of IPv4. (Of IPv6, of both families, and through another size of the tables: marks.long.test.ts.)
import { FOUR } from './marked-cluster.js';
import { testMarks } from './marked-services.js';

testMarks(FOUR);
