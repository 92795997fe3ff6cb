/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TOA: the client's address and port as an option of TCP, as DPVS and the modules for servers of LVS (toa) have it: kind, length, port, address of either
 * family; before all other options, since a reader stops at the option that ends them. */
#ifndef WEIR_TOA_H
#define WEIR_TOA_H

#define TOA_KIND 254
#define TOA_LEN (4 + FULLNAT_WORDS * 4)
#define TCP_HEADER_MAX 60

/* Adds the option, where it finds room: not to what is cut later (GSO) or is a fragment, nor beyond the MTU (0: unknown). What its client itself has put there is taken out.
 * 0, or the reason to drop the packet. */
static __always_inline int toa_add(struct __sk_buff *skb, struct scratch *scratch, __u32 mtu) {
  struct packet *p = &scratch->packet;
  struct insertion *t = &scratch->insertion;
  __u32 at = segment_l4(p) + TCP_LEN, header = segment_header_len(skb, p);
  if (header > TCP_LEN && tcp_option_remove(skb, segment_l4(p), TOA_KIND)) return R_REDIRECT_FAILED;
  if (skb->gso_size || p->fragment || header + TOA_LEN > TCP_HEADER_MAX || (mtu && p->length + TOA_LEN > mtu)) return 0;
  __builtin_memset(t, 0, sizeof *t);
  t->bytes[0] = TOA_KIND;
  t->bytes[1] = TOA_LEN;
  *(__u16 *)(t->bytes + 2) = p->sport;
  __builtin_memcpy(t->bytes + 4, source_of(p), TOA_LEN - 4);
  if (segment_grow(skb, at, TOA_LEN) || segment_fill(skb, p, at, t, TOA_LEN)) return R_REDIRECT_FAILED;
  return segment_words_store(skb, p, TOA_LEN / 4, 0) ? R_REDIRECT_FAILED : 0;
}

/* Lowers the size of segments that the server asks for (MSS), so that its client leaves room. 0, or the reason to drop the packet. A global function:
 * verified once. */
__noinline int toa_make_room(struct __sk_buff *skb, __u32 l4) {
  struct scratch *scratch = the_scratch();
  int found = tcp_option_find(skb, l4, OPTION_MSS, false);
  if (!scratch || found < 0) return R_REDIRECT_FAILED;
  CHECKED(scratch);
  struct tcp_options *o = &scratch->tcp_options;
  if (!found || o->length != 4) return 0;
  __u32 at = o->at & (TCP_OPTIONS - 1);
  __u32 mss = o->was[(at + 2) & (TCP_OPTIONS - 1)] << 8 | o->was[(at + 3) & (TCP_OPTIONS - 1)];
  if (mss <= TOA_LEN) return 0;
  mss -= TOA_LEN;
  o->now[at + 2] = mss >> 8;
  o->now[at + 3] = mss;
  return tcp_options_store(skb, l4, o) ? R_REDIRECT_FAILED : 0;
}

#endif
