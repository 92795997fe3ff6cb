// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The filter on BFD's ports: it drops what no session would accept, and limits the rate of what a session would, so that socket and
 * process have space for a neighbour's packets in any flood (RFC 5880 §6.8.6, RFC 5881 §5).
 */
#include <linux/bpf.h>

#include "account.h"
#include "source.h"

#define UDP_SIZE 8
#define UDP_DESTINATION 2
#define DIAGNOSTICS 9
#define DOWN 1 /* 0: AdminDown */
#define POLL 32
#define FINAL 16
#define AUTHENTICATED 4
#define MULTIPOINT 1
#define NO_INSTANCE 0
#define NO_FAULT REASONS_MAX

struct control {
  __u8 version, flags, multiplier, length;
  __u32 mine, yours, rest[3];
};

/* Neighbours that know our discriminator. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, struct bfd_session_key);
  __type(value, struct bfd_rule);
} sessions SEC(".maps");

/* Neighbours that do not know it yet. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, struct bfd_neighbour_key);
  __type(value, struct bfd_rule);
} neighbours SEC(".maps");

/* What is wrong with the packet for any session, or NO_FAULT. */
static __always_inline enum bfd_reason fault(const struct control *c, __u32 size) {
  if (c->length != size) return BFD_LENGTH;
  if (c->version >> 5 != 1) return BFD_VERSION;
  if (!c->multiplier) return BFD_MULTIPLIER;
  if (c->flags & MULTIPOINT) return BFD_MULTIPOINT;
  if (!c->mine) return BFD_MY_DISCRIMINATOR;
  if (!c->yours && c->flags >> 6 > DOWN) return BFD_YOUR_DISCRIMINATOR;
  if ((c->flags & POLL) && (c->flags & FINAL)) return BFD_FLAGS;
  if ((c->version & 31) >= DIAGNOSTICS) return BFD_DIAGNOSTIC;
  return NO_FAULT;
}

SEC("socket")
int bfd_filter(struct __sk_buff *skb) {
  struct control c;
  struct bfd_neighbour_key from = {};
  __u16 port;
  __u32 ttl, at = skipped + UDP_SIZE;
  if (skb->len < at + sizeof c || bpf_skb_load_bytes(skb, at, &c, sizeof c)) return refuse(NO_INSTANCE, BFD_SHORT);
  from.family = read_source(skb, from.address, &ttl);
  if (!from.family || bpf_skb_load_bytes(skb, skipped + UDP_DESTINATION, &port, sizeof port)) return refuse(NO_INSTANCE, BFD_SHORT);
  enum bfd_reason wrong = fault(&c, skb->len - at);
  if (wrong != NO_FAULT) return refuse(NO_INSTANCE, wrong);
  from.port = bpf_ntohs(port);
  struct bfd_session_key ours = {.discriminator = c.yours, .port = from.port};
  struct bfd_rule *r = c.yours ? bpf_map_lookup_elem(&sessions, &ours) : bpf_map_lookup_elem(&neighbours, &from);
  if (!r) return refuse(NO_INSTANCE, BFD_SESSION);
  if (ttl < r->ttl_min) return refuse(NO_INSTANCE, BFD_TTL);
  if (c.flags & AUTHENTICATED) return refuse(NO_INSTANCE, BFD_AUTHENTICATION);
  return within_rate(&r->due, r->spacing, r->burst) ? PASS : refuse(NO_INSTANCE, BFD_RATE);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
