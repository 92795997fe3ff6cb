// Answers that take long: random histories of packets and of changes to the configuration, and what came of the first ones.
import { testAnswers } from './judged.js';

testAnswers('i2_seen', 'r1_histories', 'r2_routed_histories', 'r3_wide_histories', 'r4_sctp_histories');
