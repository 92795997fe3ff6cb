/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* HMAC over bytes in per-CPU scratch space: MD5 (RFC 1321) for AH, SHA-256 (FIPS 180-4) for auth_hmac and heartbeats.
 *
 * User space gives each key as the two states after its inner and its outer block, so that a message costs its own blocks and one
 * more. A block is a global function, so that it is verified once, however many blocks a message has.
 */
#ifndef WEIR_DIGEST_H
#define WEIR_DIGEST_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "abi.h"

#define BLOCK DIGEST_BLOCK
#define SCRATCH_BYTES (DIGEST_BLOCKS_MAX * BLOCK)
#define LAST DIGEST_BLOCKS_MAX /* the one block of the outer hash */

/* Message, key and digest in one place: a global function cannot take pointers to them from its caller. */
struct digest_scratch {
  struct digest_key key;
  __u32 digest[4]; /* of the packet */
  __u32 state[8];
  __u32 schedule[64];
  __u32 blocks[DIGEST_BLOCKS_MAX + 1][BLOCK / 4];
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct digest_scratch);
} scratch_space SEC(".maps");

static __always_inline struct digest_scratch *digest_scratch(void) {
  __u32 zero = 0;
  return bpf_map_lookup_elem(&scratch_space, &zero);
}

static __always_inline __u32 rotate_left(__u32 value, __u32 by) { return value << by | value >> (32 - by); }

#define MD5_F(b, c, d) (d ^ (b & (c ^ d)))
#define MD5_G(b, c, d) (c ^ (d & (b ^ c)))
#define MD5_H(b, c, d) (b ^ c ^ d)
#define MD5_I(b, c, d) (c ^ (b | ~d))
#define STEP(mix, a, b, c, d, word, add, by) a = b + rotate_left(a + mix(b, c, d) + x[word] + add, by)

