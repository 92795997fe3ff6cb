/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What of FULLNAT differs by family: addresses are one word, or four. */
#ifndef WEIR_FULLNAT_FAMILY_H
#define WEIR_FULLNAT_FAMILY_H

#define FULLNAT_PLACE(program) (FULLNAT_BUILD * FULLNAT_BUILD_PLACES + (program))

#ifdef IPV6
#define FULLNAT_BUILD (OF_SCTP ? FULLNAT_SCTP6 : FULLNAT_INET6)
#define FULLNAT_WORDS 4
#define FULLNAT_ANSWER_PLACE FULLNAT_ANSWER6
static __always_inline __u32 *source_of(struct packet *p) { return p->saddr6; }
static __always_inline __u32 *target_of(struct packet *p) { return p->daddr6; }
static __always_inline void words_copy(__u32 *to, const __u32 *from) { address_copy(to, from); }
static __always_inline bool words_equal(const __u32 *a, const __u32 *b) { return address_equal(a, b); }
static __always_inline __u32 words_fold(const __u32 *a) { return address_fold(a); }
static __always_inline __u32 words_key(const __u32 *a) { return address_hash(a); } /* as a connection's key has them */
#else
#define FULLNAT_BUILD (OF_SCTP ? FULLNAT_SCTP : FULLNAT_INET)
#define FULLNAT_WORDS 1
#define FULLNAT_ANSWER_PLACE FULLNAT_ANSWER
static __always_inline __u32 *source_of(struct packet *p) { return &p->saddr; }
static __always_inline __u32 *target_of(struct packet *p) { return &p->daddr; }
static __always_inline void words_copy(__u32 *to, const __u32 *from) { to[0] = from[0]; }
static __always_inline bool words_equal(const __u32 *a, const __u32 *b) { return a[0] == b[0]; }
static __always_inline __u32 words_fold(const __u32 *a) { return a[0]; }
static __always_inline __u32 words_key(const __u32 *a) { return a[0]; }
#endif

/* On the stack: halves of addresses are words there. */
#define FULLNAT_ADDRESS(name) __u32 name[FULLNAT_WORDS] __attribute__((aligned(8)))

/* What a flow has of its connection's value. */
static __always_inline __u32 flow_value(__u64 value) { return (value >> 32 & FLOW_VALUE) | (OF_SCTP ? FLOW_SCTP : 0); }

static __always_inline struct fullnat_flow *flow_at(__u32 pool, __u32 port) {
  void *flows = bpf_map_lookup_elem(&fullnat_flows, &pool);
  return flows ? bpf_map_lookup_elem(flows, &port) : 0;
}

static __always_inline __u32 flow_state(__u32 word) { return word >> FLOW_STATE_SHIFT & FLOW_STATES; }

/* The flow of a reply lives as long as its connection, whose value this is. */
static __always_inline void flow_extend(struct fullnat_flow *f, __u64 value) {
  __u32 until = value, state = flow_value(value);
  if (READ(f->state) != state) WRITE(f->state, state);
  if (READ(f->until) != until) __sync_lock_test_and_set(&f->until, until);
}

#ifndef FULLNAT
/* What goes with a request of a connection, whose value this is, to the program that gives its client a local address. `port`: of the server, network
 * order. */
static __always_inline void fullnat_carry(struct fullnat_work *work, __u32 dest, __u64 value, __u16 port) {
  work->dest = dest;
  work->until = value;
  work->state = flow_value(value);
  work->server_port = port;
  work->wide = ALL_PORTS;
}
#endif

#endif
