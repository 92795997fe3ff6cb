/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Content switching by delayed binding, in front of weir_tc_ingress: the first bytes of a connection choose its server.
 *
 *   client                        here                          server
 *   SYN            ->  answered, with a cookie as its number; nothing is kept
 *   ACK            ->  dropped
 *   first segment  ->  read, kept, and made a SYN            ->
 *                      made an ACK and the kept segment      <-  SYN+ACK
 *   ACK - delta    ->  ................................      ->
 *                  <-  ................................      <-  SEQ + delta
 *
 * What goes on to a server is a packet of an ordinary connection of the listener's service, which weir_tc_ingress masquerades, counts and ends: here are
 * numbers alone. What is undecided goes to the process that listens here: its kernel makes a socket of the first segment. Lost segments are sent
 * again by the client or the server; so nothing waits, and no timer sends. */
#ifndef WEIR_SWITCH_H
#define WEIR_SWITCH_H

/* Answers the SYN in the scratch space. The window lets the client send one segment, which is all that is kept. */
__noinline int switch_answer(struct __sk_buff *skb) {
  struct switch_scratch *w = the_switch();
  if (!w || options_read(skb)) return switch_failed();
  CHECKED(w);
  struct switch_client_key *k = &w->key;
  struct switch_headers *h = &w->headers;
  __u32 mss = w->listener.mss, scale = w->scale == SWITCH_NO_SCALE ? SWITCH_NO_SCALE : w->listener.window_scale;
  __u8 macs[12];
  if (bpf_skb_load_bytes(skb, 0, macs, sizeof macs)) return switch_failed();
  heads_begin(h, k->vip, k->client, k->vport, k->client_port);
  heads_numbers(h, cookie_make(w->seq, cookie_epoch(), cookie_options(w->mss, w->scale, w->sack)), w->seq + 1, FLAG_SYN | FLAG_ACK, mss);
  heads_options(h, mss, scale, w->sack);
  if (heads_store(skb, SWITCH_SYN_WORDS, 0)) return switch_failed();
  if (bpf_skb_store_bytes(skb, 0, macs + 6, 6, 0) || bpf_skb_store_bytes(skb, 6, macs, 6, 0)) return switch_failed();
  switch_count(SWITCHED_SYN);
  /* Of a device without Ethernet headers the other end may be one of several, which the route has. */
  struct interface *i = interface_at(skb->ifindex);
  return i && i->flags & INTERFACE_LAYER3 ? bpf_redirect_neigh(skb->ifindex, 0, 0, 0) : bpf_redirect(skb->ifindex, 0);
}

/* The key of a flow's other direction, in the scratch space. */
static __always_inline struct switch_server_key *back_key(struct switch_scratch *w, struct switch_client_key *k, struct switch_flow *f) {
  struct switch_server_key *key = &w->server;
  end_copy(key->client, k->client);
  end_copy(key->server, f->server);
  key->client_port = k->client_port;
  key->server_port = f->server_port;
  return key;
}

static __always_inline void flow_forget(struct switch_scratch *w, struct switch_client_key *k, struct switch_flow *f) {
  bpf_map_delete_elem(&switch_backs, back_key(w, k, f));
  bpf_map_delete_elem(&switch_flows, k);
}

/* Does the server's end belong to a connection of the same client and port by another listener? The server would take both for one. */
static __always_inline bool back_is_taken(struct switch_scratch *w, struct switch_server_key *key) {
  struct switch_back *b = bpf_map_lookup_elem(&switch_backs, key);
  if (!b) return false;
  CHECKED(b);
  if (end_is(b->vip, w->key.vip) && b->vport == w->key.vport) return false;
  struct switch_client_key *other = &w->other;
  *other = w->key;
  end_copy(other->vip, b->vip);
  other->vport = b->vport;
  struct switch_flow *f = bpf_map_lookup_elem(&switch_flows, other);
  return f && end_is(f->server, key->server) && f->server_port == key->server_port;
}

/* Keeps the segment and what is known of its connection. Else: what to count, and the proxy has it. */
#define FLOW_KEPT SWITCH_COUNTS
static __always_inline __u32 flow_keep(struct switch_scratch *w) {
  struct switch_flow *f = &w->flow;
  struct switch_server_key *key = back_key(w, &w->key, f);
  struct switch_back *back = &w->back;
  if (back_is_taken(w, key)) return SWITCHED_SHARED;
  __builtin_memset(back, 0, sizeof *back);
  end_copy(back->vip, w->key.vip);
  back->vport = w->key.vport;
  back->state = SWITCH_BINDING;
  back->offered_scale = w->listener.window_scale;
  if (bpf_map_update_elem(&switch_held, &w->key, w->text, BPF_ANY) || bpf_map_update_elem(&switch_flows, &w->key, f, BPF_ANY)) return SWITCHED_FULL;
  w->turn = (struct switch_turn){.client = w->key, .turn = f->turn, .looked = f->seen};
  if (!bpf_map_update_elem(&switch_backs, key, back, BPF_ANY) && !bpf_map_push_elem(&switch_turns, &w->turn, BPF_ANY)) return FLOW_KEPT;
  flow_forget(w, &w->key, f);
  return SWITCHED_FULL;
}

