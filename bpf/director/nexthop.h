/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet's next hop: device and MACs for an address, cached for a second (nexthop_cached), then asked of the kernel's FIB
 * again (nexthop_resolve). */
#ifndef WEIR_NEXTHOP_H
#define WEIR_NEXTHOP_H

/* Copies both MACs, destination and source, in words: the compiler would copy byte by byte. */
static __always_inline void copy_macs(void *to, const void *from) {
  ((__u32 *)to)[0] = ((const __u32 *)from)[0];
  ((__u32 *)to)[1] = ((const __u32 *)from)[1];
  ((__u32 *)to)[2] = ((const __u32 *)from)[2];
}

struct hop {
  __u32 ifindex;
  __u8 dmac[6];
  __u8 smac[6];
  __u16 mtu;
  __u16 flags;
};

enum hop_answer {
  HOP_READY,    /* `hop` is complete */
  HOP_RESOLVE,  /* the device and the gateway are known, the neighbour is not */
  HOP_LOCAL,    /* the address is one of this host, or there is no route: the stack decides */
  HOP_NONE,     /* no route */
  HOP_UNKNOWN,  /* the kernel gives no answer: forwarding is off everywhere */
};

/* A cached hop no older than fresh_for. */
static __always_inline bool hop_read(struct nexthop *n, __u32 addr, __u32 now, __u32 fresh_for, struct hop *h) {
  __u32 seq = READ(n->seq);
  if (READ(n->addr) != addr || now - READ(n->stamp) > fresh_for || seq & 1) return false;
  h->ifindex = READ(n->ifindex);
  copy_macs(h->dmac, n->dmac);
  h->mtu = READ(n->mtu);
  h->flags = READ(n->flags);
  barrier();
  return READ(n->seq) == seq && h->ifindex;
}

static __always_inline void nexthop_store(struct nexthop *n, __u32 addr, __u32 now, struct hop *h) {
  __u32 seq = READ(n->seq);
  if (seq & 1 || CAS(&n->seq, seq, seq + 1) != seq) return;
  n->addr = addr;
  n->ifindex = h->ifindex;
  copy_macs(n->dmac, h->dmac);
  n->mtu = h->mtu;
  n->flags = h->flags;
  n->stamp = now;
  barrier();
  __sync_fetch_and_add(&n->seq, 1);
}

/* ---- the clients' (the rules of their memory stand in abi.h) */

/* Is it of this clock unit, or a little later because another CPU read the clock? */
static __always_inline bool is_just_now(__u32 stamp, __u32 now) { return stamp - now < 1 << 16; }

/* How old a client's hop may be: there are many, asking is expensive, and a changed route must take effect within 2 s. */
static __always_inline __u32 client_fresh_for(struct conf *c) {
  __u32 second = READ(c->fresh_for);
  return (__s32)second < 0 ? second : second + (second >> 1);
}

/* Whose next hop it is: the client's, for replies from a virtual address where that counts (hop_source): that is the upper half. The lower half, the
 * tag of an entry in its set, has both: so two virtual addresses of one client may have entries in one set. */
static __always_inline __u64 hop_key(__u32 addr, __u32 source) { return (addr ^ source) | (__u64)source << 32; }
static __always_inline __u32 hop_tag(__u64 key) { return key; }

static __always_inline struct client_hop_set *client_hop_set(__u64 key) {
  __u32 i = keyed_hash(key) & (CLIENT_HOP_SETS - 1);
  return bpf_map_lookup_elem(&client_hops, &i);
}

/* Had the egress its content when an entry with this stamp was written? */
static __always_inline bool egress_is_older(struct egress *e, __u32 stamp) { return (__s32)(stamp - READ(e->written_at)) >= 0; }

#ifndef IPV6
/* IPv4: `known` has the client's address (nexthop6.h: of IPv6). */
static __always_inline bool hop_is_of_client(struct client_hop *w) { return true; }
static __always_inline void hop_store_client(struct client_hop *w) {}

