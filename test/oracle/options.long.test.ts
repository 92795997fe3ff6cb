// Answers that take long: hundreds of command lines, and SCTP packet by packet.
import { testAnswers } from './judged.js';

testAnswers('o1_options', 's1_sctp');
