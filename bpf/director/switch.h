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

struct sock {
  int unused;
};
struct bpf_tcp_req_attrs {
  __u32 rcv_tsval;
  __u32 rcv_tsecr;
  __u16 mss;
  __u8 rcv_wscale;
  __u8 snd_wscale;
  __u8 ecn_ok;
  __u8 wscale_ok;
  __u8 sack_ok;
  __u8 tstamp_ok;
  __u8 usec_ts_ok;
  __u8 reserved[3];
};
extern int bpf_sk_assign_tcp_reqsk(struct __sk_buff *skb, struct sock *sk, struct bpf_tcp_req_attrs *attrs, int attrs__sz) __ksym;

static __always_inline int switch_failed(void) {
  switch_count(SWITCHED_FAILED);
  return TC_ACT_SHOT;
}

/* What the host has for the segment in the scratch space: a socket of its own; a listener, which with `gives` gets the segment as that of a
 * connection that it accepted; or neither. */
enum switch_local { LOCAL_NONE, LOCAL_SOCKET, LOCAL_LISTENS, LOCAL_GIVEN };
__noinline int switch_local(struct __sk_buff *skb, bool gives) {
  struct switch_scratch *w = the_switch();
  if (!w) return LOCAL_NONE;
  CHECKED(w);
  struct switch_client_key *k = &w->key;
  struct bpf_sock_tuple t = {.ipv4 = {.saddr = k->client, .daddr = k->vip, .sport = k->client_port, .dport = k->vport}};
  struct bpf_sock *s = bpf_skc_lookup_tcp(skb, &t, sizeof t.ipv4, BPF_F_CURRENT_NETNS, 0);
  if (!s) return LOCAL_NONE;
  bool listens = s->state == BPF_TCP_LISTEN;
  int found = listens ? LOCAL_LISTENS : LOCAL_SOCKET;
  if (gives && listens) {
    struct sock *listener = (struct sock *)bpf_skc_to_tcp_sock(s);
    __u32 options = (w->ack - 1) & COOKIE_OPTIONS, scale = cookie_scale(options);
    struct bpf_tcp_req_attrs attrs = {.mss = cookie_mss(options & 3), .sack_ok = !!(options & COOKIE_SACK)};
    if (scale != SWITCH_NO_SCALE) {
      attrs.wscale_ok = 1;
      attrs.snd_wscale = scale;
      attrs.rcv_wscale = w->listener.window_scale;
    }
    if (listener && !bpf_sk_assign_tcp_reqsk(skb, listener, &attrs, sizeof attrs)) found = LOCAL_GIVEN;
  }
  bpf_sk_release(s);
  return found;
}

/* To the stack of the host, past all other programs: it is no packet to balance. */
#define TO_STACK TC_ACT_OK

/* Undecided: the process that listens here has it. */
static __always_inline int switch_to_proxy(struct __sk_buff *skb, __u32 why) {
  int done = switch_local(skb, true);
  switch_count(why);
  if (done == LOCAL_GIVEN) {
    if (why != SWITCHED_TO_PROXY) switch_count(SWITCHED_TO_PROXY);
    return TO_STACK;
  }
  switch_count(SWITCHED_NO_PROXY);
  return done == LOCAL_LISTENS ? TC_ACT_SHOT : TO_STACK; /* its reset, where no process listens */
}

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
  return bpf_redirect(skb->ifindex, 0);
}

static __always_inline void flow_forget(struct switch_client_key *k, struct switch_flow *f) {
  struct switch_server_key back = {.client = k->client, .server = f->server, .client_port = k->client_port, .server_port = f->server_port};
  bpf_map_delete_elem(&switch_backs, &back);
  bpf_map_delete_elem(&switch_flows, k);
}

static __always_inline bool server_serves(struct switch_server *s, __u32 service) {
  struct dest *d = dest_at(s->dest);
  if (!d || d->service != service || d->addr[0] != s->addr || d->port != s->port) return false;
  return d->flags & D_AVAILABLE && READ(d->weight) && !READ(d->overload) && (d->method & 3) == M_MASQ;
}

