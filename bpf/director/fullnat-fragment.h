/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: fragments of packets whose server sees a local address in the place of the client's (fragment.h has those of all others). To the server all clients
 * of a local address are one host, so a packet that is in fragments, or may be cut further, gets another ID: else those of two clients could be taken
 * for one packet.
 *
 *   request, the first    decided as a whole packet is, and given a flow: then it leaves its note here
 *   reply, the first      is translated here, and leaves its note where it is decided, for the addresses that it came with
 *   the later ones        come from where their note was found
 */
#ifndef WEIR_FULLNAT_FRAGMENT_H
#define WEIR_FULLNAT_FRAGMENT_H

/* Of the note that a first fragment has left before, while its packet is not whole yet: where that went (dest, or 0), by which local port and with which ID.
 * What others have held back is not touched. */
static __always_inline void fullnat_before(struct fragment *into, struct fragment_key *key) {
  struct fragment *f = fragment_find(key);
  if (!f) return;
  CHECKED(f);
  __u64 word = READ(f->word);
  bool counts = fragment_kind(word) == FRAGMENT_REQUEST && READ(f->by_flow) && READ(f->gaps) && (__s32)(READ(f->until) - clock_now()) >= 0;
  if (!counts || READ(f->tag) != fragment_tag(key)) return;
  __u32 dest = READ(f->dest), port = READ(f->to[0]), id = READ(f->id);
  if (READ(f->word) != word) return;
  into->dest = dest;
  into->to[0] = port;
  into->id = id;
}
/* A first fragment in the scratch space: its ports are read, its key, and no note but of one that came before. False: it cannot be read. */
__noinline int fullnat_first(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return false;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  bool read = !is_later(p) && fragment_key_read(skb, p, &scratch->fragment_key, ETH_LEN);
  if (read) whole_read(scratch);
  __builtin_memset(&scratch->fragment, 0, sizeof scratch->fragment);
  if (read) fullnat_before(&scratch->fragment, &scratch->fragment_key);
  return read && fragment_transport(skb, p);
}

/* Gives the packet an ID: of IPv6 one in its fragment header, which no checksum covers. 0 or an error. */
static __always_inline long id_store(struct __sk_buff *skb, struct packet *p, __u32 id) {
#ifdef IPV6
  return bpf_skb_store_bytes(skb, ETH_LEN + p->fragment_ends - sizeof id, &id, sizeof id, BPF_F_RECOMPUTE_CSUM);
#else
  __u16 was, is = id;
  if (bpf_skb_load_bytes(skb, ETH_LEN + ID_IN, &was, sizeof was) || bpf_l3_csum_replace(skb, IP_CHECK_AT, was, is, 2)) return -1;
  return bpf_skb_store_bytes(skb, ETH_LEN + ID_IN, &is, sizeof is, 0);
#endif
}
static __always_inline __u32 id_next(__u32 *last) {
  __u32 id = __sync_fetch_and_add(last, 1) + 1;
#ifdef IPV6
  return bpf_htonl(id);
#else
  return bpf_htons(id);
#endif
}

/* The packet in the scratch space, which is going to the destination that the work names, gets the next ID of its server, and a first fragment what its
 * note is to have. One that comes twice keeps its ID: else the server could not put the later ones, which come between, together with either. 0 or an error.
 * A global function, since it is rarely called. */
__noinline int fullnat_renumber(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  struct fullnat_work *work = the_fullnat_work();
  struct dest *d = work ? dest_at(work->dest) : 0;
  struct fullnat_pool *pool = work ? pool_at(work->pool) : 0;
  if (!scratch || !d || !pool) return -1;
  CHECKED(scratch);
  CHECKED(d);
  __u32 *last = fragment_server(d);
  struct fragment *f = &scratch->fragment;
  if (!last) return -1;
  bool again = scratch->packet.fragment && f->dest == work->dest && f->to[0] == work->port;
  if (!again) f->id = id_next(last);
  f->dest = work->dest;
  f->to[0] = work->port;
  f->method = M_MASQ;
  f->by_flow = true;
  words_copy(f->addr, pool->local);
  return id_store(skb, &scratch->packet, f->id);
}

