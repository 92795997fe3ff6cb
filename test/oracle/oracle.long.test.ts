// Connections whose timeouts are waited for, and many histories of lblc and lblcr.
import { testAnswers } from './judged.js';

testAnswers('c1_tcp_states', 'b2_locality');