/* 0: the virtual address `saddr` of a reply does not choose its route. */
static __always_inline __u32 hop_source(struct conf *c, __u32 saddr) { return unlikely(READ(c->source_rules)) ? saddr : 0; }
#endif

static __always_inline bool client_hop_is(struct client_hop *w, __u64 key) { return (__u32)READ(w->known) == hop_tag(key) && hop_is_of_client(w); }

/* The entry of this key, 0 = none. */
static __always_inline struct client_hop *client_hop_find(struct client_hop_set *set, __u64 key) {
  if (client_hop_is(&set->entry[0], key)) return &set->entry[0];
  if (client_hop_is(&set->entry[1], key)) return &set->entry[1];
  if (client_hop_is(&set->entry[2], key)) return &set->entry[2];
  if (client_hop_is(&set->entry[3], key)) return &set->entry[3];
  return 0;
}

/* As hop_read(), of a client. The hop is filled in before it is known whether it is valid. */
static __always_inline bool client_hop_read(struct client_hop *w, __u64 key, __u32 now, __u32 fresh_for, struct hop *h) {
  __u32 tag = hop_tag(key);
  __u64 known = READ(w->known), next = READ(w->next);
  __u32 stamp = known >> 32, *macs = (__u32 *)h->dmac;
  struct egress *e = egress_at(next >> NEXT_EGRESS_SHIFT);
  if ((__u32)known != tag || tag == CLIENT_HOP_CLAIMED || now - stamp > fresh_for || !e) return false;
  if (READ(e->source) != key >> 32) return false;
  h->ifindex = READ(e->ifindex);
  h->mtu = READ(e->mtu);
  h->flags = READ(e->flags);
  macs[0] = next;
  macs[1] = (next >> 32 & 0xffff) | READ(e->smac[0]);
  macs[2] = READ(e->smac[1]);
  return egress_is_older(e, stamp) && hop_is_of_client(w) && READ(w->known) == known && h->ifindex;
}

/* The cached next hop of a client for replies from `saddr`. False: there is none, or it is too old. */
static __always_inline bool hop_of_client(struct conf *c, __u32 addr, __u32 saddr, __u32 now, struct hop *h) {
  __u64 key = hop_key(addr, hop_source(c, saddr));
  struct client_hop_set *set = client_hop_set(key);
  if (!set) return false;
  CHECKED(set);
  struct client_hop *w = client_hop_find(set, key);
  return w && client_hop_read(w, key, now, client_fresh_for(c), h);
}

/* Where to store a client's hop: its own entry, else the oldest. */
static __always_inline struct client_hop *client_hop_entry(__u64 key, __u32 now) {
  struct client_hop_set *set = client_hop_set(key);
  if (!set) return 0;
  CHECKED(set);
  struct client_hop *oldest = client_hop_find(set, key);
  if (oldest) return oldest;
  oldest = &set->entry[0];
#pragma clang loop unroll(full)
  for (int i = 1; i < 4; i++) {
    if (now - (__u32)(READ(set->entry[i].known) >> 32) > now - (__u32)(READ(oldest->known) >> 32)) oldest = &set->entry[i];
  }
  return oldest;
}

#define EGRESS_PROBES 8

static __always_inline __u32 egress_home(struct hop *h, __u32 source) {
  return keyed_hash((__u64)h->ifindex | (__u64)(((__u32 *)h->dmac)[2] ^ h->mtu ^ source) << 32);
}

static __always_inline bool egress_is(struct egress *e, struct hop *h, __u32 source, __u32 now) {
  __u32 *macs = (__u32 *)h->dmac;
  return READ(e->ifindex) == h->ifindex && READ(e->mtu) == h->mtu && READ(e->flags) == h->flags && READ(e->source) == source &&
         READ(e->smac[0]) == (macs[1] & 0xffff0000) && READ(e->smac[1]) == macs[2] && (is_just_now(READ(e->written_at), now) || now - READ(e->written_at) <= EGRESS_AGE_MAX);
}