/* The first fragment of a request was sent (`done`: or what else became of it) and leaves its note. Those that were held back come in again. What becomes
 * of the packet. A global function, with its own stack frame. */
__noinline int fullnat_noted(struct __sk_buff *skb, int done) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  if (!scratch || !c) return done;
  CHECKED(scratch);
  bool sent = done != TC_ACT_SHOT && scratch->fragment.by_flow;
  return fragment_noted(skb, scratch, c, sent ? FRAGMENT_REQUEST : FRAGMENT_DROP, done);
}

/* Gives a later fragment its two addresses, and of a request the ID, by its note. 0 or an error. A global function, with its own stack frame. */
__noinline long fullnat_later_rewrite(struct __sk_buff *skb, bool out) {
  struct scratch *scratch = the_scratch();
  struct dest *d = scratch ? dest_at(scratch->fragment.dest) : 0;
  if (!d) return -1;
  CHECKED(scratch);
  CHECKED(d);
  struct packet *p = &scratch->packet;
  struct fragment *f = &scratch->fragment;
  if (!out && id_store(skb, p, f->id)) return -1;
  p->header = 0; /* it has no ports */
  return end_rewrite(skb, p, false, out ? f->to : d->addr, 0) || end_rewrite(skb, p, true, f->addr, 0) ? -1 : 0;
}

/* Sends a later fragment on by its note. No error is sent about it (RFC 1122 3.2.2; RFC 792). A global function, with its own stack frame. */
__noinline int fullnat_later(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  struct route w = {};
  if (!scratch || !c) return TC_ACT_SHOT;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  struct fragment *f = &scratch->fragment;
  if (!fragment_key_read(skb, p, &scratch->fragment_key, ETH_LEN)) return tc_drop(R_SHORT);
  __u32 kind = fragment_read(clock_now(), 0);
  bool out = kind == FRAGMENT_REPLY;
  if ((!out && kind != FRAGMENT_REQUEST) || !f->by_flow) return tc_drop(R_FRAGMENT_LOST); /* the map has forgotten it just now */
  struct verdict v = {.p = p, .c = c, .now = clock_now(), .dest = f->dest, .d = dest_at(f->dest)};
  if (!v.d || (!out && !(v.d->flags & D_AVAILABLE))) return tc_drop(R_DEAD_DESTINATION);
  CHECKED(v.d);
  if (out && v.d->hop.ifindex != skb->ingress_ifindex && !comes_from_side(skb, v.dest, f->to)) return TC_ACT_UNSPEC;
  count_later(v.d, v.dest, p, out);
  bool policed = v.d->flags & (out ? D_POLICED_BACK : D_POLICED);
  enum hop_answer answer = HOP_LOCAL;
  if (!policed) answer = out ? hop_back(skb, &v, f->to, f->addr, &w) : fullnat_hop(skb, &v, v.d, &w);
  if (answer == HOP_NONE || (answer == HOP_LOCAL && !policed && !out)) return tc_drop(R_NO_ROUTE);
  if (answer != HOP_LOCAL && p->ttl <= 1) return tc_drop(R_TTL);
  bool large = answer != HOP_LOCAL && w.hop.mtu && p->length > w.hop.mtu;
  if (large && p->dont_fragment) return tc_drop(R_TOO_BIG);
  if (fullnat_later_rewrite(skb, out)) return tc_drop(R_REDIRECT_FAILED);
  if (large || answer == HOP_LOCAL) {
    if (!out) return fullnat_to_stack(skb); /* which fragments it further, or applies the policy */
    return large ? tc_deliver(skb) : tc_pass_back(skb, v.dest);
  }
  if (lower_hops(skb, p->ttl, p->protocol)) return tc_drop(R_REDIRECT_FAILED);
  return out ? tc_send(skb, answer, &w.hop, w.gateway) : send_to_server(skb, v.dest, answer, &w);
}

#endif
