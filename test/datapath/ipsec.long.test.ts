// AH and ESP of IPv6 with living hosts. (Of IPv4: ipsec.test.ts.)
import { CLUSTER6 } from './cluster-families.js';
import { testEsp } from './esp-follows.js';

testEsp(CLUSTER6);
