// Answers that take long: tunnels, ICMP errors about connections, clients and servers on the director by every method, and cache_bypass.
import { testAnswers } from './judged.js';

testAnswers('h1_fragments', 'i1_icmp', 'l1_local', 't1_bypass', 't2_tunnels');
