/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Content switching: the number that a SYN is answered with, which stands for all that would be remembered of it.
 *
 *   16 bits of SipHash-2-4 (Aumasson, Bernstein 2012) of both ends, the epoch, the options and the client's number |
 *    8 bits of it without that number | 1 of the epoch | 7 of options
 *
 * An epoch takes 69 s; a cookie counts in its own and in the next one. As with SYN cookies of the kernel, who guesses needs 2^23 segments on average
 * for a connection from an address that is not his. A segment that overtook the first one of its connection has another number: the 8 bits are
 * right then, and the 16 are wrong. It is dropped; one of no connection is the stack's, which resets that. */
#ifndef WEIR_SWITCH_COOKIE_H
#define WEIR_SWITCH_COOKIE_H

#define SWITCH_EPOCH_SHIFT 36 /* of ns */
#define COOKIE_OPTIONS 0x7f
#define COOKIE_EPOCH 0x80

/* The largest of these that is not above a client's size of segments: two bits of the options. */
static __always_inline __u32 cookie_mss(__u32 which) {
  return which == 3 ? SWITCH_MSS_MAX : which == 2 ? 1360 : which == 1 ? 1220 : 536;
}
static __always_inline __u32 cookie_mss_of(__u32 mss) { return mss >= SWITCH_MSS_MAX ? 3 : mss >= 1360 ? 2 : mss >= 1220 ? 1 : 0; }
#define COOKIE_SACK 0x40
static __always_inline __u32 cookie_options(__u32 mss, __u32 scale, bool sack) {
  return cookie_mss_of(mss) | (scale & 15) << 2 | (sack ? COOKIE_SACK : 0);
}
static __always_inline __u32 cookie_scale(__u32 options) { return options >> 2 & 15; }

static __always_inline __u64 turn_left(__u64 x, int by) { return x << by | x >> (64 - by); }
#define SIP_ROUND(a, b, c, d)                                                                                            \
  do {                                                                                                                 \
    a += b; b = turn_left(b, 13); b ^= a; a = turn_left(a, 32);                                                        \
    c += d; d = turn_left(d, 16); d ^= c;                                                                              \
    a += d; d = turn_left(d, 21); d ^= a;                                                                              \
    c += b; b = turn_left(b, 17); b ^= c; c = turn_left(c, 32);                                                        \
  } while (0)

/* What a cookie is made of, in words: both addresses, the ports with the client's number, the epoch with the options. */
#define SIP_ENDS SWITCH_WORDS
#define SIP_WORDS (SIP_ENDS + 2)

/* SipHash-2-4 of so many words. */
static __always_inline __u64 siphash(__u64 key0, __u64 key1, const __u64 *words) {
  __u64 a = key0 ^ 0x736f6d6570736575ull, b = key1 ^ 0x646f72616e646f6dull;
  __u64 c = key0 ^ 0x6c7967656e657261ull, d = key1 ^ 0x7465646279746573ull;
#pragma clang loop unroll(full)
  for (int i = 0; i <= SIP_WORDS; i++) {
    __u64 word = i < SIP_WORDS ? words[i] : SIP_WORDS * 8ull << 56;
    d ^= word;
    SIP_ROUND(a, b, c, d);
    SIP_ROUND(a, b, c, d);
    a ^= word;
  }
  c ^= 0xff;
  SIP_ROUND(a, b, c, d);
  SIP_ROUND(a, b, c, d);
  SIP_ROUND(a, b, c, d);
  SIP_ROUND(a, b, c, d);
  return a ^ b ^ c ^ d;
}

static __always_inline __u32 cookie_epoch(void) { return bpf_ktime_get_ns() >> SWITCH_EPOCH_SHIFT; }

/* Bits of a cookie that have the client's number, and those that do not. */
#define COOKIE_OF_NUMBER 0xffff0000
#define COOKIE_OF_ENDS 0x0000ff00

/* The cookie of the client in the scratch space whose first number is `seq`. A global function: verified once. */
__noinline __u32 cookie_make(__u32 seq, __u32 epoch, __u32 options) {
  __u32 zero = 0;
  struct switch_scratch *w = the_switch();
  struct switch_secret *s = bpf_map_lookup_elem(&switch_secrets, &zero);
  if (!w || !s) return 0;
  struct switch_client_key *k = &w->key;
  options &= COOKIE_OPTIONS;
  __u32 *end = k->client; /* and the virtual one behind it */
  __u64 words[SIP_WORDS];
#pragma clang loop unroll(full)
  for (int i = 0; i < SIP_ENDS; i++) words[i] = end[2 * i] | (__u64)end[2 * i + 1] << 32;
  words[SIP_ENDS] = (__u64)k->client_port | (__u32)k->vport << 16;
  words[SIP_ENDS + 1] = epoch | (__u64)options << 32;
  __u32 of_ends = siphash(s->key[0], s->key[1], words) >> 32;
  words[SIP_ENDS] |= (__u64)seq << 32;
  __u32 of_number = siphash(s->key[1], s->key[0], words) >> 32;
  return (of_number & COOKIE_OF_NUMBER) | (of_ends & COOKIE_OF_ENDS) | (epoch & 1 ? COOKIE_EPOCH : 0) | options;
}

/* COOKIE_OURS: the segment in the scratch space is the first one behind our answer to its client's SYN. COOKIE_LATER: it may be a later one. */
enum cookie_kind { COOKIE_NONE, COOKIE_LATER, COOKIE_OURS };
static __always_inline enum cookie_kind cookie_read(struct switch_scratch *w) {
  __u32 isn = w->ack - 1, epoch = cookie_epoch();
  if ((epoch & 1) != !!(isn & COOKIE_EPOCH)) epoch--;
  __u32 wrong = cookie_make(w->seq - 1, epoch, isn) ^ isn;
  return !wrong ? COOKIE_OURS : wrong & ~COOKIE_OF_NUMBER ? COOKIE_NONE : COOKIE_LATER;
}

#endif
