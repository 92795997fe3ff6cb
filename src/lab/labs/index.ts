// The labs that weir brings along, in the order in which they are listed.
import type { Lab } from '../model.js';
import { nat } from './nat.js';

export const labs: readonly Lab[] = [nat];
