// AH and ESP of both families with living hosts.
import { CLUSTER4, CLUSTER6 } from './cluster-families.js';
import { testEsp } from './esp-follows.js';

for (const family of [CLUSTER4, CLUSTER6]) testEsp(family);
