// The built-in labs, in the order of the list.
import type { Lab } from '../definition/lab.js';
import { dr } from './dr.js';
import { dr2 } from './dr-2.js';
import { drArp } from './dr-arp.js';
import { drLocal } from './dr-local.js';
import { drRedirect } from './dr-redirect.js';
import { drTwoNets } from './dr-two-nets.js';
import { dual } from './dual.js';
import { ha } from './ha.js';
import { miscCheck } from './misc-check.js';
import { nat } from './nat.js';
import { nat2 } from './nat-2.js';
import { splitBrain } from './split-brain.js';
import { stress } from './stress.js';

export const labs: readonly Lab[] = [nat, nat2, dr, dr2, drArp, drRedirect, drTwoNets, drLocal, dual, splitBrain, ha, miscCheck, stress];