struct pool_scan {
  struct switch_pool *pool;
  __u32 service;
  __u32 first;
  __u32 chosen; /* its place, plus 1; 0: none */
  __u64 load;
  __u64 weight;
};
static long pool_step(__u64 i, void *ctx) {
  struct pool_scan *p = ctx;
  struct switch_pool *pool = p->pool;
  if (!pool || !pool->count) return 1;
  __u32 at = (p->first + i) % pool->count & (SWITCH_SERVERS - 1);
  CHECKED(pool);
  struct switch_server *s = &pool->server[at];
  if (!server_serves(s, p->service)) return 0;
  struct dest *d = dest_at(s->dest);
  if (!d) return 0;
  __u64 load = ((__u64)READ(d->active) << 8) + READ(d->inactive), weight = READ(d->weight);
  if (p->chosen && load * p->weight >= p->load * weight) return 0;
  p->chosen = at + 1;
  p->load = load;
  p->weight = weight;
  return 0;
}

/* The server of a pool with the fewest connections for its weight, as wlc; of equal ones any. Into the new flow; 0: none takes connections. */
__noinline int pool_choose(__u32 number) {
  struct switch_scratch *w = the_switch();
  struct switch_pool *pool = bpf_map_lookup_elem(&switch_pools, &number);
  if (!w || !pool) return 0;
  CHECKED(w);
  CHECKED(pool);
  struct pool_scan p = {.pool = pool, .service = w->listener.service, .first = bpf_get_prandom_u32() >> 1};
  __u32 count = pool->count;
  bpf_loop(count < SWITCH_SERVERS ? count : SWITCH_SERVERS, pool_step, &p, 0);
  if (!p.chosen) return 0;
  struct switch_server *s = &pool->server[(p.chosen - 1) & (SWITCH_SERVERS - 1)];
  w->flow.dest = s->dest;
  w->flow.server = s->addr;
  w->flow.server_port = s->port;
  return 1;
}

/* Reads the segment in the scratch space. The number of the pool it asks for, 0: the proxy's. */
__noinline __u32 switch_decide(struct __sk_buff *skb) {
  struct switch_scratch *w = the_switch();
  if (!w) return 0;
  CHECKED(w);
  __u32 size = w->payload, at = w->payload_at;
  if (size > SWITCH_HELD) size = SWITCH_HELD;
  if (!size) return 0;
  __builtin_memset(&w->host, 0, sizeof w->host);
  __builtin_memset(&w->path, 0, sizeof w->path);
  barrier_var(size);
  size = ((size - 1) & (SWITCH_TEXT - 1)) + 1; /* no change */
  if (size > SWITCH_HELD || bpf_skb_load_bytes(skb, at, w->text, size)) return 0;
  if (!(w->listener.protocol == SWITCH_TLS ? text_of_tls(size) : text_of_http(size))) return 0;
  w->host.listener = w->listener.id;
  __u32 *host = bpf_map_lookup_elem(&switch_hosts, &w->host);
  if (!host) return 0;
  w->path.host = *host;
  w->path.bits = (4 + SWITCH_PATH) * 8;
  __u32 *pool = bpf_map_lookup_elem(&switch_paths, &w->path);
  return pool ? *pool : 0;
}

/* Sends the SYN that the segment was made to the server that was chosen: a connection of the service begins. A global function: verified once. */
__noinline int switch_schedule(struct __sk_buff *skb, __u32 service, __u32 dest) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  struct service *svc = service_at(service);
  if (!scratch || !c || !svc || svc->state != LIVE) return switch_failed();
  struct packet *p = &scratch->packet;
  if (tc_parse(skb, p, ETH_LEN) != P_OK) return switch_failed();
  struct verdict v = {.p = p, .c = c, .now = clock_now(), .service = service};
  enum decision go = decide_known(&v);
  if (go == GO_REQUEST && v.dest != dest) conn_finish(&v);
  if (!v.known) {
    v.dest = dest;
    v.d = 0;
    v.key = conn_key(p->saddr, p->sport, service);
    client_is_source(p);
    go = conn_new(&v);
    if (go == GO_REQUEST) v.dest = v_dest(v.f.value);
    v.d = dest_at(v.dest);
  }
  if (go != GO_REQUEST || !v.d) return tc_drop(drop_reason(v.reason));
  if (v.known && !conn_touch(&v, false)) return tc_drop(drop_reason(R_BUSY));
  count_packet(&v, false);
  int done = tc_onward(skb, &v);
  return done < TC_ELSEWHERE ? done : switch_failed();
}

