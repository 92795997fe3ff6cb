/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Flows of FULLNAT: which local address and port stands for a client at its server. A connection has a flow as long as it lasts. */
#ifndef WEIR_FULLNAT_H
#define WEIR_FULLNAT_H

#define FLOWS_ASKED 64 /* where no port is free, so many flows one after the other are asked to give way */
#define EEXIST 17

static __always_inline __u32 flow_word(struct fullnat_client *c, __u32 state) {
  __u32 protocol = c->dest >> FULLNAT_PROTOCOL_SHIFT;
  __u32 tag = unlikely(protocol) ? keyed_hash((__u64)words_fold(c->vaddr) << 32 | c->vport << 8 | protocol) | 1 : 0;
  return c->port | state << FLOW_STATE_SHIFT | tag << FLOW_TAG_SHIFT;
}
static __always_inline __u32 client_dest(struct fullnat_client *c) { return c->dest & ((1u << FULLNAT_PROTOCOL_SHIFT) - 1); }

/* The key of a connection: its client, and of a service of all ports or of a mark the virtual endpoint, too. */
static __always_inline void client_key(struct fullnat_client *c, struct fullnat_work *work, const __u32 *client, __u16 port, const __u32 *vaddr,
                                       __u16 vport, __u8 protocol) {
  __builtin_memset(c, 0, sizeof *c);
  words_copy(c->client, client);
  c->port = port;
  c->dest = work->dest;
  if (likely(!work->wide)) return;
  words_copy(c->vaddr, vaddr);
  c->vport = vport;
  c->dest |= (__u32)protocol << FULLNAT_PROTOCOL_SHIFT;
}
/* Of a request's connection. */
static __always_inline void client_of(struct fullnat_client *c, struct packet *p, struct fullnat_work *work) {
  client_key(c, work, source_of(p), p->sport, target_of(p), p->dport, p->protocol);
}

static __always_inline bool flow_is_of(struct fullnat_flow *f, struct fullnat_client *c) {
  return READ(f->word) == flow_word(c, FLOW_LIVE) && words_equal(f->client, c->client) && READ(f->dest) == client_dest(c);
}

/* The flow lives as long as its connection. Where the timer may be about to take it away, or it may be about to give way, the store comes before the look
 * at the word for all CPUs. */
static __always_inline bool flow_renew(struct fullnat_flow *f, struct fullnat_client *c, struct conf *conf, struct fullnat_work *work) {
  __u32 was = READ(f->until), until = work->until;
  bool moved = READ(f->state) != work->state;
  if (unlikely(moved)) __sync_lock_test_and_set(&f->state, work->state);
  if (likely(was == until)) return likely(!moved) || flow_is_of(f, c);
  if ((__s32)(was - clock_now()) > (__s32)units_of(conf, FULLNAT_GRACE_SECONDS)) WRITE(f->until, until);
  else __sync_lock_test_and_set(&f->until, until);
  return flow_is_of(f, c);
}

/* Puts the virtual endpoint of a flow that ends into its connection's key. */
static __always_inline void virtual_take(struct fullnat_client *c, __u32 place) {
  struct fullnat_virtual *v = bpf_map_lookup_elem(&fullnat_virtuals, &place);
  if (!v) return;
  __builtin_memcpy(c->vaddr, v->addr, sizeof c->vaddr);
  c->vport = v->port;
  c->dest |= (__u32)v->protocol << FULLNAT_PROTOCOL_SHIFT;
  bpf_map_delete_elem(&fullnat_virtuals, &place);
}

/* Who ends a flow: no other CPU does then. It may still be given back, by its word. */
static __always_inline bool flow_ending(struct fullnat_flow *f, __u32 word) {
  return CAS(&f->word, word, word ^ (FLOW_LIVE ^ FLOW_ENDING) << FLOW_STATE_SHIFT) == word;
}

/* Takes the flow away from its connection. It is free for no other one until its word is stored, or 0; its port is not free yet. */
__noinline int flow_forget(struct fullnat_flow *f, __u32 word, __u32 place) {
  struct fullnat_client c;
  if (!f) return 0;
  __builtin_memset(&c, 0, sizeof c);
  words_copy(c.client, f->client);
  c.port = word;
  c.dest = READ(f->dest);
  if (word >> FLOW_TAG_SHIFT) virtual_take(&c, place);
  struct fullnat_place *found = bpf_map_lookup_elem(&fullnat_clients, &c);
  if (found && found->place == place) bpf_map_delete_elem(&fullnat_clients, &c);
  return 0;
}

