// Answers that take long: hundreds of command lines, and SCTP packet by packet.
import { testAnswers, testAnswersBy } from './judged.js';

testAnswers('o1_options', 's1_sctp');
testAnswersBy('resident', 'o2_random', 'o3_random');