#define SWITCH_TURN_MAX 255
/* The first segment of a connection, with a valid cookie and a right checksum. */
__noinline int switch_first(struct __sk_buff *skb) {
  struct switch_scratch *w = the_switch();
  if (!w) return switch_failed();
  CHECKED(w);
  struct switch_flow *f = &w->flow;
  __u32 pool = switch_decide(skb), isn = w->ack - 1;
  __builtin_memset(f, 0, sizeof *f);
  if (!pool) return switch_to_proxy(skb, SWITCHED_TO_PROXY);
  if (!pool_choose(pool)) return switch_to_proxy(skb, SWITCHED_NO_SERVER);
  f->state = SWITCH_BINDING;
  f->isn = isn;
  f->first = w->seq;
  f->window = w->window;
  f->held = w->payload > SWITCH_HELD ? SWITCH_HELD : w->payload;
  f->client_scale = cookie_scale(isn & COOKIE_OPTIONS);
  if (f->client_scale != SWITCH_NO_SCALE) f->flags = SWITCH_SCALES;
  f->seen = clock_now();
  f->turn = bpf_get_prandom_u32() % SWITCH_TURN_MAX + 1;
  __u32 kept = flow_keep(w);
  return kept == FLOW_KEPT ? TO_BEGIN : switch_to_proxy(skb, kept);
}

/* May the director begin a connection of this packet? What it leaves to the host it leaves here, too: where the host's packet filter is asked, or the
 * address is not its own. Else what becomes of the packet. */
#define ANSWERS 0x101
static __always_inline int switch_may(struct __sk_buff *skb, struct switch_scratch *w) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return switch_failed();
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  if (switch_parse(skb, p) != P_OK) return switch_drop(SWITCHED_ODD);
  if (is_odd_pair(p)) return tc_drop(R_MARTIAN);
  __u32 why = reason_of(tc_may_schedule(skb, w->listener.service));
  if (likely(!why)) return ANSWERS;
  if (why == R_DROP_PACKET) return tc_drop(drop_reason(why));
  switch_count(SWITCHED_PASSED);
  return TO_STACK;
}

/* A SYN. Of a connection that goes on it is passed to the server, which answers as RFC 5961, 4 has it. Else it is answered, and no more: who forges a
 * SYN ends nothing. What there was ends with the first segment of a new connection. */
__noinline int switch_syn(struct __sk_buff *skb) {
  struct switch_scratch *w = the_switch();
  if (!w) return switch_failed();
  CHECKED(w);
  struct switch_flow *f = bpf_map_lookup_elem(&switch_flows, &w->key);
  if (f && f->state == SWITCH_BOUND && !(f->flags & SWITCH_CLOSING)) return TC_ACT_UNSPEC;
  if (!f && switch_local(skb, false) == LOCAL_SOCKET) return TO_STACK;
  int may = switch_may(skb, w);
  if (may != ANSWERS) return may;
  return segment_is_intact(skb) ? switch_answer(skb) : switch_drop(SWITCHED_BAD_CHECKSUM);
}

/* The client has sent its first segment again: the SYN is repeated, to another server where that one takes no connections any more. */
static __always_inline int switch_again(struct __sk_buff *skb, struct switch_scratch *w, struct switch_flow *f) {
  if (!w->payload) return switch_drop(SWITCHED_BARE);
  struct switch_server s = {.dest = f->dest, .port = f->server_port};
  end_copy(s.addr, f->server);
  if (!server_serves(&s, w->listener.service)) {
    flow_forget(w, &w->key, f);
    return switch_first(skb);
  }
  f->seen = clock_now();
  w->flow = *f;
  return TO_BIND;
}

/* A segment of a client to whose server a SYN was sent, by the number that this connection was promised. */
static __always_inline int switch_binding(struct __sk_buff *skb, struct switch_scratch *w, struct switch_flow *f) {
  if (!segment_is_intact(skb)) return switch_drop(SWITCHED_BAD_CHECKSUM);
  if (w->flags & FLAG_RST) {
    if (w->seq - f->first > f->held) return switch_drop(SWITCHED_UNFIT);
    flow_forget(w, &w->key, f);
    return TC_ACT_SHOT;
  }
  if (w->ack - 1 != f->isn) return switch_drop(SWITCHED_UNFIT);
  return w->seq == f->first ? switch_again(skb, w, f) : switch_drop(SWITCHED_OVERTOOK);
}