/* How readily a flow gives way: as its connection would in a full table, but for those that are established and not proven, which are the last ones.
 * EVICT_NEVER: it does not, as one that is proven. */
static __always_inline __u32 flow_class(struct conf *c, struct fullnat_flow *f, __u32 now) {
  __u32 state = READ(f->state);
  if ((state & FLOW_SCTP) != (OF_SCTP ? FLOW_SCTP : 0)) return EVICT_NEVER; /* its states are other ones */
  __u32 class = eviction_class(c, (__u64)state << 32 | READ(f->until), now);
  if (class == EVICT_UNPROVEN) return EVICT_IDLE;
  return class < EVICT_IDLE ? class : EVICT_NEVER;
}

/* Which ports are asked: where some were never handed out, those that were, in their order. Flows from another director have others. */
static __always_inline bool are_ports_left(struct fullnat_pool *p) { return READ(p->handed) < READ(p->count) && READ(p->used) <= READ(p->handed); }
static __always_inline __u32 ports_asked(struct fullnat_pool *p) { return are_ports_left(p) ? READ(p->handed) : READ(p->count); }
static __always_inline __u32 port_asked(struct fullnat_pool *p, __u32 n) {
  __u32 count = READ(p->count), many = ports_asked(p);
  if (!count || !many) return 0;
  n %= many;
  return READ(p->first) + (many < count ? ((__u64)READ(p->start) + (__u64)READ(p->step) * n) % count : n);
}

struct port_search {
  __u32 pool;
  __u32 rival; /* no port that this pool has, too */
  __u32 wide;  /* only flows with a virtual endpoint of their own, of which there are too many */
  __u32 next;  /* which flow is asked next */
  __u32 now;
  __u32 port; /* of the one that was found; 0: none */
  __u32 class;
  __u32 until;
};

/* Asks a flow. Not 0: it is over or half open, so that none is asked after it. */
static long port_ask(__u64 i, void *ctx) {
  struct port_search *s = ctx;
  struct fullnat_pool *p = pool_at(s->pool);
  struct conf *c = the_conf();
  if (!p || !c) return 1;
  __u32 port = port_asked(p, s->next);
  struct fullnat_flow *f = flow_at(s->pool, port);
  if (!f) return 1;
  CHECKED(f);
  s->next++;
  __u32 word = READ(f->word);
  if (flow_state(word) != FLOW_LIVE || (s->wide && !(word >> FLOW_TAG_SHIFT))) return 0;
  __u32 class = flow_class(c, f, s->now), until = READ(f->until);
  if (class > s->class || class == EVICT_NEVER || (class == s->class && (__s32)(until - s->until) >= 0)) return 0;
  if (is_rivals(s->rival, port)) return 0;
  s->port = port;
  s->class = class;
  s->until = until;
  return class <= EVICT_HALF_OPEN;
}

/* Which flow gives way. Of those that are asked the first one that is over or half open, else the oldest one of the lowest class. Others are asked the
 * next time, so that under a flood each new flow has the time that the others take. 0: none does. A global function, with its own stack frame. */
__noinline int port_seek(__u32 pool, __u32 rival, __u32 wide) {
  struct fullnat_pool *p = pool_at(pool);
  if (!p) return 0;
  __u32 next = READ(p->asked);
  struct port_search s = {.pool = pool, .rival = rival, .wide = wide, .next = next, .now = clock_now(), .class = EVICT_NEVER};
  __u32 many = ports_asked(p);
  bpf_loop(many < FLOWS_ASKED ? many : FLOWS_ASKED, port_ask, &s, 0);
  __sync_fetch_and_add(&p->asked, s.next - next);
  return s.port & (FULLNAT_PORTS - 1);
}

