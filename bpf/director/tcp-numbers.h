/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: the numbers of a segment's bytes, where both sides of a connection know them by different values, and its options. */
#ifndef WEIR_TCP_NUMBERS_H
#define WEIR_TCP_NUMBERS_H

#define TCP_SEQ_IN 4
#define TCP_ACK_IN 8
#define TCP_WORDS_IN 12
#define TCP_CHECK_IN 16
#define TCP_LEN 20
#define OPTION_END 0
#define OPTION_NOTHING 1
#define OPTION_MSS 2
#define OPTION_SACK 5
#define SACK_MAX 34 /* bytes: four blocks */

static __always_inline bool is_behind(__u32 number, __u32 other) { return (__s32)(number - other) > 0; }
/* A number as the other side knows it, and back. The end of what got another length is where both differ: what is acknowledged before it is that of
 * before. (The kernel compares with init_seq + delta: a shorter text then acknowledges bytes that did not come.) */
static __always_inline __u32 number_forth(struct tcp_numbers *n, __u32 seq) {
  return seq + (is_behind(seq, n->init_seq) ? n->delta : n->previous_delta);
}
static __always_inline __u32 number_back(struct tcp_numbers *n, __u32 ack) {
  bool behind = is_behind(ack, n->init_seq + n->previous_delta);
  return ack - (behind ? n->delta : n->previous_delta);
}

/* Stores a changed number. 0 or an error. */
static __always_inline int number_store(struct __sk_buff *skb, __u32 l4, __u32 in, __u32 was, __u32 is) {
  was = bpf_htonl(was);
  is = bpf_htonl(is);
  return bpf_l4_csum_replace(skb, l4 + TCP_CHECK_IN, was, is, 4) || bpf_skb_store_bytes(skb, l4 + in, &is, 4, 0) ? -1 : 0;
}

/* Stores the length of a packet that got another one, in its IP header and in TCP's checksum. `at`: where the IP header begins, `header`: its bytes. 0 or
 * an error. */
static __always_inline int segment_length_store(struct __sk_buff *skb, __u32 at, __u32 header, __u32 was, __u32 is) {
  __u16 from = bpf_htons(was - header), to = bpf_htons(is - header);
  if (bpf_l4_csum_replace(skb, at + header + TCP_CHECK_IN, from, to, BPF_F_PSEUDO_HDR | 2)) return -1;
#ifdef IPV6
  to = bpf_htons(is - IP6_LEN);
  return bpf_skb_store_bytes(skb, at + 4, &to, sizeof to, 0);
#else
  from = bpf_htons(was);
  to = bpf_htons(is);
  return bpf_l3_csum_replace(skb, at + IP_CHECK_IN, from, to, 2) ? -1 : bpf_skb_store_bytes(skb, at + 2, &to, sizeof to, 0);
#endif
}

static __always_inline void option_blank(struct tcp_options *o, __u32 at, __u32 length) {
#pragma clang loop unroll(full)
  for (__u32 k = 0; k < 40; k++)
    if (k < length) o->now[(at + k) & (TCP_OPTIONS - 1)] = OPTION_NOTHING;
}

static long tcp_option_step(__u64 i, void *ctx) {
  struct tcp_options *o = *(struct tcp_options **)ctx;
  __u32 at = o->at;
  if (at + 1 >= o->size) return 1;
  __u8 kind = o->was[at & (TCP_OPTIONS - 1)], length = o->was[(at + 1) & (TCP_OPTIONS - 1)];
  if (kind == OPTION_END) return 1;
  if (kind == OPTION_NOTHING) length = 1;
  if (!length || (kind != OPTION_NOTHING && length < 2) || at + length > o->size) return 1;
  if (kind == o->kind) {
    o->length = length;
    if (!o->removes) return 1;
    option_blank(o, at, length);
  }
  o->at = at + length;
  return 0;
}

/* Looks for an option of the segment, or (`removes`) for all of them. 1: it has it, and its options are in the scratch space; 0: not; negative: an error.
 * `l4`: where its TCP header begins. A global function: verified once. */
__noinline int tcp_option_find(struct __sk_buff *skb, __u32 l4, __u32 kind, bool removes) {
  struct scratch *scratch = the_scratch();
  __u8 words;
  if (!scratch || bpf_skb_load_bytes(skb, l4 + TCP_WORDS_IN, &words, 1)) return -1;
  CHECKED(scratch);
  struct tcp_options *o = &scratch->tcp_options;
  __u32 size = (words >> 4) * 4 - TCP_LEN;
  if (!size || size > 40) return 0;
  barrier_var(size);
  size = ((size - 1) & (TCP_OPTIONS - 1)) + 1; /* no change, as in message-sum.h */
  __builtin_memset(o->was, 0, sizeof o->was);
  if (bpf_skb_load_bytes(skb, l4 + TCP_LEN, o->was, size)) return -1;
  __builtin_memcpy(o->now, o->was, sizeof o->was);
  o->size = size;
  o->at = o->length = 0;
  o->kind = kind;
  o->removes = removes;
  bpf_loop(40, tcp_option_step, &o, 0);
  return o->length != 0;
}

/* Puts the options that changed into the segment. 0 or an error. */
static __always_inline int tcp_options_store(struct __sk_buff *skb, __u32 l4, struct tcp_options *o) {
  __u32 size = o->size;
  __s64 sum = bpf_csum_diff((__be32 *)o->was, TCP_OPTIONS, (__be32 *)o->now, TCP_OPTIONS, 0);
  if (sum < 0 || bpf_l4_csum_replace(skb, l4 + TCP_CHECK_IN, 0, sum, 0)) return -1;
  barrier_var(size);
  size = ((size - 1) & (TCP_OPTIONS - 1)) + 1; /* no change */
  return bpf_skb_store_bytes(skb, l4 + TCP_LEN, o->now, size, 0);
}

static __always_inline void sack_edge_back(struct tcp_options *o, __u32 at) {
  __u8 *edge = o->now + (at & (TCP_OPTIONS - 1));
  __u32 is = number_back(&o->numbers, (__u32)edge[0] << 24 | edge[1] << 16 | edge[2] << 8 | edge[3]);
  edge[0] = is >> 24;
  edge[1] = is >> 16;
  edge[2] = is >> 8;
  edge[3] = is;
}

/* Shifts both edges of each block of SACK (RFC 2018) back, by the numbers in the scratch space. 0 or an error. A global function: verified once. */
__noinline int tcp_sack_back(struct __sk_buff *skb, __u32 l4) {
  struct scratch *scratch = the_scratch();
  int found = tcp_option_find(skb, l4, OPTION_SACK, false);
  if (!scratch || found <= 0) return found;
  CHECKED(scratch);
  struct tcp_options *o = &scratch->tcp_options;
  __u32 at = o->at, length = o->length;
#pragma clang loop unroll(full)
  for (__u32 k = 2; k + 4 <= SACK_MAX; k += 4)
    if (k + 4 <= length) sack_edge_back(o, at + k);
  return tcp_options_store(skb, l4, o);
}

/* Puts nothing (NOP) in the place of all options of a kind. 0 or an error. A global function: verified once. */
__noinline int tcp_option_remove(struct __sk_buff *skb, __u32 l4, __u32 kind) {
  struct scratch *scratch = the_scratch();
  int found = tcp_option_find(skb, l4, kind, true);
  if (!scratch || found <= 0) return found;
  CHECKED(scratch);
  return tcp_options_store(skb, l4, &scratch->tcp_options);
}

#endif
