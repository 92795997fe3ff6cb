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

/* ---- the clients' (the rules of their memory stand in abi.h) */

/* Is it this clock unit's, or a little later by another CPU's clock? */
static __always_inline bool is_just_now(__u32 stamp, __u32 now) { return stamp - now < 1 << 16; }

/* How old a client's hop may be: there are many, asking costs, and a changed route has 2 s to take effect. */
static __always_inline __u32 client_fresh_for(struct conf *c) {
  __u32 second = READ(c->fresh_for);
  return (__s32)second < 0 ? second : second + (second >> 1);
}

static __always_inline struct client_hop_set *client_hop_set(__u32 addr) {
  __u32 i = keyed_hash(addr) & (CLIENT_HOP_SETS - 1);
  return bpf_map_lookup_elem(&client_hops, &i);
}

/* Did the link have its content when a way was written? */
static __always_inline bool link_is_older(struct link *l, __u32 stamp) { return (__s32)(stamp - READ(l->born)) >= 0; }

/* The client's own way; 0 where it has none. */
static __always_inline struct client_hop *client_hop_find(struct client_hop_set *set, __u32 addr) {
  if ((__u32)READ(set->way[0].known) == addr) return &set->way[0];
  if ((__u32)READ(set->way[1].known) == addr) return &set->way[1];
  if ((__u32)READ(set->way[2].known) == addr) return &set->way[2];
  if ((__u32)READ(set->way[3].known) == addr) return &set->way[3];
  return 0;
}

/* As hop_read(), of a client; the hop's three words of MACs and its device are stored before it is known whether they hold. */
static __always_inline bool client_hop_read(struct client_hop *w, __u32 addr, __u32 now, __u32 fresh_for, struct hop *h) {
  __u64 known = READ(w->known), next = READ(w->next);
  __u32 stamp = known >> 32, *macs = (__u32 *)h->dmac;
  struct link *l = link_at(next >> NEXT_LINK_SHIFT);
  if ((__u32)known != addr || addr == CLIENT_HOP_CLAIMED || now - stamp > fresh_for || !l) return false;
  h->ifindex = READ(l->ifindex);
  h->mtu = READ(l->mtu);
  h->flags = READ(l->flags);
  macs[0] = next;
  macs[1] = (next >> 32 & 0xffff) | READ(l->smac[0]);
  macs[2] = READ(l->smac[1]);
  return link_is_older(l, stamp) && READ(w->known) == known && h->ifindex;
}

static __always_inline bool hop_of_client(struct conf *c, __u32 addr, __u32 now, struct hop *h) {
  struct client_hop_set *set = client_hop_set(addr);
  if (!set) return false;
  CHECKED(set);
  struct client_hop *w = client_hop_find(set, addr);
  return w && client_hop_read(w, addr, now, client_fresh_for(c), h);
}

/* Where a client's hop is kept: its own way, else the one that was asked for longest ago. */
static __always_inline struct client_hop *client_hop_place(__u32 addr, __u32 now) {
  struct client_hop_set *set = client_hop_set(addr);
  if (!set) return 0;
  CHECKED(set);
  struct client_hop *oldest = client_hop_find(set, addr);
  if (oldest) return oldest;
  oldest = &set->way[0];
#pragma clang loop unroll(full)
  for (int i = 1; i < 4; i++) {
    if (now - (__u32)(READ(set->way[i].known) >> 32) > now - (__u32)(READ(oldest->known) >> 32)) oldest = &set->way[i];
  }
  return oldest;
}

#define LINK_PROBES 8

static __always_inline __u32 link_home(struct hop *h) {
  return keyed_hash((__u64)h->ifindex | (__u64)(((__u32 *)h->dmac)[2] ^ h->mtu) << 32);
}

static __always_inline bool link_is(struct link *l, struct hop *h, __u32 now) {
  __u32 *macs = (__u32 *)h->dmac;
  return READ(l->ifindex) == h->ifindex && READ(l->mtu) == h->mtu && READ(l->flags) == h->flags &&
         READ(l->smac[0]) == (macs[1] & 0xffff0000) && READ(l->smac[1]) == macs[2] && (is_just_now(READ(l->born), now) || now - READ(l->born) <= LINK_OLD);
}