/* Where no port of the pool is free: that of a flow which gives way, claimed. 0: none does. */
__noinline int port_replace(__u32 pool, __u32 rival, __u32 wide) {
  struct conf *c = the_conf();
  __u32 port = port_seek(pool, rival, wide) & (FULLNAT_PORTS - 1);
  struct fullnat_flow *f = port ? flow_at(pool, port) : 0;
  if (!f || !c) return 0;
  CHECKED(f);
  __u32 word = READ(f->word);
  if (flow_state(word) != FLOW_LIVE || !flow_ending(f, word)) return 0;
  if (flow_class(c, f, clock_now()) == EVICT_NEVER) { /* a packet came meanwhile */
    WRITE(f->word, word);
    return 0;
  }
  flow_forget(f, word, pool << 16 | port);
  count_reason(R_LOCAL_PORT_REPLACED);
  return port;
}

/* Makes a flow that was claimed the connection's, but for who finds it by that. */
static __always_inline void flow_fill(struct fullnat_flow *f, struct fullnat_client *c, struct fullnat_work *work) {
  words_copy(f->client, c->client);
  WRITE(f->dest, client_dest(c));
  WRITE(f->until, work->until);
  WRITE(f->state, work->state);
#ifdef REPORTS_CLIENTS
  WRITE(f->how, CLIENT_UNREPORTED);
#endif
  barrier();
  __sync_lock_test_and_set(&f->word, flow_word(c, FLOW_LIVE));
}

/* Makes the flow with this port of a pool, which was claimed, that of the packet in the scratch space; the work has its place then. False: a socket or the
 * rival has the port, which is given back. A global function, so that it is verified once. */
__noinline int flow_claim(struct __sk_buff *skb, __u32 place, struct fullnat_client *c, struct fullnat_work *work, __u32 rival) {
  struct scratch *scratch = the_scratch();
  __u32 pool = place >> 16, port = place & (FULLNAT_PORTS - 1);
  struct fullnat_pool *p = pool_at(pool);
  struct fullnat_flow *f = flow_at(pool, port);
  if (!p || !f || !c || !work || !scratch) return false;
  CHECKED(f);
  if (!has_socket(skb, p, port, scratch->packet.protocol, work->server_port)) {
    flow_fill(f, c, work);
    if (likely(!is_rivals(rival, port))) {
      work->pool = pool;
      work->port = port;
      work->report = 0;
      return true;
    }
  }
  port_unclaim(pool, port);
  return false;
}

/* Gives a flow back that no packet has used. */
static __always_inline void flow_drop(__u32 pool, __u32 port) {
  __u32 place = pool << 16 | port;
  bpf_map_delete_elem(&fullnat_virtuals, &place);
  port_unclaim(pool, port);
}

/* Is the pool that the work names of its destination's server? A number of a destination that is free again may have come to another server while flows
 * of the former one last. */
static __always_inline bool is_pool_of(struct fullnat_work *work) {
  struct fullnat_pool *p = pool_at(work->pool);
  struct dest *d = dest_at(work->dest);
  if (!p || !d || !words_equal(p->server, d->addr)) return false;
  return !p->server_port || (p->server_port == d->port && p->protocol == d->protocol);
}

/* The key of an exact service's connection; 0: there is no such destination. */
static __always_inline __u64 client_conn_key(struct fullnat_client *c) {
  struct dest *d = dest_at(client_dest(c));
  return d ? conn_key(words_key(c->client), c->port, d->service) : 0;
}

/* The flow at a place where a connection may have it, which the work names then. 0: it is not this connection's, or its client is reported. */
static __always_inline struct fullnat_flow *flow_supposed(__u32 place, struct fullnat_client *c, struct fullnat_work *work) {
  struct fullnat_flow *f = place ? flow_at(place >> 16, place & 0xffff) : 0;
  if (!f) return 0;
  CHECKED(f);
  work->pool = place >> 16;
  work->port = place & 0xffff;
  work->report = 0;
  return flow_is_of(f, c) && !READ(f->how) && is_pool_of(work) ? f : 0;
}

/* The place of the connection's flow, which the work names then. 0: it has none. */
static __always_inline struct fullnat_flow *flow_place(struct fullnat_client *c, struct fullnat_work *work) {
  __u64 word = likely(!work->wide) ? lease_word(client_conn_key(c), c->client) : 0;
  struct fullnat_flow *f = flow_supposed(word & LEASE_PLACE, c, work);
  if (likely(f)) return f;
  struct fullnat_place *found = bpf_map_lookup_elem(&fullnat_clients, c);
  if (!found) return 0;
  __u32 place = found->place;
  work->pool = place >> 16;
  work->port = place & 0xffff;
  work->report = READ(found->report);
  f = flow_at(work->pool, work->port);
  if (f) CHECKED(f);
  return f;
}

