// Answers that take long: limits, counters and templates, many of them by packets that are made by hand.
import { testAnswers } from './judged.js';

testAnswers('d2_limits', 'g1_counters', 'p4_templates');
