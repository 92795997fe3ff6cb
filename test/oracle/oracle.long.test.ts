// Connections whose timeouts are waited for.
import { testAnswers } from './judged.js';

testAnswers('c1_tcp_states');
