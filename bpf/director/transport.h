/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: the header of TCP, UDP or SCTP, wherever it lies. */
#ifndef WEIR_TRANSPORT_H
#define WEIR_TRANSPORT_H

/* Reads the header at `at`, 20 bytes of it at most, and TCP's flags. False: it is cut short, or does not fit the packet's length. */
#ifdef SCTP
static __always_inline bool header_read(struct __sk_buff *skb, struct packet *p, __u32 at, __u8 *l4) {
  return !bpf_skb_load_bytes(skb, at, l4, HEADER_LEN) && p->length >= p->header + HEADER_LEN + CHUNK_LEN;
}
#else
static __always_inline bool header_read(struct __sk_buff *skb, struct packet *p, __u32 at, __u8 *l4) {
  if (p->protocol != IPPROTO_TCP) return !bpf_skb_load_bytes(skb, at, l4, 8) && p->length >= p->header + 8;
  if (bpf_skb_load_bytes(skb, at, l4, 20)) return false;
  p->flags = l4[13];
  return l4[12] >> 4 >= 5 && p->length >= p->header + (l4[12] >> 4) * 4;
}
#endif

#endif