#include "switch-bound.h"

/* Has this segment come before? A later one of a connection that begins comes twice or so, since its client repeats the first one: what comes more often
 * is of a connection that is lost. */
#define OVERTAKES_MAX 3
static __always_inline bool overtakes_often(struct switch_scratch *w) {
  w->overtaken = (struct switch_overtaken){.client = w->key, .seq = w->seq};
  __u32 *times = bpf_map_lookup_elem(&switch_overtaken, &w->overtaken), one = 1;
  if (times) return __sync_fetch_and_add(times, 1) >= OVERTAKES_MAX;
  bpf_map_update_elem(&switch_overtaken, &w->overtaken, &one, BPF_ANY);
  return false;
}

/* A segment of no connection that is known, or of one that ends: does one begin with it? */
static __always_inline int switch_begins(struct __sk_buff *skb, struct switch_scratch *w, struct switch_flow *f, enum cookie_kind cookie) {
  if (cookie == COOKIE_NONE || (cookie == COOKIE_LATER && overtakes_often(w))) {
    switch_count(SWITCHED_BAD_COOKIE);
    return TO_STACK;
  }
  if (cookie == COOKIE_LATER) return switch_drop(SWITCHED_OVERTOOK);
  if (w->flags & FLAG_RST) return TC_ACT_SHOT;
  if (!w->payload && w->flags & FLAG_FIN) return TO_STACK; /* which resets it: there is no request */
  if (!w->payload) return switch_drop(SWITCHED_BARE);
  if (!segment_is_intact(skb)) return switch_drop(SWITCHED_BAD_CHECKSUM);
  if (f) flow_forget(w, &w->key, f);
  return switch_first(skb);
}

