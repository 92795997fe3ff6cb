/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the socket filters share: counts of dropped packets by reason, and rates.
 *
 * About one refused packet a second of each reason passes, so that the process can report it: it refuses all that a filter drops.
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

#define SAMPLE_SPACING (SECOND * 9 / 10) /* under a second: all adverts of a refused sender pass, if it sends one a second */
#define UNJUDGED_SLOWER 10 /* packets that only the process can judge pass this many times less often than a sender's */

/* Samples of refused packets pass; tests turn this off. */
const volatile bool samples = true;
/* Bytes in front of those that the socket would see: 0, except in tests, whose packets begin with the IP header. */
const volatile __u32 skipped = 0;

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1024);
  __type(key, __u32);
  __type(value, struct account);
} accounts SEC(".maps");

/* Drops and counts a packet, or lets a sample pass. */
static __always_inline int refuse(__u32 account, __u32 reason) {
  struct account *a = bpf_map_lookup_elem(&accounts, &account);
  if (!a || reason >= REASONS_MAX) return PASS;
  __u64 now = bpf_ktime_get_ns();
  if (samples && now - a->sampled[reason] >= SAMPLE_SPACING) {
    a->sampled[reason] = now;
    return PASS;
  }
  __sync_fetch_and_add(&a->dropped[reason], 1);
  return DROP;
}

/* A sender's packets are due `spacing` ns apart; one may come up to `burst` ns early. True: this one may pass. */
static __always_inline bool within_rate(__u64 *due, __u64 spacing, __u64 burst) {
  __u64 now = bpf_ktime_get_ns(), at = *due > now ? *due : now;
  if (at - now > burst) return false;
  *due = at + spacing;
  return true;
}

/* May a packet pass that only the process can judge? As within_rate(), at a lower rate. */
static __always_inline bool passes_unjudged(__u64 *due, __u64 spacing, __u64 burst) {
  return samples && within_rate(due, spacing * UNJUDGED_SLOWER, burst);
}

#endif
