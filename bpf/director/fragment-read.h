/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: what of a fragment is read, counted and named, of both families: in the programs that decide (fragment.h), and in those of FULLNAT. */
#ifndef WEIR_FRAGMENT_READ_H
#define WEIR_FRAGMENT_READ_H

/* ---- what differs of a family */
#ifdef IPV6
#define FRAGMENT_OFFSET 0xfff8
#define FRAGMENT_MORE 0x0001
#define FRAGMENT_UNIT 1
/* The length of the header that putting the packet together takes away. */
#define FRAGMENT_HEADER FRAGMENT_HEADER6
static __always_inline __u32 fragment_begins_at(struct packet *p) { return p->fragment_ends; }
static __always_inline bool fragment_key_read(struct __sk_buff *skb, struct packet *p, struct fragment_key *key, __u32 at) {
  address_copy(key->saddr, p->saddr6);
  address_copy(key->daddr, p->daddr6);
  key->protocol = 0; /* one ID serves all (RFC 8200, 4.5), and a later fragment need not show it */
  return !bpf_skb_load_bytes(skb, at + p->fragment_ends - 4, &key->id, 4);
}
static __always_inline bool fragment_linear(struct __sk_buff *skb) { return true; }
#else
#define FRAGMENT_OFFSET 0x1fff
#define FRAGMENT_MORE 0x2000
#define FRAGMENT_UNIT 8
#define FRAGMENT_HEADER 0
static __always_inline __u32 fragment_begins_at(struct packet *p) { return p->header; }
#define ID_IN 4
static __always_inline bool fragment_key_read(struct __sk_buff *skb, struct packet *p, struct fragment_key *key, __u32 at) {
  __u16 id;
  __builtin_memset(key, 0, sizeof *key);
  key->saddr[0] = p->saddr;
  key->daddr[0] = p->daddr;
  key->protocol = p->protocol;
  if (bpf_skb_load_bytes(skb, at + ID_IN, &id, sizeof id)) return false;
  key->id = id;
  return true;
}
/* The fast functions read and write what is in the linear part. */
static __always_inline bool fragment_linear(struct __sk_buff *skb) { return !bpf_skb_pull_data(skb, skb->len < 128 ? skb->len : 128); }
#endif

static __always_inline bool is_later(struct packet *p) { return p->fragment & FRAGMENT_OFFSET; }

/* What a fragment adds to the gaps of its packet: the mark of the byte behind it, less that of its first byte. The first fragment has only an end, the last
 * one only a beginning. So the sum is 0 if the fragments join without a gap, and each has come once; of any others only by chance. Then a packet counts as
 * not whole, and its note is used until it expires. */
#define GAP_FACTOR 0x9e3779b97f4a7c15
static __always_inline __u64 gap_mark(__u32 at) {
  __u64 mark = (at + 1) * GAP_FACTOR;
  return (mark ^ mark >> 32) * GAP_FACTOR;
}
static __always_inline __u64 fragment_gap(struct packet *p) {
  __u32 from = (p->fragment & FRAGMENT_OFFSET) * FRAGMENT_UNIT, to = from + p->length - fragment_begins_at(p);
  return (p->fragment & FRAGMENT_MORE ? gap_mark(to) : 0) - (from ? gap_mark(from) : 0);
}

/* SCTP: how long the whole packet is behind its IP header, which its last fragment shows; 0: it is another one. */
static __always_inline __u32 whole_by(struct packet *p) {
  __u32 whole = (p->fragment & FRAGMENT_OFFSET) * FRAGMENT_UNIT + p->length - p->header;
  return !OF_SCTP || p->fragment & FRAGMENT_MORE || whole > 0xffff ? 0 : whole;
}
/* SCTP: stores how long the whole packet of the fragment in the scratch space is; 0: not known. */
static __always_inline void note_whole(struct scratch *scratch, __u32 bytes) {
#ifdef SCTP
  scratch->whole_bytes = bytes;
#endif
}
/* What its entry has of that, whose key is in the scratch space. */
static __always_inline void whole_read(struct scratch *scratch) {
  if (OF_SCTP) note_whole(scratch, fragment_read(clock_now(), 0) == FRAGMENT_WAITING ? scratch->fragment.whole : 0);
}

/* Reads the header of a first fragment. False: it is too short. */
static __always_inline bool fragment_transport(struct __sk_buff *skb, struct packet *p) {
  __u8 l4[20] = {};
  if (!is_of_build(p->protocol) || !header_read(skb, p, ETH_LEN + p->header, l4)) return false;
  p->sport = *(__u16 *)l4;
  p->dport = *(__u16 *)(l4 + 2);
  return tc_parse_further(skb, p, ETH_LEN) == P_OK && fragment_linear(skb);
}

static __always_inline void count_later(struct dest *d, __u32 id, struct packet *p, bool out) {
  if (!(d->flags & D_AVAILABLE)) return;
  __u32 i = id * cpus + bpf_get_smp_processor_id(), bytes = p->length - p->header;
  struct counters *n = bpf_map_lookup_elem(&counters, &i);
  if (!n) return;
  if (out) n->out_bytes += bytes;
  else n->in_bytes += bytes;
}

/* The ID of the last packet in fragments to a server of FULLNAT; the server is known from here on. 0: there is no memory for it. */
static __always_inline __u32 *fragment_server(struct dest *d) {
  __u32 *last = bpf_map_lookup_elem(&fragment_servers, d->addr), zero = 0;
  if (likely(last)) return last;
  bpf_map_update_elem(&fragment_servers, d->addr, &zero, BPF_NOEXIST);
  return bpf_map_lookup_elem(&fragment_servers, d->addr);
}

/* Leaves the note in the scratch space, for the key there; what was held back comes in again. `done`, or what becomes of the first fragment in its
 * place. */
static __always_inline int fragment_noted(struct __sk_buff *skb, struct scratch *scratch, struct conf *c, __u32 kind, int done) {
  struct fragment *f = &scratch->fragment;
  f->gaps = fragment_gap(&scratch->packet);
  f->until = clock_now() + units_of(c, FRAGMENT_SECONDS);
  f->tag = fragment_tag(&scratch->fragment_key);
  f->word = fragment_word(kind, 0);
  __u32 held = fragment_store(scratch);
  int failed = held && kind != FRAGMENT_DROP ? fragments_release(skb, held) : 0;
  if (failed) count_reason(R_FRAGMENT_LOST);
  return failed == RELEASE_SPOILT ? TC_ACT_SHOT : done;
}

#endif
