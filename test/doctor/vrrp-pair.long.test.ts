// weir doctor on both nodes of VRRP pairs of directors: nothing is wrong on either. Plain ones, virtual MACs, unicast peers, sync groups.
import { testHealthyPair, VARIANTS } from './director-pair.js';

for (const variant of VARIANTS) testHealthyPair(variant);
