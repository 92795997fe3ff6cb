// Elections beside Debian with an advert a second: three seconds of silence before each takeover.
import { testElections } from './elections.js';
import { variants } from './matrix.js';

testElections(
  'slow elections beside Debian',
  variants.filter(({ interval }) => Number(interval) >= 1),
);
