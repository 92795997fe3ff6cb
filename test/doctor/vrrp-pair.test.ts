// weir doctor on both nodes of a VRRP pair of directors: nothing is wrong on either.
import { testHealthyPair, VARIANTS } from './director-pair.js';

for (const variant of VARIANTS.slice(0, 1)) testHealthyPair(variant);
