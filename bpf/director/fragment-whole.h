/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: SCTP in fragments, to or from another port. Its checksum covers the whole packet, and what a new port makes of it depends on the packet's length
 * (crc32c.h), which the last fragment shows. So a first fragment waits for the last one, in the ring in which later ones wait for the first one. Then it
 * comes in again, and is decided and translated as the first fragment of any packet. */
#ifndef WEIR_FRAGMENT_WHOLE_H
#define WEIR_FRAGMENT_WHOLE_H

#define FRAGMENT_HELD_SECONDS 2

#ifdef SCTP
/* May the port of a request change? Of one without a connection: if it may begin one of a service that masquerades; `known`: it may not. */
static __always_inline bool request_gets_port(struct packet *p, __u32 service, struct conf *c, __u32 now, bool known) {
  struct service *s = service ? service_at(service) : 0;
  struct found f;
  if (!s) return false;
  note_client_source(p);
  if (!conn_find(conn_key(p->saddr, p->sport, service), now, &f)) return !known && s->flags & SVC_MASQUERADES && may_begin(c, p);
  struct dest *d = is_bypass(f.value) || v_method(f.value) != M_MASQ ? 0 : dest_at(v_dest(f.value));
  return d && (d->flags & D_FULLNAT || server_port(d) != p->dport);
}

/* May the port of a reply change? Of one without a connection: FULLNAT may have it. */
static __always_inline bool reply_gets_port(struct packet *p, __u32 real, struct conf *c, __u32 now) {
  struct verdict v = {.p = p, .c = c, .now = now};
  if (!real) return false;
  if (decide_reply_by(&v, real, false) != GO_REPLY) return true;
  struct service *s = service_at(v.service);
  return s && virtual_port(s) != p->sport;
}

/* Must the first fragment in the scratch space wait for the last one? `known`: only as the request of a connection. A global function, with its own stack
 * frame. */
__noinline int fragment_asks_whole(struct __sk_buff *skb, bool known) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  __u32 sum;
  if (!scratch || !c || skb->ifindex == LOOPBACK || skb->ifindex == c->pair_peer_ifindex || is_on_pair(skb)) return false;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  if (bpf_skb_load_bytes(skb, ETH_LEN + p->header + 8, &sum, sizeof sum) || !sum) return false;
  __u32 now = clock_now();
  if (request_gets_port(p, service_of_target(p), c, now, known)) return true;
  return !known && reply_gets_port(p, real_of_source(p), c, now);
}

/* Names the fragment, which the ring has by `number`, the first one of the packet in an entry that waits. The packet's length, once it is known: then the
 * fragment need not wait. 0: the last one takes it along. */
static __always_inline __u32 fragment_await_in(struct fragment *f, __u32 number) {
  __u32 was = __sync_lock_test_and_set(&f->first, number);
  struct fragment_held *before = was ? held_at(was) : 0; /* it came twice */
  if (before) CAS(&before->number, was, 0);
  __u32 whole = READ(f->whole);
  return whole && CAS(&f->first, number, 0) == number ? whole : 0;
}

/* Holds a first fragment back until the length of its packet is known. TC_FIRST: it is known, or there is no place for it. A global function, with its own
 * stack frame. */
__noinline int tc_fragment_await(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  if (!scratch || !c) return TC_ACT_UNSPEC;
  CHECKED(scratch);
  __u32 number = fragment_keep(skb), tag = fragment_tag(&scratch->fragment_key);
  struct fragment_held *h = number ? held_at(number) : 0;
  if (!h) return TC_FIRST;
  CHECKED(h);
  h->next = 0;
  struct fragment *fresh = &scratch->fragment;
  __builtin_memset(fresh, 0, sizeof *fresh);
  fresh->word = fragment_word(FRAGMENT_WAITING, 0);
  fresh->until = clock_now() + units_of(c, FRAGMENT_HELD_SECONDS);
  fresh->tag = tag;
  fresh->first = number;
#pragma clang loop unroll(disable)
  for (int i = 0; i < 4; i++) {
    if (!bpf_map_update_elem(&fragments, &scratch->fragment_key, fresh, BPF_NOEXIST)) return tc_drop(R_FRAGMENT_HELD);
    struct fragment *f = fragment_find(&scratch->fragment_key);
    if (!f) continue;
    CHECKED(f);
    if (fragment_kind(READ(f->word)) != FRAGMENT_WAITING || READ(f->tag) != tag) {
      bpf_map_delete_elem(&fragments, &scratch->fragment_key); /* of another packet that had the ID */
      continue;
    }
    scratch->whole_bytes = fragment_await_in(f, number);
    if (!scratch->whole_bytes) return tc_drop(R_FRAGMENT_HELD);
    break;
  }
  CAS(&h->number, number, 0);
  return TC_FIRST;
}

/* What becomes of a first fragment. The length that the last one has shown serves also what does not wait: what comes back from the packet filter. */
static __always_inline int tc_fragment_first(struct __sk_buff *skb, struct conf *c, struct scratch *scratch, bool known) {
  whole_read(scratch);
  return scratch->whole_bytes || !fragment_asks_whole(skb, known) ? TC_FIRST : tc_fragment_await(skb);
}
#else
static __always_inline int tc_fragment_first(struct __sk_buff *skb, struct conf *c, struct scratch *scratch, bool known) { return TC_FIRST; }
#endif

#endif
