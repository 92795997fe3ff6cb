// weir doctor on both nodes of VRRP pairs: virtual MACs, unicast peers, sync groups.
import { testHealthyPair, VARIANTS } from './director-pair.js';

for (const variant of VARIANTS.slice(1)) testHealthyPair(variant);
