/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Content switching: packets that are no plain ones. Those with options of IP, or extension headers, which no service of LVS needs: one for a listener is
 * the host's. Those that came without an Ethernet header. */
#ifndef WEIR_SWITCH_ODD_H
#define WEIR_SWITCH_ODD_H

#ifdef IPV6
/* May it be of TCP, behind extension headers? */
static __always_inline bool ip_has_more(struct ip6_header *ip) {
  return (ip->first & bpf_htonl(0xf0000000)) == bpf_htonl(0x60000000) && (ip->next == NEXT_FRAGMENT || ip->next == IPPROTO_AH || extension_length(ip->next, 0));
}

/* A packet with extension headers. Of a fragment only the first one has ports. A global function: verified once. */
__noinline int switch_optional(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  struct switch_scratch *w = the_switch();
  if (!scratch || !w) return TC_ACT_UNSPEC;
  enum parsed parsed = tc_parse_any6(skb, ETH_LEN);
  CHECKED(scratch);
  CHECKED(w);
  struct packet *p = &scratch->packet;
  bool fragment = parsed == P_FRAGMENT;
  if (p->protocol != IPPROTO_TCP || (parsed != P_OK && (!fragment || p->fragment & FRAGMENT_OFFSET))) return TC_ACT_UNSPEC;
  struct switch_listener_key at = {.port = p->dport};
  end_copy(at.addr, p->daddr6);
  if (bpf_map_lookup_elem(&switch_listeners, &at)) {
    if (fragment) return switch_drop(SWITCHED_ODD);
    switch_count(SWITCHED_PASSED);
    return TO_STACK;
  }
  struct switch_server_key *back = &w->server;
  end_copy(back->client, p->daddr6);
  end_copy(back->server, p->saddr6);
  back->client_port = p->dport;
  back->server_port = p->sport;
  return bpf_map_lookup_elem(&switch_backs, back) ? switch_drop(SWITCHED_ODD) : TC_ACT_UNSPEC;
}

/* The ports of a packet of TCP that has no Ethernet header. */
static __always_inline bool bare_ports(struct __sk_buff *skb, __u16 *at) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return false;
  enum parsed parsed = tc_parse_any6(skb, 0);
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  if (p->protocol != IPPROTO_TCP || (parsed != P_OK && (parsed != P_FRAGMENT || p->fragment & FRAGMENT_OFFSET))) return false;
  at[0] = p->sport;
  at[1] = p->dport;
  return true;
}
#else
/* May it be of TCP, behind options? */
static __always_inline bool ip_has_more(struct iphdr *ip) { return ip->version == 4 && ip->ihl > 5 && ip->protocol == IPPROTO_TCP; }

/* A packet with options. A global function: verified once. */
__noinline int switch_optional(struct __sk_buff *skb) {
  struct iphdr ip;
  __u16 ports[2];
  if (bpf_skb_load_bytes(skb, ETH_LEN, &ip, sizeof ip) || bpf_skb_load_bytes(skb, ETH_LEN + ip.ihl * 4, ports, sizeof ports)) return TC_ACT_UNSPEC;
  struct switch_listener_key at = {.addr = {ip.daddr}, .port = ports[1]};
  if (ip.frag_off & bpf_htons(0x1fff) || !bpf_map_lookup_elem(&switch_listeners, &at)) return TC_ACT_UNSPEC;
  switch_count(SWITCHED_PASSED);
  return TO_STACK;
}

/* The ports of a packet of TCP that has no Ethernet header. */
static __always_inline bool bare_ports(struct __sk_buff *skb, __u16 *at) {
  struct iphdr ip;
  if (bpf_skb_load_bytes(skb, 0, &ip, sizeof ip) || ip.version != 4 || ip.protocol != IPPROTO_TCP || ip.frag_off & bpf_htons(0x1fff)) return false;
  return !bpf_skb_load_bytes(skb, ip.ihl * 4, at, 2 * sizeof *at);
}
#endif

/* A packet that came without an Ethernet header, to or from a port that is switched, gets an empty one. False: it is none of these, and passes. */
__noinline int switch_add_header(struct __sk_buff *skb) {
  struct interface *i = interface_at(skb->ifindex);
  struct switch_ports *ports = the_switch_ports();
  __u16 at[2];
  if (!i || !(i->flags & INTERFACE_LAYER3)) return true;
  if (!ports || !bare_ports(skb, at)) return false;
  CHECKED(ports);
  return (port_is(ports->virtual_port, at[1]) || port_is(ports->server_port, at[0])) && tc_put_header(skb);
}

#endif