/* Notes where the connection's flow, which was renewed, is found the next time. The epoch is read before the flow is looked at again. */
static __always_inline void flow_note(struct fullnat_flow *f, struct fullnat_client *c, struct conf *conf, struct fullnat_work *work) {
  struct fullnat_pool *p = pool_at(work->pool);
  if (work->wide || work->report || !p || READ(f->how)) return;
  __u64 word = work->pool << 16 | work->port;
  if (may_be_leased(conf, work->state) && p->server_port)
    word |= LEASE_GRANTED | (READ(p->epoch) & LEASE_EPOCHS) << LEASE_EPOCH_SHIFT | (__u64)work->until << LEASE_UNTIL_SHIFT;
  barrier();
  if (flow_is_of(f, c)) lease_store(client_conn_key(c), c->client, word);
}

/* The flow of a connection, which the work names then. FLOW_GONE: the timer is taking it away. FLOW_RIVAL: another CPU made one meanwhile. */
enum flow_answer { FLOW_NONE, FLOW_FOUND, FLOW_GONE, FLOW_RIVAL };
__noinline int flow_find(struct packet *p, struct fullnat_work *work) {
  struct conf *conf = the_conf();
  struct fullnat_client c;
  if (!p || !work || !conf) return FLOW_NONE;
  client_of(&c, p, work);
  struct fullnat_flow *f = flow_place(&c, work);
  if (!f) return FLOW_NONE;
  bool same = is_pool_of(work);
  if (likely(same) && flow_is_of(f, &c)) {
    if (!flow_renew(f, &c, conf, work)) return FLOW_GONE;
    flow_note(f, &c, conf, work);
    return FLOW_FOUND;
  }
  if (same && flow_state(READ(f->word)) == FLOW_ENDING && words_equal(f->client, c.client) && READ(f->dest) == client_dest(&c)) return FLOW_GONE;
  bpf_map_delete_elem(&fullnat_clients, &c); /* its pool was made again, or is another server's */
  return FLOW_NONE;
}

#define NO_VIRTUAL (-1)
#define WIDE_CROWDED 2 /* of the work: fullnat_virtuals is full, so that what gives way must have an element there */
/* Stores the virtual endpoint of a flow of a service of all ports or of a mark. 0 or an error. A global function, with its own stack frame. */
__noinline long flow_enter_virtual(struct fullnat_client *c, __u32 place, __u32 server_port) {
  if (!c) return -1;
  struct fullnat_virtual v = {.port = c->vport, .server_port = server_port, .protocol = c->dest >> FULLNAT_PROTOCOL_SHIFT};
  __builtin_memcpy(v.addr, c->vaddr, sizeof c->vaddr);
  return bpf_map_update_elem(&fullnat_virtuals, &place, &v, BPF_ANY);
}

/* Makes the flow known by its connection. 0 or an error. A global function, with its own stack frame. */
__noinline long flow_enter(struct fullnat_client *c, struct fullnat_work *work) {
  if (!c || !work) return -1;
  __u32 place = work->pool << 16 | work->port;
  if (unlikely(work->wide) && flow_enter_virtual(c, place, work->server_port)) return NO_VIRTUAL;
  struct fullnat_client key = *c; /* Linux 6.1 takes no key that a global function was given */
  struct fullnat_place to = {.place = place};
  return bpf_map_update_elem(&fullnat_clients, &key, &to, BPF_NOEXIST);
}

/* Is it a destination of FTP? Its servers may want a client's data connections from the address of its control connection. */
static __always_inline bool is_of_ftp(__u32 dest) {
  struct dest *d = dest_at(dest);
  return d && d->flags & D_FTP;
}

/* Makes the flow of a connection, from one pool. `full`: from none of them had it a port, and another flow gives way. A global function, so that the loop
 * over pools has few paths. */
