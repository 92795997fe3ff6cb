// Elections beside Debian: one of version 3. (All others: elections.long.test.ts.)
import { testElections } from './elections.js';
import { QUICK, variants } from './matrix.js';

testElections(
  'elections beside Debian',
  variants.filter(({ name }) => QUICK.has(name)),
);
