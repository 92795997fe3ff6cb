/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where a packet goes next: device and MACs for an address, remembered for a second (hop_remembered), then asked of the
 * kernel's FIB again (hop_renew). These two are where a packet's next hop is chosen. */
#ifndef WEIR_NEXTHOP_H
#define WEIR_NEXTHOP_H

/* Both MACs, destination and source, in words: the compiler would go byte by byte. */
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
  HOP_HERE,     /* the address is our own, or there is no route: the stack decides */
  HOP_NONE,     /* no route */
  HOP_SILENT,   /* the kernel would not say: forwarding is off everywhere */
};

static __always_inline struct nexthop_set *hop_set(__u32 addr) {
  __u32 i = keyed_hash(addr) & (NEXTHOP_SETS - 1);
  return bpf_map_lookup_elem(&nexthops, &i);
}

/* A remembered hop no older than fresh_for. */
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

static __always_inline bool hop_of_client(struct conf *c, __u32 addr, __u32 now, struct hop *h) {
  struct nexthop_set *set = hop_set(addr);
  if (!set) return false;
  return hop_read(&set->way[0], addr, now, c->fresh_for, h) || hop_read(&set->way[1], addr, now, c->fresh_for, h);
}

/* Where a client's hop is kept: its own way, else the one that was asked for longest ago. */
static __always_inline struct nexthop *hop_place(__u32 addr) {
  struct nexthop_set *set = hop_set(addr);
  if (!set) return 0;
  bool second = set->way[1].addr == addr || (set->way[0].addr != addr && (__s32)(set->way[1].stamp - set->way[0].stamp) < 0);
  return second ? &set->way[1] : &set->way[0];
}

static __always_inline void hop_remember(struct nexthop *n, __u32 addr, __u32 now, struct hop *h) {
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

static __always_inline struct leg *leg_at(__u32 ifindex) {
  __u32 i = ifindex & (LEGS - 1);
  struct leg *l = bpf_map_lookup_elem(&legs, &i);
  return l && l->ifindex == ifindex ? l : 0;
}

/* Asks the kernel. `gateway` is what to resolve where the answer is HOP_RESOLVE. */
static __always_inline enum hop_answer hop_ask(void *ctx, __u32 ifindex, __u32 addr, __u32 saddr, struct hop *h, __u32 *gateway) {
  struct bpf_fib_lookup fib = {.family = F_INET, .ipv4_src = saddr, .ipv4_dst = addr, .ifindex = ifindex, .tot_len = 1};
  long rc = bpf_fib_lookup(ctx, &fib, sizeof fib, 0);
  if (rc == BPF_FIB_LKUP_RET_FWD_DISABLED) {
    /* Forwarding is off on this leg, as it may be for DR: ask as if the packet came in by weir's own device. */
    struct conf *c = the_conf();
    if (!c || !c->pair_ifindex) return HOP_SILENT;
    fib = (struct bpf_fib_lookup){.family = F_INET, .ipv4_src = saddr, .ipv4_dst = addr, .ifindex = c->pair_ifindex, .tot_len = 1};
    rc = bpf_fib_lookup(ctx, &fib, sizeof fib, 0);
  }
  if (rc == BPF_FIB_LKUP_RET_FWD_DISABLED) return HOP_SILENT;
  if (rc == BPF_FIB_LKUP_RET_NOT_FWDED) return HOP_HERE;
  if (rc != BPF_FIB_LKUP_RET_SUCCESS && rc != BPF_FIB_LKUP_RET_NO_NEIGH) return HOP_NONE;
  h->ifindex = fib.ifindex;
  h->mtu = fib.mtu_result > 1 ? fib.mtu_result : 0;
  h->flags = 0;
  *gateway = fib.ipv4_dst;
  if (rc == BPF_FIB_LKUP_RET_NO_NEIGH) return HOP_RESOLVE;
  __builtin_memcpy(h->dmac, fib.dmac, 6);
  __builtin_memcpy(h->smac, fib.smac, 6);
  struct leg *l = leg_at(fib.ifindex);
  if (l && l->flags & LEG_XDP) h->flags |= NH_XDP;
  if (l && l->flags & LEG_PEER) h->flags |= NH_PEER;
  return HOP_READY;
}

/* What is remembered of a next hop: a destination carries its own, replies (d = 0) look in the table of clients. */
static __always_inline bool hop_remembered(struct conf *c, struct dest *d, __u32 addr, __u32 now, struct hop *h) {
  return d ? hop_read(&d->hop, addr, now, c->fresh_for, h) : hop_of_client(c, addr, now, h);
}

/* Asks the kernel again for the next hop to a destination, or (dest = 0) of replies to the client `addr`, and remembers it.
 * `gateway` is not 0 where there was an answer before, which may be old, or where the neighbour is unknown. */
static __always_inline enum hop_answer hop_renew(void *ctx, __u32 ifindex, __u32 dest, __u32 addr, __u32 saddr, struct hop *h, __u32 *gateway) {
  enum hop_answer answer = hop_ask(ctx, ifindex, addr, saddr, h, gateway);
  struct dest *d = dest ? dest_at(dest) : 0;
  struct nexthop *place = d ? &d->hop : hop_place(addr);
  if (!place) return HOP_NONE;
  if (answer == HOP_SILENT) {
    /* Writing ip_forward=0 turns it off on weir's device too, until the next weir command. The old answer is the best. */
    *gateway = 0;
    return hop_read(place, addr, READ(place->stamp), 0, h) ? HOP_READY : HOP_NONE;
  }
  if (answer != HOP_READY) return answer;
  if (place->addr != addr) *gateway = 0; /* the first time there is nothing to doubt */
  hop_remember(place, addr, clock_now(), h);
  return HOP_READY;
}

#endif
