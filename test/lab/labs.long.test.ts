// The labs that are variants of others.
import { labs } from '../../src/lab/labs/index.js';
import { testLab, VARIANT_LABS } from './whole-lab.js';

for (const lab of labs.filter(({ name }) => VARIANT_LABS.includes(name))) testLab(lab);
