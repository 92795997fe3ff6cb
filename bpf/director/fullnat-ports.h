/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Ports of FULLNAT's pools: taken, found beside those of sockets and of the other kind of pool, and given back. */
#ifndef WEIR_FULLNAT_PORTS_H
#define WEIR_FULLNAT_PORTS_H

#define PORT_TRIES 16 /* ports that a socket of the director has are passed over */
#define PORT_CLAIMED (FLOW_ENDING << FLOW_STATE_SHIFT) /* the word of a flow that is being made */
#define PORTS_PASSED 512 /* so are those that another flow has: of the other kind of pool, or from another director; as many as PORT_TRIES where perhaps none is free */

static __always_inline struct fullnat_pool *pool_at(__u32 pool) {
  struct fullnat_pool *p = bpf_map_lookup_elem(&fullnat_pools, &pool);
  if (!p || READ(p->family) != PACKET_FAMILY) return 0;
  CHECKED(p);
  return p;
}

/* Does the pool still hand this port out, though a flow from another director has it? Then no longer: from here on it is as if it had been taken. */
static __always_inline bool port_settle(__u32 pool, __u32 port) {
  __u32 place = pool << 16 | port;
  return !bpf_map_delete_elem(&fullnat_foreign, &place);
}

/* Gives a port back to its pool, unless that has it. */
static __always_inline void port_give(__u32 pool, __u32 port) {
  struct fullnat_pool *p = bpf_map_lookup_elem(&fullnat_pools, &pool);
  void *ports = bpf_map_lookup_elem(&fullnat_ports, &pool);
  __u16 value = port;
  if (!p || !ports) return;
  if (!port_settle(pool, port)) bpf_map_push_elem(ports, &value, 0);
  __sync_fetch_and_add(&p->used, -1);
}

/* A port of the pool that no flow has: the next one that was never handed out, else the one that came back first. 0: there is none. */
static __always_inline __u32 port_take(__u32 pool, struct fullnat_pool *p) {
  __u16 port = 0;
  __u32 count = READ(p->count), n = count;
  if (READ(p->handed) < count) n = __sync_fetch_and_add(&p->handed, 1);
  if (n < count) {
    port = READ(p->first) + ((__u64)READ(p->start) + (__u64)READ(p->step) * n) % count;
  } else {
    void *ports = bpf_map_lookup_elem(&fullnat_ports, &pool);
    if (!ports || bpf_map_pop_elem(ports, &port)) return 0;
  }
  __sync_fetch_and_add(&p->used, 1);
  return port;
}

/* Takes the flow with a port that came from its pool: until its word is stored, or 0, no other flow has it. False: one from another director has it, and
 * keeps the port. Where that one ends at this moment, the port goes back. */
static __always_inline bool port_claim(__u32 pool, __u32 port) {
  struct fullnat_pool *p = pool_at(pool);
  struct fullnat_flow *f = flow_at(pool, port);
  if (!f || !p) return false;
  CHECKED(f);
  if (likely(!CAS(&f->word, 0, PORT_CLAIMED))) return true;
  if (port_settle(pool, port)) __sync_fetch_and_add(&p->used, -1);
  else port_give(pool, port);
  return false;
}
/* Gives back what was claimed. */
static __always_inline void port_unclaim(__u32 pool, __u32 port) {
  struct fullnat_flow *f = flow_at(pool, port);
  if (!f) return;
  CHECKED(f);
  WRITE(f->word, 0);
  port_give(pool, port);
}

