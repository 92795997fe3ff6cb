// Answers that take long: hundreds of commands, and schedulers by thousands of connections.
import { testAnswers } from './judged.js';

testAnswers('a1_services', 'a2_options', 'b1_sched_seq', 'b2_locality', 'b3_hash', 'p3_persistence_edits');
