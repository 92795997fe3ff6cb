// The labs of VRRP, side by side: they mostly wait for its timers.
import { describe } from 'node:test';
import { labs } from '../../src/lab/labs/index.js';
import { testLab, VRRP_LABS } from './whole-lab.js';

describe('labs of VRRP', { concurrency: true }, () => {
  for (const lab of labs.filter(({ name }) => VRRP_LABS.includes(name))) testLab(lab);
});
