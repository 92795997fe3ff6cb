// What the verifier goes through for the objects beside those that most hosts load.
import { OBJECTS, SIDE_NAMES } from './compilers.js';
import { ALWAYS_VERIFIED, testVerified } from './verified.js';

const already: ReadonlySet<string> = new Set(ALWAYS_VERIFIED.map((name) => OBJECTS[name]));
for (const name of Object.values(OBJECTS)) if (!already.has(name)) testVerified(name);
for (const side of SIDE_NAMES)
  testVerified(OBJECTS[`bridge-${side}`], { variable: 'old_layout', text: ', with a table of another layout,' });
