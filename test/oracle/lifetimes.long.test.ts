// Answers that take long: timeouts that are waited for, settings, changes, and what stays of clients.
import { testAnswers } from './judged.js';

testAnswers(
  'a4_names',
  'b4_thresholds',
  'b5_changes',
  'b6_route',
  'b7_again',
  'c1_tcp_states',
  'c2_lifetime',
  'c3_settings',
  'c4_settings6',
  'j1_later_services',
  'p1_persistence',
  'v1_ipv6',
  'v2_ipv6_persistence',
);
