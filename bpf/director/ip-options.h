/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* IPv4 options (RFC 791, 3.1). They are few, so that only one question is asked of them: do they choose the packet's way? */
#ifndef WEIR_IP_OPTIONS_H
#define WEIR_IP_OPTIONS_H

#define IP_OPTIONS_MAX 40
#define OPTION_END 0
#define OPTION_NOTHING 1
#define OPTION_LOOSE_ROUTE 131
#define OPTION_STRICT_ROUTE 137

/* Is there a source route among the options from `at` to `end`, or one whose length does not fit? The kernel's stack drops such packets (source
 * routes unless accept_source_route is set) before IPVS sees them. A global function: verified once. */
__noinline int has_source_route(struct __sk_buff *skb, __u32 at, __u32 end) {
#pragma clang loop unroll(disable)
  for (int i = 0; i < IP_OPTIONS_MAX; i++) {
    __u8 option[2] = {};
    if (at >= end || bpf_skb_load_bytes(skb, at, option, sizeof option)) return false;
    if (option[0] == OPTION_END) return false;
    if (option[0] == OPTION_LOOSE_ROUTE || option[0] == OPTION_STRICT_ROUTE) return true;
    __u32 length = option[0] == OPTION_NOTHING ? 1 : option[1];
    if (option[0] != OPTION_NOTHING && (length < 2 || at + length > end)) return true;
    at += length;
  }
  return false;
}

#endif