/* Marks a link as used now. False: somebody was faster, and perhaps gives it another content. */
static __always_inline bool link_use(struct link *l, __u64 use, __u32 now) {
  if (is_just_now(use, now)) return READ(l->use) == use;
  return CAS(&l->use, use, (use >> 32 << 32) | now) == use;
}

/* Gives a link that nobody used for long a new content. */
static __always_inline bool link_replace(struct link *l, struct hop *h, __u32 now) {
  __u64 use = READ(l->use), claimed = ((use >> 32) + 1) << 32 | now;
  __u32 *macs = (__u32 *)h->dmac;
  if (use && (use >> 32 & 1 || is_just_now(use, now) || now - (__u32)use <= LINK_KEPT)) return false;
  if (CAS(&l->use, use, claimed) != use) return false;
  WRITE(l->born, now);
  WRITE(l->ifindex, h->ifindex);
  WRITE(l->mtu, h->mtu);
  WRITE(l->flags, h->flags);
  WRITE(l->smac[0], macs[1] & 0xffff0000);
  WRITE(l->smac[1], macs[2]);
  WRITE(l->use, claimed + (1ull << 32));
  return true;
}

/* The number of the link with a hop's content, marked as used now, made where there is none; 0: no room, or somebody was faster. */
__noinline __u32 link_of(struct hop *h, __u32 now) {
  if (!h) return 0;
  __u32 home = link_home(h);
#pragma clang loop unroll(disable)
  for (__u32 i = 0; i < 2 * LINK_PROBES; i++) { /* twice around: to find it, to find room for it */
    __u32 id = (home + (i & (LINK_PROBES - 1))) & (LINKS - 1);
    struct link *l = link_at(id);
    if (!id || !l) continue;
    CHECKED(l);
    if (i < LINK_PROBES) {
      __u64 use = READ(l->use);
      if (!(use >> 32 & 1) && link_is(l, h, now)) return link_use(l, use, now) ? id : 0;
    } else if (link_replace(l, h, now)) {
      return id;
    }
  }
  return 0;
}

static __always_inline void client_hop_remember(struct client_hop *w, __u32 addr, __u32 now, struct hop *h) {
  __u64 was = READ(w->known), stamp = (__u64)now << 32;
  if (addr == CLIENT_HOP_CLAIMED || (__u32)was == CLIENT_HOP_CLAIMED || (was && is_just_now(was >> 32, now))) return;
  __u32 link = link_of(h, now), *macs = (__u32 *)h->dmac;
  if (!link || CAS(&w->known, was, stamp | CLIENT_HOP_CLAIMED) != was) return;
  WRITE(w->next, macs[0] | (__u64)(macs[1] & 0xffff) << 32 | (__u64)link << NEXT_LINK_SHIFT);
  WRITE(w->known, stamp | addr);
}

/* Clears one set of what is too old (timer). */
static __always_inline void client_hops_sweep(__u32 i, __u32 now) {
  i &= CLIENT_HOP_SETS - 1;
  struct client_hop_set *set = bpf_map_lookup_elem(&client_hops, &i);
  if (!set) return;
  CHECKED(set);
#pragma clang loop unroll(full)
  for (int k = 0; k < 4; k++) {
    __u64 known = READ(set->way[k].known);
    __u32 stamp = known >> 32;
    if (now - stamp <= CLIENT_HOP_KEPT || is_just_now(stamp, now) || (__u32)known == CLIENT_HOP_CLAIMED) continue;
    CAS(&set->way[k].known, known, 0);
  }
}

/* ---- asking the kernel */

static __always_inline struct leg *leg_at(__u32 ifindex) {
  __u32 i = ifindex & (LEGS - 1);
  struct leg *l = bpf_map_lookup_elem(&legs, &i);
  return l && l->ifindex == ifindex ? l : 0;
}

static __always_inline long fib_ask(void *ctx, struct bpf_fib_lookup *fib, __u32 ifindex, __u32 addr, __u32 saddr) {
  *fib = (struct bpf_fib_lookup){.family = F_INET, .ipv4_src = saddr, .ipv4_dst = addr, .ifindex = ifindex, .tot_len = 1};
  return bpf_fib_lookup(ctx, fib, sizeof *fib, 0);
}

