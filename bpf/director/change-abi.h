/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How often the buckets of the connection tables have changed (bucket_changed() in conn.h). */
#ifndef WEIR_CHANGE_ABI_H
#define WEIR_CHANGE_ABI_H

#define CHANGES 65536 /* a power of two; so few that they stay in the cache: of larger tables several buckets have the same one */

/* An element of a map has eight bytes at least. */
struct change_pair {
  __u32 count[2];
};

#endif
