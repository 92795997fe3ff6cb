// Policies of IPsec on the director, which balanced packets do not meet: by direct routing, or since they came after the last command.
import { faultOf } from '../fault-of.js';
import type { Fault } from '../types.js';

const nat = faultOf('ipsec', 'nat');
const dr = faultOf('ipsec', 'dr');
const policy = (what: string, selector: string, template = '') =>
  [['director', `ip xfrm policy ${what} ${selector} dir out ${template}`]] as const;
const tunnel = (from: string, to: string): string => `tmpl src ${from} dst ${to} proto esp mode tunnel`;
const ANSWERS = 'src 198.51.100.80/32 dst 203.0.113.0/24';
const REQUESTS = 'src 203.0.113.0/24 dst 10.20.0.11/32';
const FORWARDED = 'src 10.20.0.11/32 dst 203.0.113.0/24';
const DIRECT = 'src 203.0.113.0/24 dst 10.30.0.80/32';

export const faults: readonly Fault[] = [
  nat(
    'answers-not-encrypted',
    policy('add', ANSWERS, tunnel('198.51.100.2', '198.51.100.1')),
    'ipsec-changed',
    /does not know the policies of IPsec for packets of 2 destinations/,
    { effect: 'latent', repair: policy('del', ANSWERS) },
  ),
  nat(
    'requests-not-encrypted',
    policy('add', REQUESTS, tunnel('10.20.0.1', '10.20.0.11')),
    'ipsec-changed',
    /does not know the policies of IPsec for packets of 1 destination:/,
    { effect: 'latent', repair: policy('del', REQUESTS) },
  ),
  nat(
    'answers-not-stopped',
    [['director', `ip xfrm policy add ${FORWARDED} dir fwd action block`]],
    'ipsec-forward-bypassed',
    /answers of .*10\.20\.0\.11.* reach clients past a policy/,
    { effect: 'latent', repair: [['director', `ip xfrm policy del ${FORWARDED} dir fwd`]] },
  ),
  dr('requests-not-blocked', policy('add', DIRECT, 'action block'), 'ipsec-bypassed', /blocks packets that the director sends/, {
    effect: 'latent',
    repair: policy('del', DIRECT),
  }),
];