/* Marks an egress as used now. False: another CPU changed it, perhaps to another content. */
static __always_inline bool egress_use(struct egress *e, __u64 use, __u32 now) {
  if (is_just_now(use, now)) return READ(e->use) == use;
  return CAS(&e->use, use, (use >> 32 << 32) | now) == use;
}

/* Rewrites an egress that was not used for long. */
static __always_inline bool egress_replace(struct egress *e, struct hop *h, __u32 source, __u32 now) {
  __u64 use = READ(e->use), claimed = ((use >> 32) + 1) << 32 | now;
  __u32 *macs = (__u32 *)h->dmac;
  if (use && (use >> 32 & 1 || is_just_now(use, now) || now - (__u32)use <= EGRESS_IDLE_MIN)) return false;
  if (CAS(&e->use, use, claimed) != use) return false;
  WRITE(e->written_at, now);
  WRITE(e->ifindex, h->ifindex);
  WRITE(e->mtu, h->mtu);
  WRITE(e->flags, h->flags);
  WRITE(e->source, source);
  WRITE(e->smac[0], macs[1] & 0xffff0000);
  WRITE(e->smac[1], macs[2]);
  WRITE(e->use, claimed + (1ull << 32));
  return true;
}

/* The number of the egress with a hop's content, marked as used now; made where there is none. 0: no room, or another CPU changed it. */
__noinline __u32 egress_of(struct hop *h, __u32 source, __u32 now) {
  if (!h) return 0;
  __u32 home = egress_home(h, source);
#pragma clang loop unroll(disable)
  for (__u32 i = 0; i < 2 * EGRESS_PROBES; i++) { /* twice around: to find it, then to find room for it */
    __u32 id = (home + (i & (EGRESS_PROBES - 1))) & (EGRESSES - 1);
    struct egress *e = egress_at(id);
    if (!id || !e) continue;
    CHECKED(e);
    if (i < EGRESS_PROBES) {
      __u64 use = READ(e->use);
      if (!(use >> 32 & 1) && egress_is(e, h, source, now)) return egress_use(e, use, now) ? id : 0;
    } else if (egress_replace(e, h, source, now)) {
      return id;
    }
  }
  return 0;
}

static __always_inline void client_hop_store(struct client_hop *w, __u64 key, __u32 now, struct hop *h) {
  __u32 tag = hop_tag(key);
  __u64 was = READ(w->known), stamp = (__u64)now << 32;
  if (tag == CLIENT_HOP_CLAIMED || (__u32)was == CLIENT_HOP_CLAIMED || (was && is_just_now(was >> 32, now))) return;
  __u32 egress = egress_of(h, key >> 32, now), *macs = (__u32 *)h->dmac;
  if (!egress || CAS(&w->known, was, stamp | CLIENT_HOP_CLAIMED) != was) return;
  hop_store_client(w);
  WRITE(w->next, macs[0] | (__u64)(macs[1] & 0xffff) << 32 | (__u64)egress << NEXT_EGRESS_SHIFT);
  WRITE(w->known, stamp | tag);
}

/* Removes the old entries of one set (timer). */
static __always_inline void client_hops_sweep(__u32 i, __u32 now) {
  i &= CLIENT_HOP_SETS - 1;
  struct client_hop_set *set = bpf_map_lookup_elem(&client_hops, &i);
  if (!set) return;
  CHECKED(set);
#pragma clang loop unroll(full)
  for (int k = 0; k < 4; k++) {
    __u64 known = READ(set->entry[k].known);
    __u32 stamp = known >> 32;
    if (now - stamp <= CLIENT_HOP_AGE_MAX || is_just_now(stamp, now) || (__u32)known == CLIENT_HOP_CLAIMED) continue;
    CAS(&set->entry[k].known, known, 0);
  }
}

/* ---- asking the kernel */

_Static_assert(INTERFACES == INTERFACE_SET << (32 - INTERFACE_HASH_SHIFT), "as many sets as a number chooses from");

