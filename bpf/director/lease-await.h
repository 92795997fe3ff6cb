/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* FULLNAT: tc's programs on the links ask for the line of memory that has a client's leases (lease.h) before they look for its connection: both are awaited
 * together. */
#ifndef WEIR_LEASE_AWAIT_H
#define WEIR_LEASE_AWAIT_H

#ifdef HAS_QUICK_PATH
/* One place, for the leases of the programs of FULLNAT, once they are there (quick-tables.ts). */
TABLES(quick_leases, 1, struct fullnat_lease_set, 1);

/* `hash`: conn_hash() of the client. 0: there are no leases. */
static __always_inline struct fullnat_lease_set *quick_lease_set(__u32 hash) {
  __u32 at = 0;
  void *leases = bpf_map_lookup_elem(&quick_leases, &at);
  if (!leases) return 0;
  at = hash & conn_mask >> 1;
  return bpf_map_lookup_elem(leases, &at);
}
static __always_inline void lease_await(__u32 service, __u32 hash) {
  struct service *s = service_at(service);
  if (likely(!s || !(s->flags & SVC_LEASES))) return;
  struct fullnat_lease_set *set = quick_lease_set(hash);
  if (set) READ(set->lease[0].key);
}
#else
static __always_inline void lease_await(__u32 service, __u32 hash) {}
#endif

#endif
