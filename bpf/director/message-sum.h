/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The checksum of a part of a packet that is not rewritten: an IP header, an ICMP message. */
#ifndef WEIR_MESSAGE_SUM_H
#define WEIR_MESSAGE_SUM_H

#define SUM_CHUNK 64
#define SUM_CHUNKS 24 /* 1536 bytes; what is longer is left to the stack */

/* The checksum of what it covers: an IP header, or a whole ICMP message. */
enum sum_state { SUM_RIGHT, SUM_WRONG, SUM_UNKNOWN };

/* Adds the first bytes of what is left to a sum; negative: they cannot be read. A global function: sum_of's loop has few paths without it. */
__noinline __s64 sum_chunk(struct __sk_buff *skb, __u32 at, __u32 left, __s64 sum) {
  __u32 words[SUM_CHUNK / 4] = {};
  __u32 size = left < SUM_CHUNK ? left : SUM_CHUNK;
  barrier_var(size);
  size = ((size - 1) & (SUM_CHUNK - 1)) + 1; /* no change: Linux 6.1's verifier learns from a mask, not from the comparison */
  return bpf_skb_load_bytes(skb, at, words, size) ? -1 : bpf_csum_diff(0, 0, words, SUM_CHUNK, sum);
}

/* `start`: a sum of what stands elsewhere and counts, too. */
__noinline int sum_of(struct __sk_buff *skb, __u32 at, __u32 length, __u32 start) {
  __s64 sum = start;
  if (length > SUM_CHUNKS * SUM_CHUNK) return SUM_UNKNOWN;
#pragma clang loop unroll(disable)
  for (__u32 done = 0; done < SUM_CHUNKS * SUM_CHUNK; done += SUM_CHUNK) {
    if (done >= length) break;
    sum = sum_chunk(skb, at + done, length - done, sum);
    if (sum < 0) return SUM_UNKNOWN;
  }
  return fold((__u32)sum) == 0 ? SUM_RIGHT : SUM_WRONG;
}

#endif