/* The place of an interface's record in the set of its number; INTERFACES: it has none there. A global function: verified once. */
__noinline __u32 interface_place(__u32 ifindex) {
  __u32 place = (ifindex * INTERFACE_HASH >> INTERFACE_HASH_SHIFT) * INTERFACE_SET;
#pragma clang loop unroll(full)
  for (int k = 0; k < INTERFACE_SET; k++, place++) {
    struct interface *i = bpf_map_lookup_elem(&interfaces, &place);
    if (i && READ(i->ifindex) == ifindex) return place;
  }
  return INTERFACES;
}

/* Nearly every interface has its first place: one line is read then, else two. */
static __always_inline struct interface *interface_at(__u32 ifindex) {
  __u32 place = ifindex & (INTERFACES - 1);
  struct interface *i = bpf_map_lookup_elem(&interfaces, &place);
  if (likely(i && READ(i->ifindex) == ifindex)) return i;
  place = interface_place(ifindex);
  return bpf_map_lookup_elem(&interfaces, &place);
}

/* What holds for an attached interface that found no place. */
static __always_inline struct interface *interface_without_place(void) {
  __u32 none = 0;
  return bpf_map_lookup_elem(&interfaces, &none);
}

#ifdef TUNNEL
#include "tunnel-hop.h"
#elif !defined(IPV6)
static __always_inline long fib_ask(void *ctx, struct bpf_fib_lookup *fib, __u32 ifindex, __u32 addr, __u32 saddr, __u32 flags) {
  *fib = (struct bpf_fib_lookup){.family = F_INET, .ipv4_src = saddr, .ipv4_dst = addr, .ifindex = ifindex, .tot_len = 1};
  return bpf_fib_lookup(ctx, fib, sizeof *fib, flags);
}
#endif

/* Is the gateway that hop_ask() has just answered an IPv6 address (RFC 8950)? It stands in the scratch space. */
static __always_inline bool gateway_is_v6(void) {
  struct scratch *scratch = the_scratch();
  return scratch && scratch->fib.family == F_INET6;
}

/* Has the FIB no answer? It has none by an interface where forwarding is off, as it may be with DR, or which is gone: weir's own may have been
 * deleted. */
static __always_inline bool fib_is_silent(long rc) { return rc < 0 || rc == BPF_FIB_LKUP_RET_FWD_DISABLED; }

/* weir's own; 0: there is none. */
static __always_inline __u32 own_device(void) {
  struct conf *c = the_conf();
  return c ? c->pair_ifindex : 0;
}

#if !defined(IPV6) && !defined(TUNNEL)
/* The device by which the FIB is asked about servers first, and of other addresses second: it forwards whatever the others do. */
static __always_inline __u32 asking_device(bool of_server) { return own_device(); }
#endif

/* Asks the FIB as if the packet came in by `first`, or where that gives no answer (there may be no such device, too) by `second`. `by`: the one
 * that was asked last. */
static __always_inline long fib_ask_either(void *ctx, struct bpf_fib_lookup *fib, __u32 first, __u32 second, __u32 addr, __u32 saddr, __u32 *by) {
  long rc = fib_ask(ctx, fib, *by = first, addr, saddr, 0);
  return fib_is_silent(rc) ? fib_ask(ctx, fib, *by = second, addr, saddr, 0) : rc;
}

/* Asks the FIB for a next hop, `first` and `second` as in fib_ask_either(). `gateway`: the neighbour to resolve where the answer is HOP_RESOLVE;
 * 1 where it is an IPv6 address. */
