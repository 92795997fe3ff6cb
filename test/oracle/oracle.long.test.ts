// Answers that take long: hundreds of commands, schedulers by thousands of connections, and timeouts that are waited for.
import { testAnswers } from './judged.js';

testAnswers('a2_options', 'a4_names', 'b1_sched_seq', 'b2_locality', 'b3_hash', 'b4_thresholds', 'b5_changes', 'b6_route');
testAnswers('c1_tcp_states', 'c2_lifetime', 'c3_settings', 'p1_persistence', 'v1_ipv6');