/* Makes the segment in the scratch space a SYN to the server of the flow there. */
__noinline int switch_ask(struct __sk_buff *skb) {
  struct switch_scratch *w = the_switch();
  if (!w) return switch_failed();
  CHECKED(w);
  struct switch_client_key *k = &w->key;
  struct switch_headers *h = &w->headers;
  struct switch_flow *f = &w->flow;
  __u32 options = f->isn & COOKIE_OPTIONS, scale = cookie_scale(options), window = f->window;
  if (scale != SWITCH_NO_SCALE) window <<= scale & 15;
  heads_begin(h, k->client, k->vip, k->client_port, k->vport);
  h->ip.ttl = w->ttl;
  heads_numbers(h, f->first - 1, 0, FLAG_SYN, window);
  heads_options(h, cookie_mss(options & 3), scale, options & COOKIE_SACK);
  if (heads_store(skb, SWITCH_SYN_WORDS, 0)) return switch_failed();
  switch_count(SWITCHED_ASKED);
  return switch_schedule(skb, w->listener.service, f->dest);
}

/* Keeps the segment and what is known of its connection. False: there is no room. */
static __always_inline bool flow_keep(struct switch_scratch *w) {
  struct switch_flow *f = &w->flow;
  struct switch_server_key key = {.client = w->key.client, .server = f->server, .client_port = w->key.client_port, .server_port = f->server_port};
  struct switch_back back = {.vip = w->key.vip, .vport = w->key.vport, .state = SWITCH_BINDING, .offered_scale = w->listener.window_scale};
  if (bpf_map_update_elem(&switch_held, &w->key, w->text, BPF_ANY) || bpf_map_update_elem(&switch_flows, &w->key, f, BPF_ANY)) return false;
  if (!bpf_map_update_elem(&switch_backs, &key, &back, BPF_ANY)) return true;
  bpf_map_delete_elem(&switch_flows, &w->key);
  return false;
}

/* The first segment of a connection, with a valid cookie. */
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
  if (!flow_keep(w)) return switch_to_proxy(skb, SWITCHED_FULL);
  return switch_ask(skb);
}

/* A SYN. Of a connection that goes on it is passed to the server, which answers as RFC 5961, 4 has it; else one begins, whatever there was. */
static __always_inline int switch_syn(struct __sk_buff *skb, struct switch_client_key *k, struct switch_flow *f) {
  if (f && f->state == SWITCH_BOUND && !(f->flags & SWITCH_CLOSING)) return TC_ACT_UNSPEC;
  if (!f && switch_local(skb, false) == LOCAL_SOCKET) return TO_STACK;
  if (f) flow_forget(k, f);
  return switch_answer(skb);
}

/* The client has sent its first segment again: the SYN is repeated, to another server where that one takes no connections any more. */
static __always_inline int switch_again(struct __sk_buff *skb, struct switch_scratch *w, struct switch_flow *f) {
  if (w->flags & FLAG_RST) {
    flow_forget(&w->key, f);
    return TC_ACT_SHOT;
  }
  if (!w->payload || w->seq != f->first) return TC_ACT_SHOT;
  struct switch_server s = {.dest = f->dest, .addr = f->server, .port = f->server_port};
  if (!server_serves(&s, w->listener.service)) {
    flow_forget(&w->key, f);
    return switch_first(skb);
  }
  f->seen = clock_now();
  w->flow = *f;
  return switch_ask(skb);
}

