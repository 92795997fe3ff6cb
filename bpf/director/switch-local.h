/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Content switching: sockets of this host that a segment is for, or that get it. */
#ifndef WEIR_SWITCH_LOCAL_H
#define WEIR_SWITCH_LOCAL_H

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

/* What the host has for the segment in the scratch space: a socket of its own; a listener, which with `gives` gets the segment as that of a
 * connection that it accepted; or neither. */
enum switch_local { LOCAL_NONE, LOCAL_SOCKET, LOCAL_LISTENS, LOCAL_GIVEN };
__noinline int switch_local(struct __sk_buff *skb, bool gives) {
  struct switch_scratch *w = the_switch();
  if (!w) return LOCAL_NONE;
  CHECKED(w);
  struct switch_client_key *k = &w->key;
#ifdef IPV6
  struct bpf_sock_tuple t = {.ipv6 = {.sport = k->client_port, .dport = k->vport}};
  end_copy(t.ipv6.saddr, k->client);
  end_copy(t.ipv6.daddr, k->vip);
  struct bpf_sock *s = bpf_skc_lookup_tcp(skb, &t, sizeof t.ipv6, BPF_F_CURRENT_NETNS, 0);
#else
  struct bpf_sock_tuple t = {.ipv4 = {.saddr = k->client[0], .daddr = k->vip[0], .sport = k->client_port, .dport = k->vport}};
  struct bpf_sock *s = bpf_skc_lookup_tcp(skb, &t, sizeof t.ipv4, BPF_F_CURRENT_NETNS, 0);
#endif
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
/* To the program that makes it a SYN (switch-bind.h); the second where its flow has begun with it. */
#define TO_BIND 0x100
#define TO_BEGIN 0x102

/* Undecided: the process that listens here has it. */
static __always_inline int switch_to_proxy(struct __sk_buff *skb, __u32 why) {
  int done = switch_local(skb, true);
  if (why != SWITCHED_TO_PROXY) switch_count(why);
  if (done == LOCAL_GIVEN) {
    switch_count(SWITCHED_TO_PROXY);
    return TO_STACK;
  }
  switch_count(SWITCHED_NO_PROXY);
  return done == LOCAL_LISTENS ? TC_ACT_SHOT : TO_STACK; /* its reset, where no process listens */
}

#endif
