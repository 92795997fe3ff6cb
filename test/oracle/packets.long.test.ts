// Answers that take long: limits, counters, templates and calls, many of them by packets that are made by hand.
import { testAnswers } from './judged.js';

testAnswers('d2_limits', 'g1_counters', 'g2_ttl_mtu', 'g3_udp_checksum', 'p4_templates', 'p5_sip');
