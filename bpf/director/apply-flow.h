/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Gives connections of other directors the local address and port that stand for their client there. User space runs weir_apply_flows as apply.h's program
 * on the connections. A port comes from no pool then, so that it stays in its own, marked as foreign (fullnat-ports.h). */
#ifndef WEIR_APPLY_FLOW_H
#define WEIR_APPLY_FLOW_H

#include "apply-flow-abi.h"

TABLE(flow_page, struct flow_page, 1);
/* As those of maps.h. */
const volatile struct {
  enum flow_op op;
  enum flow_result answer;
} apply_flow_types_in_btf;

static __always_inline struct flow_page *the_flow_page(void) {
  __u32 zero = 0;
  return bpf_map_lookup_elem(&flow_page, &zero);
}
static __always_inline struct flow_record *flow_record_at(__u32 i) {
  struct flow_page *page = the_flow_page();
  if (!page) return 0;
  CHECKED(page);
  return &page->record[i & (FLOW_RECORDS - 1)];
}

/* That of its destination's pools which has the local address. 0: it has none. */
static __always_inline __u32 pool_with(struct flow_record *r) {
  __u32 dest = r->dest;
  struct fullnat_dest *d = bpf_map_lookup_elem(&fullnat_dests, &dest);
  if (!d) return 0;
  CHECKED(d);
#pragma clang loop unroll(disable)
  for (__u32 k = 0; k < FULLNAT_LOCALS; k++) {
    __u32 pool = READ(d->pool[k & (FULLNAT_LOCALS - 1)]);
    struct fullnat_pool *p = pool ? pool_at(pool) : 0;
    if (p && words_equal(p->local, r->local)) return pool;
  }
  return 0;
}

/* The pool of the other kind, which may have the port, too (rival_pool). */
static __always_inline __u32 applied_rival(struct fullnat_pool *p, struct flow_record *r) {
  bool wide = !p->server_port;
  return pool_of_pair(p->server, p->local, wide ? r->server_port : 0, wide ? r->protocol : 0);
}

/* Claims the port, whose flow gives way where its connection is over, or as it would where no port is free. 1: from its pool, so to speak, as who had it
 * before; 2: from no client; 0: it is another client's. */
static __always_inline int foreign_claim(struct conf *c, struct fullnat_flow *f, __u32 place, __u32 now) {
  __u32 word = READ(f->word);
  if (!word) return CAS(&f->word, 0, PORT_CLAIMED) ? 0 : 2;
  if (flow_state(word) != FLOW_LIVE || ((__s32)(READ(f->until) - now) >= 0 && flow_class(c, f, now) == EVICT_NEVER)) return 0;
  if (!flow_ending(f, word)) return 0;
  if ((__s32)(READ(f->until) - now) >= 0) {
    if (flow_class(c, f, now) == EVICT_NEVER) { /* a packet came meanwhile */
      WRITE(f->word, word);
      return 0;
    }
    count_reason(R_LOCAL_PORT_REPLACED);
  }
  flow_forget(f, word, place);
  return 1;
}

/* How its client is reported, which replies read. */
static __always_inline void how_apply(struct fullnat_flow *f, struct flow_record *r) {
#ifdef REPORTS_CLIENTS
  WRITE(f->how, r->report & REPORT_HOW);
#endif
}

/* Gives the client the flow with this place. A global function, so that it is verified once. */
__noinline int flow_place_foreign(__u32 i, struct fullnat_client *client, __u32 pool, __u32 now) {
  struct conf *conf = the_conf();
  struct flow_record *r = flow_record_at(i);
  struct fullnat_work *work = the_fullnat_work();
  struct fullnat_pool *p = pool_at(pool);
  if (!conf || !r || !client || !work || !p) return FLOW_BUSY;
  CHECKED(r);
  __u32 port = bpf_ntohs(r->local_port), place = pool << 16 | port, one = 1, rival = applied_rival(p, r);
  struct fullnat_flow *f = flow_at(pool, port);
  if (!f || port - READ(p->first) >= READ(p->count)) return FLOW_NO_PORT;
  CHECKED(f);
  if (is_rivals(rival, port)) return FLOW_NO_PORT;
  int claimed = foreign_claim(conf, f, place, now);
  if (!claimed) return FLOW_NO_PORT;
  if (claimed == 2) {
    if (bpf_map_update_elem(&fullnat_foreign, &place, &one, BPF_ANY)) {
      WRITE(f->word, 0);
      return FLOW_FULL;
    }
    __sync_fetch_and_add(&p->used, 1);
  }
  work->pool = pool;
  work->port = port;
  flow_fill(f, client, work);
  how_apply(f, r);
  if (is_rivals(rival, port)) {
    port_unclaim(pool, port);
    return FLOW_NO_PORT;
  }
  if (flow_enter(client, work)) {
    flow_drop(pool, port);
    return FLOW_FULL;
  }
  return FLOW_MADE;
}

