// What the verifier goes through before it accepts a program: kernels limit it, and loading takes the longer the more it is. (Of the other objects:
// verifier.long.test.ts.)
import { OBJECTS } from './compilers.js';
import { ALWAYS_VERIFIED, testSwitchVerified, testVerified } from './verified.js';

for (const name of ALWAYS_VERIFIED) testVerified(OBJECTS[name]);
testSwitchVerified();
