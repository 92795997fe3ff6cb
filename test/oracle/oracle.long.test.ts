// Answers that take long: schedulers by thousands of connections, and timeouts that are waited for.
import { testAnswers } from './judged.js';

testAnswers('b1_sched_seq', 'b2_locality', 'c1_tcp_states');