/* Adds this block to the state. 0: no such block. */
__noinline int md5_block(__u32 block) {
  struct digest_scratch *scratch = digest_scratch();
  if (!scratch || block > LAST) return 0;
  __u32 *x = scratch->blocks[block], a = scratch->state[0], b = scratch->state[1], c = scratch->state[2], d = scratch->state[3];
  STEP(MD5_F, a, b, c, d, 0, 0xd76aa478, 7); STEP(MD5_F, d, a, b, c, 1, 0xe8c7b756, 12);
  STEP(MD5_F, c, d, a, b, 2, 0x242070db, 17); STEP(MD5_F, b, c, d, a, 3, 0xc1bdceee, 22);
  STEP(MD5_F, a, b, c, d, 4, 0xf57c0faf, 7); STEP(MD5_F, d, a, b, c, 5, 0x4787c62a, 12);
  STEP(MD5_F, c, d, a, b, 6, 0xa8304613, 17); STEP(MD5_F, b, c, d, a, 7, 0xfd469501, 22);
  STEP(MD5_F, a, b, c, d, 8, 0x698098d8, 7); STEP(MD5_F, d, a, b, c, 9, 0x8b44f7af, 12);
  STEP(MD5_F, c, d, a, b, 10, 0xffff5bb1, 17); STEP(MD5_F, b, c, d, a, 11, 0x895cd7be, 22);
  STEP(MD5_F, a, b, c, d, 12, 0x6b901122, 7); STEP(MD5_F, d, a, b, c, 13, 0xfd987193, 12);
  STEP(MD5_F, c, d, a, b, 14, 0xa679438e, 17); STEP(MD5_F, b, c, d, a, 15, 0x49b40821, 22);
  STEP(MD5_G, a, b, c, d, 1, 0xf61e2562, 5); STEP(MD5_G, d, a, b, c, 6, 0xc040b340, 9);
  STEP(MD5_G, c, d, a, b, 11, 0x265e5a51, 14); STEP(MD5_G, b, c, d, a, 0, 0xe9b6c7aa, 20);
  STEP(MD5_G, a, b, c, d, 5, 0xd62f105d, 5); STEP(MD5_G, d, a, b, c, 10, 0x02441453, 9);
  STEP(MD5_G, c, d, a, b, 15, 0xd8a1e681, 14); STEP(MD5_G, b, c, d, a, 4, 0xe7d3fbc8, 20);
  STEP(MD5_G, a, b, c, d, 9, 0x21e1cde6, 5); STEP(MD5_G, d, a, b, c, 14, 0xc33707d6, 9);
  STEP(MD5_G, c, d, a, b, 3, 0xf4d50d87, 14); STEP(MD5_G, b, c, d, a, 8, 0x455a14ed, 20);
  STEP(MD5_G, a, b, c, d, 13, 0xa9e3e905, 5); STEP(MD5_G, d, a, b, c, 2, 0xfcefa3f8, 9);
  STEP(MD5_G, c, d, a, b, 7, 0x676f02d9, 14); STEP(MD5_G, b, c, d, a, 12, 0x8d2a4c8a, 20);
  STEP(MD5_H, a, b, c, d, 5, 0xfffa3942, 4); STEP(MD5_H, d, a, b, c, 8, 0x8771f681, 11);
  STEP(MD5_H, c, d, a, b, 11, 0x6d9d6122, 16); STEP(MD5_H, b, c, d, a, 14, 0xfde5380c, 23);
  STEP(MD5_H, a, b, c, d, 1, 0xa4beea44, 4); STEP(MD5_H, d, a, b, c, 4, 0x4bdecfa9, 11);
  STEP(MD5_H, c, d, a, b, 7, 0xf6bb4b60, 16); STEP(MD5_H, b, c, d, a, 10, 0xbebfbc70, 23);
  STEP(MD5_H, a, b, c, d, 13, 0x289b7ec6, 4); STEP(MD5_H, d, a, b, c, 0, 0xeaa127fa, 11);
  STEP(MD5_H, c, d, a, b, 3, 0xd4ef3085, 16); STEP(MD5_H, b, c, d, a, 6, 0x04881d05, 23);
  STEP(MD5_H, a, b, c, d, 9, 0xd9d4d039, 4); STEP(MD5_H, d, a, b, c, 12, 0xe6db99e5, 11);
  STEP(MD5_H, c, d, a, b, 15, 0x1fa27cf8, 16); STEP(MD5_H, b, c, d, a, 2, 0xc4ac5665, 23);
  STEP(MD5_I, a, b, c, d, 0, 0xf4292244, 6); STEP(MD5_I, d, a, b, c, 7, 0x432aff97, 10);
  STEP(MD5_I, c, d, a, b, 14, 0xab9423a7, 15); STEP(MD5_I, b, c, d, a, 5, 0xfc93a039, 21);
  STEP(MD5_I, a, b, c, d, 12, 0x655b59c3, 6); STEP(MD5_I, d, a, b, c, 3, 0x8f0ccc92, 10);
  STEP(MD5_I, c, d, a, b, 10, 0xffeff47d, 15); STEP(MD5_I, b, c, d, a, 1, 0x85845dd1, 21);
  STEP(MD5_I, a, b, c, d, 8, 0x6fa87e4f, 6); STEP(MD5_I, d, a, b, c, 15, 0xfe2ce6e0, 10);
  STEP(MD5_I, c, d, a, b, 6, 0xa3014314, 15); STEP(MD5_I, b, c, d, a, 13, 0x4e0811a1, 21);
  STEP(MD5_I, a, b, c, d, 4, 0xf7537e82, 6); STEP(MD5_I, d, a, b, c, 11, 0xbd3af235, 10);
  STEP(MD5_I, c, d, a, b, 2, 0x2ad7d2bb, 15); STEP(MD5_I, b, c, d, a, 9, 0xeb86d391, 21);
  scratch->state[0] += a;
  scratch->state[1] += b;
  scratch->state[2] += c;
  scratch->state[3] += d;
  return 1;
}

#define rotate_right(value, by) rotate_left(value, 32 - (by))
#define ROUND(a, b, c, d, e, f, g, h, n) \
  h += (rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25)) + (g ^ (e & (f ^ g))) + sha256_rounds[n] + w[n]; \
  d += h; \
  h += (rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22)) + ((a & b) | (c & (a | b)))

