/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What VRRP's socket filters share: counts of what was dropped and why, and how often something may pass.
 *
 * About one packet a second of each reason passes although it is refused, so that the machine can say what comes and why it is not
 * believed: a filter drops only what the machine would refuse, too.
 */
#ifndef WEIR_FILTER_ACCOUNT_H
#define WEIR_FILTER_ACCOUNT_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "abi.h"

#define SECOND 1000000000ull
#define PASS -1
#define DROP 0

_Static_assert(VRRP_CLAIM < REASONS_MAX && BFD_RATE < REASONS_MAX, "an account has a counter for each reason");
/* Names the enums that no record has a field of, so that the object's BTF has them for dev/abi-gen.mjs. */
const volatile struct {
  enum vrrp_reason vrrp_reason;
  enum bfd_reason bfd_reason;
  enum digest_kind digest;
} enums_in_btf;

#define SAMPLE (SECOND * 9 / 10) /* adverts that come once a second all pass */
#define SPARINGLY 10 /* what cannot be judged here passes this much seldomer than a sender's packets */

/* Whether some of what is refused passes all the same: but in a test. */
const volatile bool lenient = true;
/* What stands before the bytes that the socket would see: nothing but in a test, whose packets begin with the IP header. */
const volatile __u32 skipped = 0;

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1024);
  __type(key, __u32);
  __type(value, struct account);
} accounts SEC(".maps");

/* Drops, but for a sample. */
static __always_inline int refuse(__u32 account, __u32 reason) {
  struct account *a = bpf_map_lookup_elem(&accounts, &account);
  if (!a || reason >= REASONS_MAX) return PASS;
  __u64 now = bpf_ktime_get_ns();
  if (lenient && now - a->sampled[reason] >= SAMPLE) {
    a->sampled[reason] = now;
    return PASS;
  }
  __sync_fetch_and_add(&a->dropped[reason], 1);
  return DROP;
}

/* A sender's packets are due `spacing` ns apart; one may come up to `burst` ns early. */
static __always_inline bool in_time(__u64 *due, __u64 spacing, __u64 burst) {
  __u64 now = bpf_ktime_get_ns(), at = *due > now ? *due : now;
  if (at - now > burst) return false;
  *due = at + spacing;
  return true;
}

/* What only the process can judge: too seldom for a flood, often enough to be heard. */
static __always_inline bool spared(__u64 *due, __u64 spacing, __u64 burst) {
  return lenient && in_time(due, spacing * SPARINGLY, burst);
}

#endif
