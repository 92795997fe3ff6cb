// AH and ESP of IPv4 with living hosts. (Of IPv6: ipsec.long.test.ts.)
import { CLUSTER4 } from './cluster-families.js';
import { testEsp } from './esp-follows.js';

testEsp(CLUSTER4);