static __always_inline enum hop_answer hop_ask(void *ctx, __u32 first, __u32 second, __u32 addr, __u32 saddr, struct hop *h, __u32 *gateway) {
  struct scratch *scratch = the_scratch();
  __u32 by;
  if (!scratch) return HOP_NONE;
  CHECKED(scratch);
  struct bpf_fib_lookup *fib = &scratch->fib;
  long rc = fib_ask_either(ctx, fib, first, second, addr, saddr, &by);
  if (fib_is_silent(rc)) return HOP_UNKNOWN;
  if (rc == BPF_FIB_LKUP_RET_NOT_FWDED) return HOP_LOCAL;
  if (rc != BPF_FIB_LKUP_RET_SUCCESS && rc != BPF_FIB_LKUP_RET_NO_NEIGH) return HOP_NONE;
  h->ifindex = fib->ifindex;
  h->mtu = fib->mtu_result > 1 ? fib->mtu_result : 0;
  h->flags = 0;
  *gateway = fib->family == F_INET6 ? 1 : fib->ipv4_dst;
  if (rc == BPF_FIB_LKUP_RET_NO_NEIGH) return HOP_RESOLVE;
  __builtin_memcpy(h->dmac, fib->dmac, 6);
  __builtin_memcpy(h->smac, fib->smac, 6);
  struct interface *l = interface_at(fib->ifindex);
  if (l && l->flags & INTERFACE_XDP) h->flags |= NH_XDP;
  if (l && l->flags & INTERFACE_PEER) h->flags |= NH_PEER;
  return HOP_READY;
}

/* The cached next hop: a destination has its own; replies (d = 0) look in the table of clients, with the virtual address `saddr`. */
static __always_inline bool nexthop_cached(struct conf *c, struct dest *d, __u32 addr, __u32 saddr, __u32 now, struct hop *h) {
  return d ? hop_read(&d->hop, addr, now, c->fresh_for, h) : hop_of_client(c, addr, saddr, now, h);
}

/* Was the hop ever resolved? */
static __always_inline bool hop_is_known(struct conf *c, struct dest *d, __u32 addr, __u32 saddr) {
  if (d) return d->hop.addr == addr;
  __u64 key = hop_key(addr, hop_source(c, saddr));
  struct client_hop_set *set = client_hop_set(key);
  if (!set) return false;
  CHECKED(set);
  return client_hop_find(set, key);
}

/* Asks the FIB for the next hop to a destination, or (dest = 0) of replies from `saddr` to the client `addr`, and caches it. `gateway` is not 0
 * where the kernel must look after its neighbour: there was an answer before, which may be old, or the neighbour is unknown. */
static __always_inline enum hop_answer nexthop_resolve(void *ctx, __u32 ifindex, __u32 dest, __u32 addr, __u32 saddr, struct hop *h, __u32 *gateway) {
  struct dest *d = dest ? dest_at(dest) : 0;
  struct conf *c = the_conf();
  if (!c) return HOP_NONE;
  /* The answer about a destination is for the packets of all clients: so, as in IPVS, neither the address of one of them (`saddr` is none) nor the
   * interface that its packet came by may choose the route. */
  __u32 own = asking_device(d);
  enum hop_answer answer = hop_ask(ctx, d ? own : ifindex, d ? ifindex : own, addr, saddr, h, gateway);
  __u32 now = clock_now();
  __u64 key = hop_key(addr, d ? 0 : hop_source(c, saddr));
  addr = hop_tag(key); /* of which one value is kept on the stack */
  struct client_hop *entry = d ? 0 : client_hop_entry(key, now);
  if (!d && !entry) return HOP_NONE;
  if (answer == HOP_UNKNOWN) {
    /* Writing ip_forward=0 turns it off on weir's device, too, until the next weir command. Until then the old answer is used. */
    *gateway = 0;
    bool had = d ? hop_read(&d->hop, addr, READ(d->hop.stamp), 0, h) : client_hop_read(entry, key, now, ~0u, h);
    if (d && (had ? h->flags & NH_LOCAL : d->flags & D_LOCAL)) return HOP_LOCAL;
    return had ? HOP_READY : HOP_NONE;
  }
  if (answer == HOP_LOCAL && d) {
    *h = (struct hop){.ifindex = LOOPBACK, .flags = NH_LOCAL};
    nexthop_store(&d->hop, addr, now, h);
  }
  if (answer != HOP_READY) return answer;
  if ((d ? d->hop.addr : (__u32)READ(entry->known)) != addr) *gateway = 0; /* the first answer is not old */
  if (d) nexthop_store(&d->hop, addr, now, h);
  else client_hop_store(entry, key, now, h);
  return HOP_READY;
}

#endif