__noinline int flow_make_in(struct __sk_buff *skb, struct fullnat_client *c, struct fullnat_work *work, __u32 pool, bool full) {
  if (!c || !work) return FLOW_NONE;
  __u32 rival = rival_pool(pool, work->server_port);
  bool claimed = false;
#pragma clang loop unroll(disable)
  for (int i = full ? PORT_TRIES - 1 : 0; i < PORT_TRIES && !claimed; i++) {
    __u32 port = full ? port_replace(pool, rival, work->wide == WIDE_CROWDED) : port_find(pool, rival);
    if (!port) return FLOW_NONE;
    claimed = flow_claim(skb, pool << 16 | port, c, work, rival);
  }
  if (!claimed) return FLOW_NONE;
  long failed = flow_enter(c, work);
  if (!failed) return FLOW_FOUND;
  flow_drop(work->pool, work->port);
  if (failed == NO_VIRTUAL) work->wide = WIDE_CROWDED;
  return failed == -EEXIST ? FLOW_RIVAL : FLOW_NONE;
}

/* Makes the flow of a connection, from the first of its destination's pools that has a port; where none has, or a map of flows is full, from the
 * first of which a flow gives way. Which one comes first, its client decides; of
 * FTP the client's address alone. */
__noinline int flow_make(struct __sk_buff *skb, struct packet *p, struct fullnat_work *work) {
  struct fullnat_client c;
  if (!p || !work) return FLOW_NONE;
  __u32 dest = work->dest;
  struct fullnat_dest *d = bpf_map_lookup_elem(&fullnat_dests, &dest);
  if (!d) return FLOW_NONE;
  CHECKED(d);
  client_of(&c, p, work);
  __u32 many = 0, turn = keyed_hash((__u64)words_fold(c.client) << 32 | (is_of_ftp(dest) ? 0 : c.port));
#pragma clang loop unroll(full)
  for (int k = 0; k < FULLNAT_LOCALS; k++) many += READ(d->pool[k]) != 0;
  if (!many) return FLOW_NONE;
#pragma clang loop unroll(disable)
  for (__u32 k = 0; k < 2 * FULLNAT_LOCALS; k++) {
    if (k >= 2 * many) break;
    __u32 which = (turn + k) % many & (FULLNAT_LOCALS - 1);
    int made = flow_make_in(skb, &c, work, READ(d->pool[which]), k >= many);
    if (made == FLOW_RIVAL) return flow_find(p, work);
    if (made == FLOW_FOUND) return FLOW_FOUND;
  }
  struct fullnat_pool *first = bpf_map_lookup_elem(&fullnat_pools, &d->pool[0]);
  if (first) __sync_fetch_and_add(&first->exhausted, 1);
  return FLOW_NONE;
}

/* Is the flow of a pool for all ports between these ends? Then the work has its virtual endpoint, where it is of the wide build. */
static __always_inline bool flow_is_between(struct fullnat_flow *f, __u16 server_port, __u8 protocol, struct fullnat_work *work) {
  __u32 place = work->pool << 16 | work->port;
  struct fullnat_virtual *v = READ(f->word) >> FLOW_TAG_SHIFT ? bpf_map_lookup_elem(&fullnat_virtuals, &place) : 0;
  if (!v) {
    struct dest *d = dest_at(READ(f->dest));
    return d && d->port == server_port && d->protocol == protocol;
  }
  if (v->server_port != server_port || v->protocol != protocol) return false;
  __builtin_memcpy(work->vaddr, v->addr, sizeof work->vaddr);
  work->vport = v->port;
  work->wide = true;
  return true;
}

/* The flow that a packet from the server is for, which the work names then. 0: there is none. */
static __always_inline struct fullnat_flow *flow_in(__u32 pool, __u32 port) {
  struct fullnat_flow *f = pool ? flow_at(pool, port) : 0;
  if (!f || flow_state(READ(f->word)) != FLOW_LIVE) return 0;
  CHECKED(f);
  return f;
}
static __always_inline struct fullnat_flow *flow_answered(const __u32 *server, const __u32 *local, __u16 server_port, __u32 port, __u8 protocol,
                                                          struct fullnat_work *work) {
  work->port = port;
  work->wide = false;
  work->pool = pool_of_pair(server, local, server_port, protocol);
  struct fullnat_flow *f = flow_in(work->pool, port);
  if (likely(f)) return f;
  work->pool = pool_of_pair(server, local, 0, 0);
  f = flow_in(work->pool, port);
  return f && flow_is_between(f, server_port, protocol, work) ? f : 0;
}

#endif
