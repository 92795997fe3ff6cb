// Elections beside Debian in all variants but the few of each run of the tests; many wait for three seconds of silence before a takeover.
import { testElections } from './elections.js';
import { QUICK, variants } from './matrix.js';

testElections(
  'more elections beside Debian',
  variants.filter(({ name }) => !QUICK.has(name)),
);
