/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* IPv6 services cannot be persistent yet: no command makes one, and the IPv6 build has none of the code for templates. */
#ifndef WEIR_TEMPLATE6_H
#define WEIR_TEMPLATE6_H

static __always_inline bool is_persistent(__u32 service) { return false; }
static __always_inline __u32 template_find(__u32 service, __u32 caddr, __u32 now) { return 0; }
static __always_inline void template_make(__u32 dest) {}
static __always_inline bool assures(__u64 from, __u64 to) { return false; }
static __always_inline int template_mark(__u64 conn, __u32 dest, __u64 flags, __u32 asked) { return 0; }
static __always_inline void template_hold(struct conn_slot *s, __u64 v) {}

#endif
