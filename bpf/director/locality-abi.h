/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The layout of the localities, as abi.h has those of the other maps. */
#ifndef WEIR_LOCALITY_ABI_H
#define WEIR_LOCALITY_ABI_H

/* ---- localities of lblc and lblcr: the destination address of packets -> the destinations that serve it (one, or lblcr's set), in the
 * order in which they joined. A hash map: how many addresses a service will have cannot be known, and its memory is that of its
 * elements. Written by packets under the service's lock; the timer removes those that are not needed any more.
 * A long set goes on in further parts; all but the members is in part 0. An element that was removed may become another service's while a
 * packet reads it: a member counts only if it is a destination of the packet's service. */
#define LOCALITY_LOCKS 64
#define LOCALITY_MEMBERS 32
struct locality_key {
  __u32 service;
  __u32 started; /* as in the service's record: with another scheduler it begins again */
  __u32 addr[4]; /* network order; IPv4 in addr[0] */
  __u32 part;
  __u32 reserved; /* 0 */
};
struct locality {
  __u64 used;    /* jiffies of the last new connection */
  __u64 changed; /* jiffies when a member last joined or left */
  __u32 size;    /* members, in all parts */
  __u32 reserved;
  __u32 member[LOCALITY_MEMBERS];
};

#endif
