/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: the checksum of a datagram of UDP that came without one. NAT gives it one, as the kernel's IPVS does, in both directions and families. */
#ifndef WEIR_DATAGRAM_SUM_H
#define WEIR_DATAGRAM_SUM_H

#ifdef SCTP
static __always_inline int datagram_sum(struct __sk_buff *skb, __u32 at) { return 0; }
#else
#define UDP_CHECK_IN 6
#define SUM_PARTS 128 /* of the longest packet */

/* The sum of the pseudo-header, without the length. */
static __always_inline __u64 pseudo_sum(struct packet *p) {
#ifdef IPV6
  return sum_of_words(p->saddr6) + sum_of_words(p->daddr6) + bpf_htons(IPPROTO_UDP);
#else
  return (__u64)p->saddr + p->daddr + bpf_htons(IPPROTO_UDP);
#endif
}

/* Adds the next part of the datagram to its sum. 0 or an error. A global function: the loop has few paths without it. */
__noinline int datagram_add(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return -1;
  struct datagram *d = &scratch->datagram;
  __u32 size = d->left < SUM_PART ? d->left : SUM_PART;
  barrier_var(size);
  size = ((size - 1) & (SUM_PART - 1)) + 1; /* no change, as in message-sum.h */
  __builtin_memset(d->part, 0, SUM_PART);
  if (bpf_skb_load_bytes(skb, d->at, d->part, size)) return -1;
  __s64 sum = bpf_csum_diff(0, 0, d->part, SUM_PART, d->sum);
  if (sum < 0) return -1;
  d->sum = sum;
  d->at += size;
  d->left -= size;
  return 0;
}

/* The sum of the whole packet in the scratch space, as its header would have it. `l4`: where the datagram begins. Negative: an error. */
static __always_inline int datagram_sum_of(struct __sk_buff *skb, __u32 l4) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return -1;
  struct datagram *d = &scratch->datagram;
  d->at = l4;
  d->left = scratch->packet.length - scratch->packet.header;
  d->sum = 0;
#pragma clang loop unroll(disable)
  for (int i = 0; i < SUM_PARTS; i++) {
    if (!d->left) break;
    if (datagram_add(skb)) return -1;
  }
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  __u16 sum = fold(d->sum + pseudo_sum(p) + bpf_htons(p->length - p->header));
  return sum ? sum : 0xffff;
}

/* The datagram in the scratch space gets its checksum where it has none, before its addresses change. `at`: where its IP header begins. Of a packet
 * that is cut later (GSO) none is right for all parts; of a fragment the rest is not here; nor is one before the device has computed another one, of
 * what a tunnel carries (CHECKSUM_PARTIAL). There bpf_l4_csum_replace() changes nothing, which is tried, since a program cannot see it. 0 or an
 * error. */
__noinline int datagram_sum(struct __sk_buff *skb, __u32 at) {
  struct scratch *scratch = the_scratch();
  __u16 check;
  if (!scratch) return -1;
  __u32 check_at = at + scratch->packet.header + UDP_CHECK_IN;
  if (bpf_skb_load_bytes(skb, check_at, &check, sizeof check)) return -1;
  if (check || skb->gso_size || scratch->packet.fragment) return 0;
  int sum = datagram_sum_of(skb, check_at - UDP_CHECK_IN);
  if (sum < 0) return -1;
  if (bpf_l4_csum_replace(skb, check_at, 0, 1, 0) || bpf_skb_load_bytes(skb, check_at, &check, sizeof check)) return -1;
  if (!check) return 0;
  check = sum;
  bpf_csum_update(skb, check); /* refused where there is no such checksum */
  return bpf_skb_store_bytes(skb, check_at, &check, sizeof check, 0);
}
#endif

#endif
