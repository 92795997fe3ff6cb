// What can be wrong in lines of addresses, routes and rules.
import type { DiagnosticRows, Maybe, With } from './row.js';

export const networkDiagnostics = {
  'address-broadcast-ipv6': {
    severity: 'error',
    text: ({ text }: With<'text'>) => `VRRP is trying to assign a broadcast brd to the IPv6 address ${text} !!?? WTF... skipping VIP...`,
  },
  'address-broadcast-prefix': {
    severity: 'error',
    text: ({ prefixLength }: With<'prefixLength'>) => `Address prefix length ${prefixLength} too long for broadcast`,
  },
  'address-broadcast-invalid': {
    severity: 'error',
    text: ({ value }: With<'value'>) => `VRRP is trying to assign invalid broadcast ${value}. skipping VIP...`,
  },
  'address-peer-family': { severity: 'error', text: ({ value }: With<'value'>) => `Peer address ${value} does not match address family` },
  'address-label-ipv6': {
    severity: 'error',
    text: ({ text }: With<'text'>) => `Cannot specify label for IPv6 addresses (${text}) - ignoring label`,
  },
  'address-label-long': {
    severity: 'error',
    text: ({ value }: With<'value'>) => `Address label ${value} is longer than maximum length 15 - removing address`,
  },
  'address-scope-ipv6': {
    severity: 'error',
    text: ({ text }: With<'text'>) => `Cannot specify scope for IPv6 addresses (${text}) - ignoring scope`,
  },
  'address-scope-invalid': {
    severity: 'error',
    text: ({ value, text }: With<'value' | 'text'>) => `Invalid scope '${value}' specified for ${text} - ignoring`,
  },
  'address-device-twice': {
    severity: 'error',
    text: ({ text }: With<'text'>) => `Cannot specify ipaddress device more than once for ${text}`,
  },
  'address-option-unknown': {
    severity: 'error',
    text: ({ word }: With<'word'> & Maybe<'hint'>) => `Unknown configuration entry '${word}' for ip address - ignoring`,
    hint: ({ hint }: Maybe<'hint'>) => hint,
  },
  'address-option-without-value': {
    severity: 'error',
    text: ({ word, text }: With<'word' | 'text'>) => `No ${word} parameter specified for ${text}`,
  },
  'encap-mpls-invalid': {
    severity: 'error',
    text: ({ word }: With<'word'>) => `invalid mpls address ${word} for encapsulation`,
    hint: 'labels from 0 to 1048575, such as 100 or 100/200',
  },
  'encap-ila-invalid': {
    severity: 'error',
    text: ({ word }: With<'word'>) => `invalid locator ${word} for ila encapsulation`,
    hint: 'four groups of hexadecimal digits, such as 2001:db8:1:2',
  },
  'encap-address-family': {
    severity: 'error',
    text: ({ version, value, kind }: With<'version' | 'value' | 'kind'>) =>
      `IPv${version} address ${value} not valid for ${kind} encapsulation`,
  },
  'encap-incomplete': { severity: 'error', text: ({ kind }: With<'kind'>) => `address or id missing for ${kind} encapsulation` },
  'encap-unknown': { severity: 'error', text: ({ type }: With<'type'>) => `Unknown encap type - ${type}`, hint: 'mpls, ip, ip6 or ila' },
  'ip-invalid': { severity: 'error', text: ({ word }: With<'word'>) => `VRRP parsed invalid IP ${word}. skipping IP...` },
  'route-realms-invalid': { severity: 'error', text: ({ word }: With<'word'>) => `Invalid realms ${word} for route` },
  'route-trailing-words': { severity: 'error', text: ({ word }: With<'word'>) => `Route has trailing nonsense after nexthops - ${word}` },
  'address-or-prefix-invalid': {
    severity: 'error',
    text: ({ word }: With<'word'>) => `VRRP parsed invalid IP ${word}. skipping IP...`,
    hint: 'an IP address is expected, such as 192.0.2.1 or 2001:db8::1/64',
  },
  'prefix-length-invalid': {
    severity: 'error',
    text: ({ text, word, whole }: With<'text' | 'word' | 'whole'>) =>
      `Invalid address prefix len ${text} for address ${word} - using ${whole}`,
  },
  'route-rtt-below-min': {
    severity: 'notice',
    text: ({ word, min }: With<'word' | 'min'>) => `rtt value ${word} below minimum ${min}ms, resetting`,
  },
  'route-rtt-above-max': {
    severity: 'notice',
    text: ({ word, max }: With<'word' | 'max'>) => `rtt value ${word} exceeds maximum ${max}s, resetting`,
  },
  'route-feature-unknown': { severity: 'error', text: ({ word }: With<'word'>) => `feature ${word} not supported` },
  'route-from-ipv4': { severity: 'error', text: ({ word }: With<'word'>) => `route from address only supported with IPv6 (${word})` },
  'route-pref-invalid': { severity: 'error', text: ({ word }: With<'word'>) => `Invalid pref value ${word} specified for route` },
  'route-ttl-propagate-invalid': {
    severity: 'error',
    text: ({ word }: With<'word'>) => `ttl-propagate value ${word} not recognised`,
    hint: 'enabled or disabled',
  },
  'route-as-to': { severity: 'error', text: () => '"as to" for MPLS only - ignoring' },
  'route-gw-deprecated': { severity: 'error', text: () => '"gw" for routes is deprecated. Please use "via"' },
  'route-keyword-unknown': { severity: 'error', text: ({ word }: With<'word'>) => `unknown route keyword ${word}` },
  'route-or-deprecated': { severity: 'error', text: () => '"or" for routes is deprecated. Please use "nexthop"' },
  'route-pref-ipv4': { severity: 'error', text: () => 'pref is only valid for IPv6' },
  'route-expires-ipv4': { severity: 'error', text: () => 'expires is only valid for IPv6' },
  'route-not-tracked': {
    severity: 'error',
    text: ({ text }: With<'text'>) => `Warning - cannot track route ${text} with no interface specified, not tracking`,
    hint: 'add dev, or no_track if this is intended',
  },
  'route-tracking-protocol': {
    severity: 'error',
    text: () => 'Route cannot be tracked if protocol is not RTPROT_KEEPALIVED(18), resetting protocol',
  },
  'route-without-destination': { severity: 'error', text: () => 'Route must have a destination' },
  'route-mixed-families': { severity: 'error', text: () => 'Cannot mix IPv4 and IPv6 addresses for route' },
  'rule-address-invalid': { severity: 'error', text: ({ key, word }: With<'key' | 'word'>) => `Invalid rule ${key} address ${word}` },
  'rule-many-actions': {
    severity: 'error',
    text: () => 'Cannot specify more than one of table/nop/goto/blackhole/prohibit/unreachable for rule',
  },
  'rule-table-unknown': { severity: 'error', text: ({ word }: With<'word'>) => `Routing table ${word} not found for rule` },
  'rule-table-zero': { severity: 'error', text: () => 'Table 0 is not valid' },
  'rule-option-unknown': { severity: 'error', text: ({ word }: With<'word'>) => `Unknown rule option ${word}` },
  'rule-tunnel-id-invalid': { severity: 'error', text: ({ keyword }: With<'keyword'>) => `Invalid ${keyword} ${keyword} specified` },
  'rule-without-action': {
    severity: 'error',
    text: () => 'No action specified for rule - ignoring',
    hint: 'write table N, goto N, nop, blackhole, unreachable or prohibit',
  },
  'rule-goto-backwards': {
    severity: 'error',
    text: ({ preference, target }: With<'preference' | 'target'>) => `Invalid rule - preference ${preference} >= goto target ${target}`,
  },
  'rule-mixed-families': { severity: 'error', text: () => 'rule specification has mixed IPv4 and IPv6' },
  'rule-preference-set': {
    severity: 'error',
    text: ({ preference }: With<'preference'>) =>
      `Rule has no preference specified - setting to ${preference}. This is probably not what you want.`,
  },
  'address-lifetime-invalid': { severity: 'error', text: ({ word }: With<'word'>) => `preferred_lft ${word} is invalid` },
  'address-peer-invalid': { severity: 'error', text: ({ word }: With<'word'>) => `Invalid peer address ${word}` },
  'encap-id-invalid': {
    severity: 'error',
    text: ({ kind, word }: With<'kind' | 'word'>) =>
      kind === 'ip' ? `encap id ${word} value is invalid` : `id ${word} value invalid for IPv6 encapsulation`,
  },
  'encap-address-invalid': {
    severity: 'error',
    text: ({ kind, name, word }: With<'kind' | 'name' | 'word'>) => `Invalid encap ${kind} ${name} ${word}`,
  },
  'encap-dsfield-invalid': {
    severity: 'error',
    text: ({ kind, word }: With<'kind' | 'word'>) =>
      kind === 'ip' ? `dsfield ${word} not valid for ip encapsulation` : `tc value ${word} is invalid for ip6 encapsulation`,
  },
  'encap-ttl-invalid': {
    severity: 'error',
    text: ({ kind, word }: With<'kind' | 'word'>) =>
      kind === 'ip' ? `ttl ${word} is not valid for ip encapsulation` : `Invalid hoplimit ${word} specified for ip6 encapsulation`,
  },
  'encap-flags-invalid': {
    severity: 'error',
    text: ({ kind, word }: With<'kind' | 'word'>) => `flags ${word} is not valid for ${kind} encapsulation`,
  },
  'route-nexthop-invalid': { severity: 'error', text: ({ word }: With<'word'>) => `invalid nexthop address ${word}` },
  'route-via-invalid': { severity: 'error', text: ({ word }: With<'word'>) => `invalid route via address ${word}` },
  'route-weight-invalid': { severity: 'error', text: ({ word }: With<'word'>) => `Invalid weight ${word} specified for route` },
  'route-source-invalid': { severity: 'error', text: ({ word }: With<'word'>) => `invalid route src address ${word}` },
  'route-metric-invalid': {
    severity: 'error',
    text: ({ name, word }: With<'name' | 'word'>) => `Invalid ${name} ${word} specified for route`,
  },
  'route-tos-invalid': { severity: 'error', text: ({ word }: With<'word'>) => `TOS value ${word} is invalid` },
  'route-table-unknown': { severity: 'error', text: ({ word }: With<'word'>) => `Routing table ${word} not found for route` },
  'route-protocol-unknown': { severity: 'error', text: ({ word }: With<'word'>) => `Protocol ${word} not found or invalid for route` },
  'route-scope-unknown': { severity: 'error', text: ({ word }: With<'word'>) => `Scope ${word} not found or invalid for route` },
  'rule-action-nat': { severity: 'error', text: () => 'Invalid rule action nat' },
  'rule-tos-invalid': { severity: 'error', text: ({ word }: With<'word'>) => `TOS value ${word} is invalid` },
  'rule-value-invalid': { severity: 'error', text: ({ keyword }: With<'keyword'>) => `Invalid ${keyword} ${keyword} specified` },
  'rule-preference-invalid': { severity: 'error', text: () => 'Invalid rule preference preference specified' },
  'rule-goto-invalid': { severity: 'error', text: ({ keyword }: With<'keyword'>) => `Invalid target ${keyword} specified` },
  'rule-fwmark-invalid': { severity: 'error', text: ({ word }: With<'word'>) => `Invalid rule fwmark ${word} specified` },
  'rule-realms-invalid': { severity: 'error', text: ({ word }: With<'word'>) => `invalid realms ${word} for rule` },
  'rule-protocol-invalid': { severity: 'error', text: ({ word }: With<'word'>) => `Invalid protocol ${word}` },
  'rule-ipproto-invalid': { severity: 'error', text: ({ word }: With<'word'>) => `Invalid ipproto ${word}` },
  'rule-port-range-invalid': {
    severity: 'error',
    text: ({ keyword, word }: With<'keyword' | 'word'>) => `invalid ${keyword} range ${word}`,
  },
} as const satisfies DiagnosticRows;