/* Asks the kernel. `gateway` is what to resolve where the answer is HOP_RESOLVE. */
static __always_inline enum hop_answer hop_ask(void *ctx, __u32 ifindex, __u32 addr, __u32 saddr, struct hop *h, __u32 *gateway) {
  struct desk *desk = the_desk();
  if (!desk) return HOP_NONE;
  CHECKED(desk);
  struct bpf_fib_lookup *fib = &desk->fib;
  long rc = fib_ask(ctx, fib, ifindex, addr, saddr);
  if (rc == BPF_FIB_LKUP_RET_FWD_DISABLED) {
    /* Forwarding is off on this leg, as it may be for DR: ask as if the packet came in by weir's own device. */
    struct conf *c = the_conf();
    if (!c || !c->pair_ifindex) return HOP_SILENT;
    rc = fib_ask(ctx, fib, c->pair_ifindex, addr, saddr);
  }
  if (rc == BPF_FIB_LKUP_RET_FWD_DISABLED) return HOP_SILENT;
  if (rc == BPF_FIB_LKUP_RET_NOT_FWDED) return HOP_HERE;
  if (rc != BPF_FIB_LKUP_RET_SUCCESS && rc != BPF_FIB_LKUP_RET_NO_NEIGH) return HOP_NONE;
  h->ifindex = fib->ifindex;
  h->mtu = fib->mtu_result > 1 ? fib->mtu_result : 0;
  h->flags = 0;
  *gateway = fib->ipv4_dst;
  if (rc == BPF_FIB_LKUP_RET_NO_NEIGH) return HOP_RESOLVE;
  __builtin_memcpy(h->dmac, fib->dmac, 6);
  __builtin_memcpy(h->smac, fib->smac, 6);
  struct leg *l = leg_at(fib->ifindex);
  if (l && l->flags & LEG_XDP) h->flags |= NH_XDP;
  if (l && l->flags & LEG_PEER) h->flags |= NH_PEER;
  return HOP_READY;
}

/* What is remembered of a next hop: a destination carries its own, replies (d = 0) look in the table of clients. */
static __always_inline bool hop_remembered(struct conf *c, struct dest *d, __u32 addr, __u32 now, struct hop *h) {
  return d ? hop_read(&d->hop, addr, now, c->fresh_for, h) : hop_of_client(c, addr, now, h);
}

/* Was the hop known before, however long ago? */
static __always_inline bool hop_is_known(struct dest *d, __u32 addr) {
  if (d) return d->hop.addr == addr;
  struct client_hop_set *set = client_hop_set(addr);
  if (!set) return false;
  CHECKED(set);
  return client_hop_find(set, addr);
}

/* Asks the kernel again for the next hop to a destination, or (dest = 0) of replies to the client `addr`, and remembers it.
 * `gateway` is not 0 where there was an answer before, which may be old, or where the neighbour is unknown. */
static __always_inline enum hop_answer hop_renew(void *ctx, __u32 ifindex, __u32 dest, __u32 addr, __u32 saddr, struct hop *h, __u32 *gateway) {
  enum hop_answer answer = hop_ask(ctx, ifindex, addr, saddr, h, gateway);
  struct dest *d = dest ? dest_at(dest) : 0;
  __u32 now = clock_now();
  struct client_hop *way = d ? 0 : client_hop_place(addr, now);
  if (!d && !way) return HOP_NONE;
  if (answer == HOP_SILENT) {
    /* Writing ip_forward=0 turns it off on weir's device too, until the next weir command. The old answer is the best. */
    *gateway = 0;
    bool had = d ? hop_read(&d->hop, addr, READ(d->hop.stamp), 0, h) : client_hop_read(way, addr, now, ~0u, h);
    return had ? HOP_READY : HOP_NONE;
  }
  if (answer != HOP_READY) return answer;
  if ((d ? d->hop.addr : (__u32)READ(way->known)) != addr) *gateway = 0; /* the first time there is nothing to doubt */
  if (d) hop_remember(&d->hop, addr, now, h);
  else client_hop_remember(way, addr, now, h);
  return HOP_READY;
}

#endif
