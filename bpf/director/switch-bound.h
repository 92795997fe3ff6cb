/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Content switching: a server answers, and the numbers of a connection that is bound. */
#ifndef WEIR_SWITCH_BOUND_H
#define WEIR_SWITCH_BOUND_H

#define SWITCH_SEEN_EVERY 16 /* clock units: a packet writes the time no more often */

/* Blocks of SACK name bytes by the numbers of the client. */
static __always_inline int switch_sack_forth(struct __sk_buff *skb, __u32 delta) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return TC_ACT_UNSPEC;
  scratch->tcp_options.numbers = (struct tcp_numbers){.delta = delta, .previous_delta = delta};
  return tcp_sack_back(skb, TCP_AT) < 0 ? switch_failed() : TC_ACT_UNSPEC;
}

/* A client's segment: it acknowledges what the server has sent, in the server's numbers. */
static __always_inline int switch_forth(struct __sk_buff *skb, struct switch_flow *f, struct tcphdr *tcp) {
  bool partial = sum_is_partial(skb);
  __u32 now = clock_now();
  if (tcp->ack) word_change(tcp, &tcp->ack_seq, bpf_htonl(bpf_ntohl(tcp->ack_seq) - f->delta), partial);
  if (unlikely(f->flags & SWITCH_UNSCALED)) window_change(tcp, (__u32)bpf_ntohs(tcp->window) << (f->client_scale & 15), partial);
  if (unlikely(tcp->fin | tcp->rst) && !(f->flags & SWITCH_CLOSING)) __sync_fetch_and_or(&f->flags, SWITCH_CLOSING);
  if (unlikely(now - READ(f->seen) >= SWITCH_SEEN_EVERY)) WRITE(f->seen, now);
  return unlikely(tcp->doff > 5) ? switch_sack_forth(skb, f->delta) : TC_ACT_UNSPEC;
}

/* A client's segment of a connection that ends. */
static __always_inline int switch_closing(struct __sk_buff *skb, struct switch_flow *f) {
  void *data = (void *)(long)skb->data;
  struct tcphdr *tcp = data + TCP_AT;
  return data + SWITCH_HEADS > (void *)(long)skb->data_end ? switch_failed() : switch_forth(skb, f, tcp);
}

/* A server's segment: its bytes have the numbers that its client was promised. */
static __always_inline int switch_number_back(struct __sk_buff *skb, struct switch_back *b, struct tcphdr *tcp) {
  bool partial = sum_is_partial(skb);
  word_change(tcp, &tcp->seq, bpf_htonl(bpf_ntohl(tcp->seq) + b->delta), partial);
  if (unlikely(b->server_scale != b->offered_scale))
    window_change(tcp, (__u32)bpf_ntohs(tcp->window) << (b->server_scale & 15) >> (b->offered_scale & 15), partial);
  return TC_ACT_UNSPEC;
}

/* Changes the segment in the scratch space into one of its client's, to a server that has not answered yet, with `payload` bytes of the scratch
 * space's text: weir_tc_ingress sends it on. */
static __always_inline int switch_speak(struct __sk_buff *skb, struct switch_scratch *w, __u32 payload) {
  return heads_store(skb, 5, payload) ? switch_failed() : TC_ACT_UNSPEC;
}

/* The server's scale of windows is in the scratch space. */
static __always_inline void flow_bind(struct switch_scratch *w, struct switch_flow *f, struct switch_back *b) {
  if (f->flags & SWITCH_SCALES) {
    b->server_scale = w->scale == SWITCH_NO_SCALE ? 0 : w->scale;
    if (w->scale == SWITCH_NO_SCALE) f->flags |= SWITCH_UNSCALED;
  } else {
    b->server_scale = b->offered_scale;
  }
  if (f->state == SWITCH_BINDING) switch_count(SWITCHED_BOUND);
  b->delta = f->delta = f->isn - w->seq;
  barrier();
  WRITE(b->state, SWITCH_BOUND);
  WRITE(f->state, SWITCH_BOUND);
}

/* As much of the first segment as its server takes, and as goes there in one packet: about a larger one an ICMP error would go to the server, by whose
 * side the packet came. Its client sends the rest again. */
