/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The bridging build's maps: the table that connections leave, beside `conns`, and the record of the move. */
#ifndef WEIR_BRIDGE_MAPS_H
#define WEIR_BRIDGE_MAPS_H

TABLE(conns_old, struct conn_bucket, 1024);
TABLE(bridge, struct bridge, 1);

/* The kernel ends an update of a map of maps with a grace period of RCU: until it returns, every program that ran before has ended. */
TABLES(grace, 1, __u32, 1);

const volatile __u32 old_mask = 1023; /* buckets - 1 */
const volatile __u32 conns_are = PHASE_SECOND; /* the phase in which new connections go to `conns` */
/* Has the old table the layout of the build before (layout-before.h)? Those beside the links' have one bridging build for both cases. */
#ifdef TAKEOVER
#define OLD_LAYOUT true
#elif defined(IPV6) || defined(SIDE)
const volatile __u32 old_layout = 0;
#define OLD_LAYOUT old_layout
#else
#define OLD_LAYOUT false
#endif

/* Buckets of the old table have this bit in their numbers, and so have its slots, two bits higher. */
#define OLD_BUCKET (1u << 29)
static __always_inline __u32 bucket_in_table(__u32 i) { return i & OLD_BUCKET ? OLD_BUCKET | (i & old_mask) : i & conn_mask; }
static __always_inline struct conn_bucket *bucket_at(__u32 i) {
  if (i & OLD_BUCKET) {
    i &= old_mask;
    return bpf_map_lookup_elem(&conns_old, &i);
  }
  i &= conn_mask;
  return bpf_map_lookup_elem(&conns, &i);
}

#endif
