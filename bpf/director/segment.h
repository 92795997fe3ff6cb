/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: a segment of TCP that gets bytes between its own, or in the place of its data. It is the packet in the scratch space, behind an Ethernet header.
 * Lengths and checksums stay right; also one that a device is still to compute (CHECKSUM_PARTIAL), as the helpers know. */
#ifndef WEIR_SEGMENT_H
#define WEIR_SEGMENT_H

static __always_inline __u32 segment_l4(struct packet *p) { return ETH_LEN + p->header; }

/* Moves the last bytes of what is left up. 0 or an error. A global function: the loop has few paths without it. */
__noinline int segment_move(struct __sk_buff *skb, __u32 up) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return -1;
  struct datagram *d = &scratch->datagram;
  __u32 size = d->left < SUM_PART ? d->left : SUM_PART, at = d->at + d->left - size;
  d->left -= size;
  barrier_var(size);
  size = ((size - 1) & (SUM_PART - 1)) + 1; /* no change, as in message-sum.h */
  if (bpf_skb_load_bytes(skb, at, d->part, size)) return -1;
  return bpf_skb_store_bytes(skb, at + up, d->part, size, 0);
}

/* Makes room of `more` bytes, an even number, at `from`. 0 or an error: of what is cut later (GSO), since that would end. */
__noinline int segment_grow(struct __sk_buff *skb, __u32 from, __u32 more) {
  struct scratch *scratch = the_scratch();
  if (!scratch || skb->gso_size) return -1;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  struct datagram *d = &scratch->datagram;
  __u32 was = p->length, end = ETH_LEN + was;
  if (was + more > 0xffff || from > end || bpf_skb_change_tail(skb, end + more, 0)) return -1;
  d->at = from;
  d->left = end - from;
#pragma clang loop unroll(disable)
  for (int i = 0; i < SUM_PARTS; i++) {
    if (!d->left) break;
    if (segment_move(skb, more)) return -1;
  }
  p->length = was + more;
  return segment_length_store(skb, ETH_LEN, p->header, was, was + more);
}

/* Takes away what is from `from`, where its data begin, on, but for room of `more` bytes. 0 or an error. */
__noinline int segment_cut(struct __sk_buff *skb, __u32 from, __u32 more) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return -1;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  struct datagram *d = &scratch->datagram;
  __u32 was = p->length, end = ETH_LEN + was, is = from + more - ETH_LEN;
  if (was == NO_LENGTH || from > end) return -1;
  d->at = from;
  d->left = end - from;
  d->sum = 0;
#pragma clang loop unroll(disable)
  for (int i = 0; i < SUM_PARTS; i++) {
    if (!d->left) break;
    if (datagram_add(skb)) return -1;
  }
  if (bpf_l4_csum_replace(skb, segment_l4(p) + TCP_CHECK_IN, 0, ~d->sum, 0)) return -1;
  /* What grows has no sum of a device any more (CHECKSUM_COMPLETE), which would not know of this. */
  if (!skb->gso_size && bpf_skb_change_tail(skb, skb->len + 2, 0)) return -1;
  if (bpf_skb_change_tail(skb, ETH_LEN + is, 0)) return -1;
  p->length = is;
  return segment_length_store(skb, ETH_LEN, p->header, was, is);
}

/* Fills room with bytes of the scratch space, behind which are zeros. 0 or an error. */
static __always_inline int segment_fill(struct __sk_buff *skb, struct packet *p, __u32 at, struct insertion *t, __u32 size) {
  __s64 sum = bpf_csum_diff(0, 0, (__be32 *)t->bytes, sizeof t->bytes, 0);
  if (sum < 0 || bpf_l4_csum_replace(skb, segment_l4(p) + TCP_CHECK_IN, 0, sum, 0)) return -1;
  return bpf_skb_store_bytes(skb, at, t->bytes, size, 0);
}

/* Stores the length of the header, in words, and the flags, of which `off` are taken away. 0 or an error. */
static __always_inline int segment_words_store(struct __sk_buff *skb, struct packet *p, __u32 more, __u8 off) {
  __u8 was[2], is[2];
  __u32 at = segment_l4(p) + TCP_WORDS_IN;
  if (bpf_skb_load_bytes(skb, at, was, sizeof was)) return -1;
  is[0] = was[0] + (more << 4);
  is[1] = was[1] & ~off;
  if (bpf_l4_csum_replace(skb, segment_l4(p) + TCP_CHECK_IN, was[0] | was[1] << 8, is[0] | is[1] << 8, 2)) return -1;
  return bpf_skb_store_bytes(skb, at, is, sizeof is, 0);
}

/* Bytes of its TCP header; 0: it cannot be read. */
static __always_inline __u32 segment_header_len(struct __sk_buff *skb, struct packet *p) {
  __u8 words;
  return bpf_skb_load_bytes(skb, segment_l4(p) + TCP_WORDS_IN, &words, 1) ? 0 : (words >> 4) * 4;
}

#endif