static __always_inline __u32 size_for_server(struct switch_scratch *w, struct switch_flow *f) {
  struct dest *d = dest_at(f->dest);
  __u32 size = f->held, mtu = d ? READ(d->hop.mtu) : 0;
  if (w->mss && size > w->mss) size = w->mss;
  return mtu > SWITCH_IP_LEN + 20 && size > mtu - (SWITCH_IP_LEN + 20) ? mtu - (SWITCH_IP_LEN + 20) : size;
}

/* A server's SYN and ACK: it gets the segment that its client has sent. */
static __always_inline int switch_answered(struct __sk_buff *skb, struct switch_scratch *w, struct switch_flow *f, struct switch_back *b) {
  if (w->ack != f->first || (f->state == SWITCH_BOUND && f->delta != f->isn - w->seq)) return switch_drop(SWITCHED_UNFIT);
  if (options_read(skb)) return switch_failed();
  flow_bind(w, f, b);
  struct switch_segment_held *held = bpf_map_lookup_elem(&switch_held, &w->key);
  __u32 size = size_for_server(w, f);
  if (!held || !size || size > SWITCH_HELD) return switch_drop(SWITCHED_UNKEPT);
  if (bpf_probe_read_kernel(w->text, SWITCH_HELD, held)) return switch_failed();
#pragma clang loop unroll(full)
  for (int i = 0; i < 3; i++) w->text[(size + i) & (SWITCH_TEXT - 1)] = 0;
  __u32 window = f->window;
  if (f->flags & SWITCH_UNSCALED) window <<= f->client_scale & 15;
  heads_begin(&w->headers, w->key.client, w->key.vip, w->key.client_port, w->key.vport);
  heads_numbers(&w->headers, f->first, w->seq + 1, FLAG_ACK | FLAG_PSH, window);
  return switch_speak(skb, w, size);
}

/* A server that answers a SYN with anything else. Its reset is its client's, in the number that this one expects. A bare ACK is of an older connection of
 * the same ends (RFC 9293, 3.10.7.4), which ends as by a client's reset; then its client sends its first segment again. */
static __always_inline int switch_unanswered(struct __sk_buff *skb, struct switch_scratch *w, struct switch_flow *f, struct switch_back *b) {
  if (w->flags & FLAG_RST) {
    if (!(w->flags & FLAG_ACK) || w->ack != f->first) return switch_drop(SWITCHED_UNFIT);
    f->flags |= SWITCH_CLOSING;
    b->delta = f->isn + 1 - w->seq;
    switch_count(SWITCHED_REFUSED);
    return TC_ACT_OK;
  }
  if (!(w->flags & FLAG_ACK)) return switch_drop(SWITCHED_UNFIT);
  heads_begin(&w->headers, w->key.client, w->key.vip, w->key.client_port, w->key.vport);
  heads_numbers(&w->headers, w->ack, 0, FLAG_RST, 0);
  return switch_speak(skb, w, 0);
}

/* A server's segment that is not plain: the first ones and the last ones of a connection. A global function: verified once. */
__noinline int switch_server_other(struct __sk_buff *skb) {
  struct switch_scratch *w = the_switch();
  if (!w) return TC_ACT_SHOT;
  CHECKED(w);
  struct switch_back *b = bpf_map_lookup_elem(&switch_backs, &w->server);
  struct switch_flow *f = bpf_map_lookup_elem(&switch_flows, &w->key);
  if (!b || !f) return TC_ACT_UNSPEC;
  CHECKED(b);
  CHECKED(f);
  bool answers = (w->flags & (FLAG_SYN | FLAG_ACK)) == (FLAG_SYN | FLAG_ACK);
  if ((answers || b->state != SWITCH_BOUND) && !segment_is_intact(skb)) return switch_drop(SWITCHED_BAD_CHECKSUM);
  if (answers) return switch_answered(skb, w, f, b);
  if (b->state != SWITCH_BOUND) {
    int done = switch_unanswered(skb, w, f, b);
    if (done != TC_ACT_OK) return done;
  } else if (!(f->flags & SWITCH_CLOSING)) {
    __sync_fetch_and_or(&f->flags, SWITCH_CLOSING);
  }
  void *data = (void *)(long)skb->data;
  struct tcphdr *tcp = data + TCP_AT;
  if (data + SWITCH_HEADS > (void *)(long)skb->data_end) return switch_failed();
  return switch_number_back(skb, b, tcp);
}

#endif
