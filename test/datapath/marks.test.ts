// Ports with one firewall mark, with living hosts, of IPv4. (Other services of marks, those of IPv6, of both families, and through another size of the tables: marks.long.test.ts.)
import { FOUR } from './marked-cluster.js';
import { testGroups, testMarks } from './marked-services.js';

testMarks(FOUR, [testGroups]);