static const __u32 sha256_rounds[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static __always_inline void sha256_schedule(__u32 *w, const __u32 *block) {
  for (int i = 0; i < 16; i++) w[i] = bpf_ntohl(block[i]);
  for (int i = 16; i < 64; i++) {
    __u32 early = w[i - 15], late = w[i - 2];
    w[i] = w[i - 16] + w[i - 7] + (rotate_right(early, 7) ^ rotate_right(early, 18) ^ early >> 3) + (rotate_right(late, 17) ^ rotate_right(late, 19) ^ late >> 10);
  }
}

/* As md5_block. */
__noinline int sha256_block(__u32 block) {
  struct digest_scratch *scratch = digest_scratch();
  if (!scratch || block > LAST) return 0;
  __u32 *w = scratch->schedule, *s = scratch->state;
  sha256_schedule(w, scratch->blocks[block]);
  __u32 a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
  for (int i = 0; i < 64; i += 8) {
    ROUND(a, b, c, d, e, f, g, h, i);
    ROUND(h, a, b, c, d, e, f, g, i + 1);
    ROUND(g, h, a, b, c, d, e, f, i + 2);
    ROUND(f, g, h, a, b, c, d, e, i + 3);
    ROUND(e, f, g, h, a, b, c, d, i + 4);
    ROUND(d, e, f, g, h, a, b, c, i + 5);
    ROUND(c, d, e, f, g, h, a, b, i + 6);
    ROUND(b, c, d, e, f, g, h, a, i + 7);
  }
  s[0] += a, s[1] += b, s[2] += c, s[3] += d, s[4] += e, s[5] += f, s[6] += g, s[7] += h;
  return 1;
}

/* The last block of a message of so many bytes: it has the end mark and the length. */
#define LAST_OF(size) (((size) + 8) / BLOCK)
#define OPAQUE(number) asm volatile("" : "+r"(number)) /* the compiler must use the number that was compared: neither compute it again nor merge two comparisons */

/* Zeroes the last two blocks of a message of so many bytes. 0: it is too long. */
__noinline int clear_end(__u32 size) {
  struct digest_scratch *scratch = digest_scratch();
  __u32 last = LAST_OF(size), before = last ? last - 1 : 0;
  OPAQUE(last);
  OPAQUE(before);
  if (!scratch || last >= DIGEST_BLOCKS_MAX || before >= DIGEST_BLOCKS_MAX) return 0;
  for (int i = 0; i < BLOCK / 4; i++) scratch->blocks[last][i] = scratch->blocks[before][i] = 0;
  return 1;
}

/* The end mark and the length in bits, the key's block included, after the message. */
static __always_inline bool set_end(struct digest_scratch *scratch, __u32 size, bool big) {
  __u32 last = LAST_OF(size), mark = size, bits = (size + BLOCK) * 8;
  OPAQUE(last);
  OPAQUE(mark);
  if (last >= DIGEST_BLOCKS_MAX || mark >= SCRATCH_BYTES) return false;
  ((__u8 *)scratch->blocks)[mark] = 0x80;
  scratch->blocks[last][14] = big ? 0 : bits;
  scratch->blocks[last][15] = big ? bpf_htonl(bits) : 0;
  return true;
}

/* The block of the outer hash: so many words of the inner hash. */
static __always_inline void set_last(struct digest_scratch *scratch, int words, bool big) {
  __u32 bits = (BLOCK + words * 4) * 8;
  for (int i = 0; i < BLOCK / 4; i++) scratch->blocks[LAST][i] = 0;
  for (int i = 0; i < words; i++) scratch->blocks[LAST][i] = big ? bpf_htonl(scratch->state[i]) : scratch->state[i];
  scratch->blocks[LAST][words] = big ? bpf_htonl(0x80000000) : 0x80;
  scratch->blocks[LAST][big ? 15 : 14] = big ? bpf_htonl(bits) : bits;
}

/* Is the packet's digest the first 12 bytes of HMAC-MD5 over `size` bytes? */
__noinline int md5_matches(__u32 size) {
  struct digest_scratch *scratch = digest_scratch();
  __u32 last = LAST_OF(size);
  if (!scratch || !set_end(scratch, size, false)) return 0;
  OPAQUE(last);
  __builtin_memcpy(scratch->state, scratch->key.inner, 16);
  for (__u32 i = 0; i < DIGEST_BLOCKS_MAX; i++) {
    if (i > last) break;
    md5_block(i);
  }
  set_last(scratch, 4, false);
  __builtin_memcpy(scratch->state, scratch->key.outer, 16);
  md5_block(LAST);
  __u32 difference = 0;
  for (int i = 0; i < 3; i++) difference |= scratch->state[i] ^ scratch->digest[i];
  return !difference;
}

/* Is the packet's digest the first 16 bytes of HMAC-SHA256 over `size` bytes? */
__noinline int sha256_matches(__u32 size) {
  struct digest_scratch *scratch = digest_scratch();
  __u32 last = LAST_OF(size);
  if (!scratch || !set_end(scratch, size, true)) return 0;
  OPAQUE(last);
  __builtin_memcpy(scratch->state, scratch->key.inner, 32);
  for (__u32 i = 0; i < DIGEST_BLOCKS_MAX; i++) {
    if (i > last) break;
    sha256_block(i);
  }
  set_last(scratch, 8, true);
  __builtin_memcpy(scratch->state, scratch->key.outer, 32);
  sha256_block(LAST);
  __u32 difference = 0;
  for (int i = 0; i < 4; i++) difference |= scratch->state[i] ^ bpf_ntohl(scratch->digest[i]);
  return !difference;
}

#endif