/* Has a socket of the director itself this port, towards the same server? */
static __always_inline bool has_socket(struct __sk_buff *skb, struct fullnat_pool *p, __u32 port, __u8 protocol, __u16 server_port) {
  if (protocol != IPPROTO_TCP) return false;
#ifdef IPV6
  struct bpf_sock_tuple tuple = {.ipv6 = {.sport = server_port, .dport = bpf_htons(port)}};
  __builtin_memcpy(tuple.ipv6.saddr, p->server, sizeof tuple.ipv6.saddr);
  __builtin_memcpy(tuple.ipv6.daddr, p->local, sizeof tuple.ipv6.daddr);
  struct bpf_sock *found = bpf_skc_lookup_tcp(skb, &tuple, sizeof tuple.ipv6, BPF_F_CURRENT_NETNS, 0);
#else
  struct bpf_sock_tuple tuple = {.ipv4 = {.saddr = p->server[0], .daddr = p->local[0], .sport = server_port, .dport = bpf_htons(port)}};
  struct bpf_sock *found = bpf_skc_lookup_tcp(skb, &tuple, sizeof tuple.ipv4, BPF_F_CURRENT_NETNS, 0);
#endif
  if (!found) return false;
  bool connected = found->state != BPF_TCP_LISTEN;
  bpf_sk_release(found);
  return connected;
}

/* The pool of one server's endpoint, or (port and protocol 0) of all its ports; 0: there is none. */
static __always_inline __u32 pool_of_pair(const __u32 *server, const __u32 *local, __u16 server_port, __u8 protocol) {
  struct fullnat_pair pair;
  __builtin_memset(&pair, 0, sizeof pair);
  words_copy(pair.server, server);
  words_copy(pair.local, local);
  pair.server_port = server_port;
  pair.protocol = protocol;
  __u32 *pool = bpf_map_lookup_elem(&fullnat_ends, &pair);
  return pool ? *pool : 0;
}

/* A local address may stand for clients at one port of a server, and at all its ports: two pools that do not know each other's ports. The other one
 * for the packet in the scratch space; 0: there is none. A global function, with its own stack frame. */
__noinline int rival_pool(__u32 pool, __u32 server_port) {
  struct scratch *scratch = the_scratch();
  struct fullnat_pool *p = pool_at(pool);
  if (!p || !scratch) return 0;
  bool wide = !p->server_port;
  return pool_of_pair(p->server, p->local, wide ? server_port : 0, wide ? scratch->packet.protocol : 0);
}
/* Has that one a flow with this port? Each CPU writes its own flow before it looks, so that of two one sees the other. */
static __always_inline bool is_rivals(__u32 rival, __u32 port) {
  struct fullnat_flow *f = rival ? flow_at(rival, port) : 0;
  return f && READ(f->word);
}

struct port_pass {
  __u32 pool;
  __u32 rival;
  __u32 port;
};

/* Claims a port. Not 0: the other pool has no flow with it, or none was free (0). */
static long port_pass(__u64 i, void *ctx) {
  struct port_pass *s = ctx;
  struct fullnat_pool *p = pool_at(s->pool);
  __u32 port = p ? port_take(s->pool, p) : 0;
  if (!port) return 1;
  if (!port_claim(s->pool, port)) return 0;
  if (is_rivals(s->rival, port)) {
    port_unclaim(s->pool, port);
    return 0;
  }
  s->port = port;
  return 1;
}

/* A port that no flow of either pool has, claimed: ports of the other one are passed over, and those of flows from another director. Where all together
 * are fewer than there are, one is free that a later search comes to, if not this one. 0: none was found. A global function, so that it is verified once. */
__noinline int port_find(__u32 pool, __u32 rival) {
  struct fullnat_pool *p = pool_at(pool), *other = rival ? pool_at(rival) : 0;
  if (!p) return 0;
  if (likely(!rival)) {
    __u32 port = port_take(pool, p);
    if (!port || likely(port_claim(pool, port))) return port;
  }
  struct port_pass s = {.pool = pool, .rival = rival};
  bool sure = READ(p->used) + (other ? READ(other->used) : 0) < READ(p->count);
  bpf_loop(sure ? PORTS_PASSED : PORT_TRIES, port_pass, &s, 0);
  return s.port;
}

#endif
