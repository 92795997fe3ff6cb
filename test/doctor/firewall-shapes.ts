// Tables as the firewalls of distributions write them, reduced to the chains of incoming packets.

/** firewalld, zone public on `device`: its chains and their order, each zone's chain ending in a reject. */
export const firewalld = (device: string): string => `table inet firewalld {
  chain filter_IN_public_pre { }
  chain filter_IN_public_log { }
  chain filter_IN_public_deny { }
  chain filter_IN_public_allow {
    tcp dport 22 ct state { new, untracked } accept
    ip6 daddr fe80::/64 udp dport 546 ct state { new, untracked } accept
  }
  chain filter_IN_public_post { }
  chain filter_IN_public {
    jump filter_IN_public_pre
    jump filter_IN_public_log
    jump filter_IN_public_deny
    jump filter_IN_public_allow
    jump filter_IN_public_post
    meta l4proto { icmp, ipv6-icmp } accept
    counter reject with icmpx admin-prohibited
  }
  chain filter_INPUT_ZONES {
    iifname "${device}" goto filter_IN_public
    goto filter_IN_public
  }
  chain filter_INPUT {
    type filter hook input priority 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_INPUT_ZONES
    reject with icmpx admin-prohibited
  }
  chain filter_PREROUTING {
    type filter hook prerouting priority 10; policy accept;
    icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept
    meta nfproto ipv6 fib saddr . mark . iif oif missing drop
  }
}
`;

/** ufw's defaults: deny (incoming). */
export function ufw(tool: 'iptables' | 'ip6tables'): string {
  const [u, icmp] = tool === 'iptables' ? ['ufw', 'icmp'] : ['ufw6', 'icmpv6'];
  const chains = ['before-logging-input', 'before-input', 'not-local', 'user-input', 'after-input', 'skip-to-policy-input', 'logging-deny'];
  const notLocal =
    tool === 'ip6tables'
      ? []
      : [
          `-A ${u}-before-input -j ${u}-not-local`,
          `-A ${u}-not-local -m addrtype --dst-type LOCAL -j RETURN`,
          `-A ${u}-not-local -m addrtype --dst-type MULTICAST -j RETURN`,
          `-A ${u}-not-local -m addrtype --dst-type BROADCAST -j RETURN`,
          `-A ${u}-not-local -m limit --limit 3/min --limit-burst 10 -j ${u}-logging-deny`,
          `-A ${u}-not-local -j DROP`,
          `-A ${u}-before-input -p udp -d 224.0.0.251 --dport 5353 -j ACCEPT`,
        ];
  return [
    '*filter',
    ':INPUT DROP [0:0]',
    ':FORWARD DROP [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ...chains.map((name) => `:${u}-${name} - [0:0]`),
    ...['before-logging-input', 'before-input'].map((name) => `-A INPUT -j ${u}-${name}`),
    `-A INPUT -j ${u}-after-input`,
    `-A ${u}-before-input -i lo -j ACCEPT`,
    `-A ${u}-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
    `-A ${u}-before-input -m conntrack --ctstate INVALID -j ${u}-logging-deny`,
    `-A ${u}-before-input -m conntrack --ctstate INVALID -j DROP`,
    `-A ${u}-before-input -p ${icmp} -j ACCEPT`,
    `-A ${u}-before-input -p udp --sport 67 --dport 68 -j ACCEPT`,
    ...notLocal,
    `-A ${u}-before-input -j ${u}-user-input`,
    `-A ${u}-user-input -p tcp -m tcp --dport 22 -j ACCEPT`,
    `-A ${u}-after-input -p udp -m udp --dport 137 -j ${u}-skip-to-policy-input`,
    `-A ${u}-skip-to-policy-input -j DROP`,
    `-A ${u}-logging-deny -m conntrack --ctstate INVALID -m limit --limit 3/min --limit-burst 10 -j RETURN`,
    `-A ${u}-logging-deny -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "`,
    'COMMIT',
    '',
  ].join('\n');
}