/* What is no segment of a connection that goes on. */
__noinline int switch_other(struct __sk_buff *skb) {
  struct switch_scratch *w = the_switch();
  if (!w) return TC_ACT_UNSPEC;
  CHECKED(w);
  if ((w->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN) return switch_syn(skb);
  struct switch_flow *f = bpf_map_lookup_elem(&switch_flows, &w->key);
  enum cookie_kind cookie = (w->flags & (FLAG_ACK | FLAG_SYN)) == FLAG_ACK ? cookie_read(w) : COOKIE_NONE;
  /* Its end of a handshake, or that again: no socket of the host waits for it, and none is looked for. */
  if (!f && cookie == COOKIE_OURS && !w->payload && !(w->flags & (FLAG_RST | FLAG_FIN))) return switch_drop(SWITCHED_BARE);
  if (!f) return switch_local(skb, false) == LOCAL_SOCKET ? TO_STACK : switch_begins(skb, w, f, cookie);
  CHECKED(f);
  if (cookie == COOKIE_OURS && w->ack - 1 != f->isn) return switch_begins(skb, w, f, cookie);
  return f->state == SWITCH_BINDING ? switch_binding(skb, w, f) : switch_closing(skb, f);
}

static __always_inline bool port_is(const __u64 *words, __u16 port) { return words[port / 64 & (SWITCH_PORT_WORDS - 1)] >> (port & 63) & 1; }

/* Fills in the scratch space. */
static __always_inline void switch_read(struct switch_scratch *w, switch_ip *ip, struct tcphdr *tcp) {
  __u32 header = tcp->doff * 4, length = ip_length(ip);
  w->seq = bpf_ntohl(tcp->seq);
  w->ack = bpf_ntohl(tcp->ack_seq);
  w->window = bpf_ntohs(tcp->window);
  w->flags = ((__u8 *)tcp)[13];
  w->ttl = *ttl_of(ip);
  w->ends = sum_of_end(ip_source(ip)) + sum_of_end(ip_target(ip));
  w->length = length > SWITCH_IP_LEN ? length - SWITCH_IP_LEN : 0;
  w->header = header;
  w->payload_at = TCP_AT + header;
  w->payload = header >= 20 && length > SWITCH_IP_LEN + header ? length - SWITCH_IP_LEN - header : 0;
}

/* A client's packet that is no plain one of a connection that is bound. */
static __always_inline int switch_request(struct __sk_buff *skb, struct switch_client_key *k, struct switch_listener *l, switch_ip *ip, struct tcphdr *tcp) {
  struct switch_scratch *w = the_switch();
  if (!w) return TC_ACT_UNSPEC;
  if (skb->ifindex == LOOPBACK) return TO_STACK;
  if (is_of_link(k->client) || is_of_link(k->vip)) return TC_ACT_UNSPEC;
  if (ip_is_fragment(ip) || tcp->doff < 5) return switch_drop(SWITCHED_ODD);
  CHECKED(w);
  w->key = *k;
  w->listener = *l;
  switch_read(w, ip, tcp);
  return switch_other(skb);
}

/* A server's. */
static __always_inline int switch_reply(struct __sk_buff *skb, switch_ip *ip, struct tcphdr *tcp) {
  struct switch_server_key k SWITCH_ALIGNED = {.client_port = tcp->dest, .server_port = tcp->source};
  end_copy(k.client, ip_target(ip));
  end_copy(k.server, ip_source(ip));
  struct switch_back *b = bpf_map_lookup_elem(&switch_backs, &k);
  if (!b) return TC_ACT_UNSPEC;
  CHECKED(b);
  if (likely(b->state == SWITCH_BOUND && !(tcp->syn | tcp->rst | tcp->fin))) return switch_number_back(skb, b, tcp);
  struct switch_scratch *w = the_switch();
  if (!w || ip_is_fragment(ip)) return switch_drop(SWITCHED_ODD);
  CHECKED(w);
  w->key = (struct switch_client_key){.client_port = k.client_port, .vport = b->vport};
  end_copy(w->key.client, k.client);
  end_copy(w->key.vip, b->vip);
  w->server = k;
  switch_read(w, ip, tcp);
  return switch_server_other(skb);
}

#include "switch-odd.h"

/* A packet, of which the answer may be TO_BIND or TO_BEGIN. */
static __always_inline int switch_packet(struct __sk_buff *skb) {
  struct conf *c = the_conf();
  if (!c || skb->protocol != bpf_htons(SWITCH_ETHER_TYPE) || skb->vlan_present || (skb->pkt_type != PACKET_HOST && skb->ifindex != LOOPBACK))
    return TC_ACT_UNSPEC;
  if (unlikely(c->layer3) && !switch_add_header(skb)) return TC_ACT_UNSPEC;
  void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
  if (unlikely(data + SWITCH_HEADS > end)) {
    if (skb->len < SWITCH_HEADS || bpf_skb_pull_data(skb, SWITCH_HEADS)) return TC_ACT_UNSPEC;
    data = (void *)(long)skb->data;
    end = (void *)(long)skb->data_end;
    if (data + SWITCH_HEADS > end) return TC_ACT_UNSPEC;
  }
  switch_ip *ip = data + ETH_LEN;
  struct tcphdr *tcp = data + TCP_AT;
  if (unlikely(!ip_is_plain(ip))) return ip_has_more(ip) ? switch_optional(skb) : TC_ACT_UNSPEC;
  struct switch_ports *ports = the_switch_ports();
  if (!ports) return TC_ACT_UNSPEC;
  CHECKED(ports);
  if (port_is(ports->virtual_port, tcp->dest)) {
    struct switch_client_key k SWITCH_ALIGNED = {.client_port = tcp->source, .vport = tcp->dest};
    end_copy(k.client, ip_source(ip));
    end_copy(k.vip, ip_target(ip));
    struct switch_flow *f = bpf_map_lookup_elem(&switch_flows, &k);
    if (likely(f && f->state == SWITCH_BOUND && !(f->flags & SWITCH_CLOSING) && !tcp->syn)) return switch_forth(skb, f, tcp);
    struct switch_listener_key at = {.port = k.vport};
    end_copy(at.addr, k.vip);
    struct switch_listener *l = bpf_map_lookup_elem(&switch_listeners, &at);
    if (l) return switch_request(skb, &k, l, ip, tcp);
  }
  return port_is(ports->server_port, tcp->source) ? switch_reply(skb, ip, tcp) : TC_ACT_UNSPEC;
}

/* No program makes it a SYN: another build's takes this one's place. Its client sends the segment again, and its flow begins then. One without a
 * connection would end by the timer as one that is lost. */
static __always_inline int switch_unbound(int which) {
  struct switch_scratch *w = the_switch();
  if (!w) return switch_failed();
  CHECKED(w);
  if (which == TO_BEGIN) flow_forget(w, &w->key, &w->flow);
  return switch_failed();
}

SEC("tc")
int weir_switch(struct __sk_buff *skb) {
#ifndef IPV6
  if (is_ipv6(skb)) bpf_tail_call_static(skb, &switch_programs, SWITCH_IPV6);
#endif
  int done = switch_packet(skb);
  if (likely(done != TO_BIND && done != TO_BEGIN)) return done;
  bpf_tail_call_static(skb, &switch_programs, SWITCH_BIND);
  return switch_unbound(done);
}

#endif
