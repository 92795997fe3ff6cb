/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the flows of connections were found last: one cold line of memory, where fullnat_clients has two or more. A hint may be of another connection, or
 * of one that is over: the flow shows whose it is. Of exact services alone, whose clients are not reported to the server. */
#ifndef WEIR_FULLNAT_HINT_H
#define WEIR_FULLNAT_HINT_H

#if !defined(SCTP) && !defined(APPLIES)
/* As many elements as the table of connections has buckets (load/fullnat.ts). */
struct fullnat_hint {
  __u32 place[2]; /* as in fullnat_place; 0: none */
};
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct fullnat_hint);
} fullnat_hints SEC(".maps");

/* The place of a connection's hint. */
static __always_inline __u32 *flow_hint(struct fullnat_client *c) {
  __u32 hash = keyed_hash((__u64)words_fold(c->client) << 32 | ((__u32)c->port << 16 ^ c->dest)), at = hash & conn_mask;
  struct fullnat_hint *hint = bpf_map_lookup_elem(&fullnat_hints, &at);
  return hint ? &hint->place[hash >> 31] : 0;
}
#else
static __always_inline __u32 *flow_hint(struct fullnat_client *c) { return 0; }
#endif

#endif