/* What is known of the report of its client (client-address.h). */
static __always_inline void report_apply(struct flow_record *r, struct fullnat_client *client) {
  struct fullnat_place *to = r->report ? bpf_map_lookup_elem(&fullnat_clients, client) : 0;
  if (!to) return;
  WRITE(to->first, r->first);
  WRITE(to->report, r->report);
}

/* Ends the client's flow. False: another CPU does. */
static __always_inline bool flow_end_foreign(struct fullnat_flow *f, __u32 place) {
  struct fullnat_pool *p = pool_at(place >> 16);
  __u32 word = READ(f->word);
  if (!p || flow_state(word) != FLOW_LIVE || !flow_ending(f, word)) return false;
  leases_end(p);
  flow_forget(f, word, place);
  port_unclaim(place >> 16, place & (FULLNAT_PORTS - 1));
  return true;
}

/* Had the flow that is here its last packet later? Both directors know the state of its connection by that. */
static __always_inline bool outlives(struct fullnat_flow *f, struct flow_record *r) {
  return READ(f->state) == r->state && (__s32)(READ(f->until) - r->until) >= 0;
}

static __always_inline int flow_apply(struct flow_record *r, __u32 i, __u32 now) {
  struct fullnat_work *work = the_fullnat_work();
  struct fullnat_client client;
  __u32 pool = r->op == FLOW_DROP ? 0 : pool_with(r);
  if (!work) return FLOW_BUSY;
  if (!pool && r->op != FLOW_DROP) return FLOW_NO_LOCAL;
  work->dest = r->dest;
  work->until = r->until;
  work->state = r->state;
  work->server_port = r->server_port;
  work->wide = r->wide;
  client_key(&client, work, r->client, r->port, r->vaddr, r->vport, r->protocol);
  struct fullnat_flow *f = flow_place(&client, work);
  bool has = f && is_pool_of(work) && flow_is_of(f, &client);
  __u32 at = work->pool << 16 | work->port;
  bool same = has && at == (pool << 16 | bpf_ntohs(r->local_port));
  if (r->op == FLOW_DROP) return has && flow_end_foreign(f, at) ? FLOW_DROPPED : FLOW_BUSY;
  if (has && (r->op == FLOW_RESERVE || outlives(f, r))) return FLOW_HAS;
  if (same) {
    struct fullnat_pool *p = pool_at(pool);
    WRITE(f->state, r->state);
    if (p) leases_end(p);
    __sync_lock_test_and_set(&f->until, r->until);
    if (r->report) how_apply(f, r); /* announced again, now with its report */
    report_apply(r, &client);
    return FLOW_HAS;
  }
  if (has && !flow_end_foreign(f, at)) return FLOW_BUSY;
  if (!has) bpf_map_delete_elem(&fullnat_clients, &client); /* of a pool that was made again */
  int done = flow_place_foreign(i, &client, pool, now);
  if (done == FLOW_MADE) report_apply(r, &client);
  return done;
}

static long flow_apply_step(__u64 i, void *ctx) {
  __u32 *now = ctx;
  struct flow_record *r = flow_record_at(i);
  if (!r) return 1;
  CHECKED(r);
  r->answer = flow_apply(r, i, *now);
  return 0;
}

SEC("xdp")
int weir_apply_flows(struct xdp_md *ctx) {
  struct flow_page *page = the_flow_page();
  __u32 now = clock_now();
  if (page) bpf_loop(page->count < FLOW_RECORDS ? page->count : FLOW_RECORDS, flow_apply_step, &now, 0);
  return XDP_DROP; /* its frame */
}

#endif
