// Elections beside Debian whose adverts are less than a second apart, and one of version 2.
import { testElections } from './elections.js';
import { variants } from './matrix.js';

testElections(
  'elections beside Debian',
  variants.filter(({ name, interval }) => Number(interval) < 1 || name === 'pass'),
);