/* What is no segment of a connection that is bound. */
__noinline int switch_other(struct __sk_buff *skb) {
  struct switch_scratch *w = the_switch();
  if (!w) return TC_ACT_UNSPEC;
  CHECKED(w);
  struct switch_flow *f = bpf_map_lookup_elem(&switch_flows, &w->key);
  if ((w->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN) return switch_syn(skb, &w->key, f);
  if (f) return f->state == SWITCH_BINDING ? switch_again(skb, w, f) : TC_ACT_UNSPEC;
  if (switch_local(skb, false) == LOCAL_SOCKET) return TO_STACK;
  if (!(w->flags & FLAG_ACK) || w->flags & FLAG_SYN || !cookie_is_ours(w)) {
    switch_count(SWITCHED_BAD_COOKIE);
    return TO_STACK;
  }
  if (w->flags & FLAG_RST) return TC_ACT_SHOT;
  if (w->payload) return switch_first(skb);
  if (w->flags & FLAG_FIN) return TO_STACK; /* which resets it: there is no request */
  switch_count(SWITCHED_BARE);
  return TC_ACT_SHOT;
}

#include "switch-bound.h"

static __always_inline bool port_is(const __u64 *words, __u16 port) { return words[port / 64 & (SWITCH_PORT_WORDS - 1)] >> (port & 63) & 1; }

/* Fills in the scratch space. */
static __always_inline void switch_read(struct switch_scratch *w, struct iphdr *ip, struct tcphdr *tcp) {
  __u32 header = tcp->doff * 4, length = bpf_ntohs(ip->tot_len);
  w->seq = bpf_ntohl(tcp->seq);
  w->ack = bpf_ntohl(tcp->ack_seq);
  w->window = bpf_ntohs(tcp->window);
  w->flags = ((__u8 *)tcp)[13];
  w->ttl = ip->ttl;
  w->header = header;
  w->payload_at = TCP_AT + header;
  w->payload = header >= 20 && length > IP_LEN + header ? length - IP_LEN - header : 0;
}

/* A client's packet that is no plain one of a connection that is bound. */
static __always_inline int switch_request(struct __sk_buff *skb, struct switch_client_key *k, struct switch_listener *l, struct iphdr *ip, struct tcphdr *tcp) {
  struct switch_scratch *w = the_switch();
  if (!w) return TC_ACT_UNSPEC;
  if (skb->ifindex == LOOPBACK) return TO_STACK;
  if (ip->frag_off & bpf_htons(0x3fff) || tcp->doff < 5) return TC_ACT_SHOT;
  CHECKED(w);
  w->key = *k;
  w->listener = *l;
  switch_read(w, ip, tcp);
  return switch_other(skb);
}

/* A server's. */
static __always_inline int switch_reply(struct __sk_buff *skb, struct iphdr *ip, struct tcphdr *tcp) {
  struct switch_server_key k = {.client = ip->daddr, .server = ip->saddr, .client_port = tcp->dest, .server_port = tcp->source};
  struct switch_back *b = bpf_map_lookup_elem(&switch_backs, &k);
  if (!b) return TC_ACT_UNSPEC;
  CHECKED(b);
  if (likely(b->state == SWITCH_BOUND && !(tcp->syn | tcp->rst | tcp->fin))) return switch_number_back(skb, b, tcp);
  struct switch_scratch *w = the_switch();
  if (!w || ip->frag_off & bpf_htons(0x3fff)) return TC_ACT_SHOT;
  CHECKED(w);
  w->key = (struct switch_client_key){.client = k.client, .vip = b->vip, .client_port = k.client_port, .vport = b->vport};
  w->server = k;
  switch_read(w, ip, tcp);
  return switch_server_other(skb);
}

SEC("tc")
int weir_switch(struct __sk_buff *skb) {
  __u32 zero = 0;
  if (skb->protocol != bpf_htons(ETH_P_IP) || skb->vlan_present || (skb->pkt_type != PACKET_HOST && skb->ifindex != LOOPBACK)) return TC_ACT_UNSPEC;
  void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
  if (unlikely(data + SWITCH_HEADS > end)) {
    if (skb->len < SWITCH_HEADS || bpf_skb_pull_data(skb, SWITCH_HEADS)) return TC_ACT_UNSPEC;
    data = (void *)(long)skb->data;
    end = (void *)(long)skb->data_end;
    if (data + SWITCH_HEADS > end) return TC_ACT_UNSPEC;
  }
  struct iphdr *ip = data + ETH_LEN;
  struct tcphdr *tcp = data + TCP_AT;
  if (ip->version != 4 || ip->ihl != 5 || ip->protocol != IPPROTO_TCP || ip->frag_off & bpf_htons(0x1fff)) return TC_ACT_UNSPEC;
  struct switch_ports *ports = bpf_map_lookup_elem(&switch_ports, &zero);
  if (!ports) return TC_ACT_UNSPEC;
  CHECKED(ports);
  if (port_is(ports->virtual_port, tcp->dest)) {
    struct switch_client_key k = {.client = ip->saddr, .vip = ip->daddr, .client_port = tcp->source, .vport = tcp->dest};
    struct switch_flow *f = bpf_map_lookup_elem(&switch_flows, &k);
    if (likely(f && f->state == SWITCH_BOUND && !tcp->syn)) return switch_forth(skb, f, tcp);
    struct switch_listener_key at = {.addr = k.vip, .port = k.vport};
    struct switch_listener *l = bpf_map_lookup_elem(&switch_listeners, &at);
    if (l) return switch_request(skb, &k, l, ip, tcp);
  }
  return port_is(ports->server_port, tcp->source) ? switch_reply(skb, ip, tcp) : TC_ACT_UNSPEC;
}

#endif
