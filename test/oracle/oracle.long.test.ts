// Answers that take long: hundreds of commands, schedulers by thousands of connections, and firewall marks.
import { testAnswers, testAnswersBy } from './judged.js';

testAnswers('a1_services', 'a2_options', 'a3_cli_errors', 'b1_sched_seq', 'b2_locality', 'b3_hash', 'f1_marks', 'p3_persistence_edits');
testAnswersBy('resident', 'a3_cli_errors');
