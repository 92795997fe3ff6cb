// What answers immediately is compared in each run of the tests, by one process. (By a process for each command: oracle.long.test.ts.)
import { testAnswersBy } from './judged.js';

testAnswersBy('resident', 'a4_names');
