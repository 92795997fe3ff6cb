// Answers that take long: random histories of packets and of changes to the configuration.
import { testAnswers } from './judged.js';

testAnswers('r1_histories', 'r2_routed_histories');
