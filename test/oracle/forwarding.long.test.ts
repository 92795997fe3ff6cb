// Answers that take long: clients and servers on the director by every method, and cache_bypass.
import { testAnswers } from './judged.js';

testAnswers('l1_local', 't1_bypass');
