// Answers that take long: ICMP errors about connections, clients and servers on the director by every method, and cache_bypass. Those of
// t2_tunnels are not judged here until a run of them with the new sums was seen: small datagrams of a veth have unfinished ones.
import { testAnswers } from './judged.js';

testAnswers('i1_icmp', 'l1_local', 't1_bypass');
