/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc, of both families: puts the first packet of a new connection into the ring (hold.h). */
#ifndef WEIR_HOLD_TC_H
#define WEIR_HOLD_TC_H

/* Only what can come in again as it is: not what a mark or the packet filter has led here, not what a client on the director sends, and nothing that
 * was put together of several packets. A connection of FULLNAT has no local port yet: no peer could take it. */
static __always_inline bool is_holdable(struct __sk_buff *skb, struct conf *c, struct packet *p, struct dest *d) {
  struct interface *i = interface_at(skb->ifindex);
  if (!i || i->flags & INTERFACE_LAYER3 || skb->ifindex == LOOPBACK || skb->ifindex == c->pair_peer_ifindex) return false;
  if (skb->ingress_ifindex != skb->ifindex) return false;
  return !skb->gso_size && !p->fragment && !OF_SCTP && !(d->flags & D_FULLNAT) && skb->len <= HELD_FRAME;
}

/* Two comparisons of one register, which the compiler must not make one of: the verifier of Linux 6.1 needs both bounds. */
static __always_inline bool is_held_length(__u64 *bytes) {
  asm volatile("" : "+r"(*bytes));
  if (*bytes > HELD_FRAME) return false;
  asm volatile("" : "+r"(*bytes));
  return *bytes >= ETH_LEN;
}

/* 1: the packet in the scratch space is held back, and counted. A global function, with its own stack frame and verified once. */
__noinline int tc_hold(struct __sk_buff *skb, __u32 dest) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  struct dest *d = dest_at(dest);
  if (!scratch || !c || !d) return 0;
  CHECKED(scratch);
  struct service *svc = service_at(d->service);
  if (svc && is_scheduled_once(svc, &scratch->packet)) return 0;
  __u32 reason = R_HOLD_UNFIT;
  __u64 bytes = skb->len;
  if (hold_is_over(READ(c->hold_until))) {
    reason = R_HOLD_LATE;
  } else if (is_holdable(skb, c, &scratch->packet, d)) {
    struct held_packet *held = bpf_ringbuf_reserve(&held_packets, sizeof *held, 0);
    reason = R_HOLD_FULL;
    if (held) {
      bool whole = is_held_length(&bytes) && !bpf_skb_load_bytes(skb, 0, held->frame, bytes);
      held->ifindex = skb->ifindex;
      held->length = bytes;
      if (whole) bpf_ringbuf_submit(held, 0);
      else bpf_ringbuf_discard(held, 0);
      reason = whole ? R_HELD : R_HOLD_UNFIT;
    }
  }
  count_reason(reason);
  return reason == R_HELD;
}

/* A packet that has just made a connection: is it held back? */
static __always_inline bool tc_held(struct __sk_buff *skb, struct verdict *v) {
  return unlikely(may_hold(v->c)) && !v->known && tc_hold(skb, v->dest);
}

#endif
