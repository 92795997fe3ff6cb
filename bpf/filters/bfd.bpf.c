// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The filter on BFD's ports: what no session would take never reaches the process, and what one would is held to a rate, so that the
 * packets of a neighbour find room and time whatever else is sent here (RFC 5880 §6.8.6, RFC 5881 §5).
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

/* Order and names: src/control/bfd/interface.ts. */
#define OWN_REASONS
enum reason {
  SHORT,
  LENGTH,
  VERSION,
  MULTIPLIER,
  MULTIPOINT,
  MINE,
  YOURS,
  FLAGS,
  DIAGNOSTIC,
  SESSION,
  TTL,
  AUTH,
  ADMIN_DOWN, /* the process's alone */
  RATE,
  REASONS
};
#include "account.h"

#define UDP_SIZE 8
#define UDP_DESTINATION 2
#define DIAGNOSTICS 9
#define DOWN 1 /* 0: AdminDown */
#define POLL 32
#define FINAL 16
#define AUTHENTICATED 4
#define TO_MANY 1
#define NOBODY 0

struct control {
  __u8 version, flags, multiplier, length;
  __u32 mine, yours, rest[3];
};

struct session_key {
  __u32 discriminator; /* ours, as on the wire */
  __u32 port;
};

struct neighbour_key {
  __u32 address[4];
  __u32 family; /* 4, 6 */
  __u32 port;
};

struct rule {
  __u32 least_ttl;
  __u32 zero;
  __u64 spacing; /* ns between packets, in the long run */
  __u64 burst;   /* ns that they may be ahead of that */
  __u64 due;
};

/* Those who know our discriminator. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, struct session_key);
  __type(value, struct rule);
} sessions SEC(".maps");

/* Those who do not know it yet. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, struct neighbour_key);
  __type(value, struct rule);
} neighbours SEC(".maps");

static __always_inline bool read_ip(struct __sk_buff *skb, struct neighbour_key *from, __u32 *ttl) {
  if (skb->protocol == bpf_htons(ETH_P_IP)) {
    struct iphdr ip;
    if (bpf_skb_load_bytes_relative(skb, 0, &ip, sizeof ip, BPF_HDR_START_NET)) return false;
    from->family = 4;
    from->address[0] = ip.saddr;
    *ttl = ip.ttl;
    return true;
  }
  struct ipv6hdr ip;
  if (bpf_skb_load_bytes_relative(skb, 0, &ip, sizeof ip, BPF_HDR_START_NET)) return false;
  from->family = 6;
  __builtin_memcpy(from->address, &ip.saddr, 16);
  *ttl = ip.hop_limit;
  return true;
}

/* What is wrong with it whoever sent it, or REASONS. */
static __always_inline enum reason fault(const struct control *c, __u32 size) {
  if (c->length != size) return LENGTH;
  if (c->version >> 5 != 1) return VERSION;
  if (!c->multiplier) return MULTIPLIER;
  if (c->flags & TO_MANY) return MULTIPOINT;
  if (!c->mine) return MINE;
  if (!c->yours && c->flags >> 6 > DOWN) return YOURS;
  if ((c->flags & POLL) && (c->flags & FINAL)) return FLAGS;
  if ((c->version & 31) >= DIAGNOSTICS) return DIAGNOSTIC;
  return REASONS;
}

SEC("socket")
int bfd_filter(struct __sk_buff *skb) {
  struct control c;
  struct neighbour_key from = {};
  __u16 port;
  __u32 ttl, at = skipped + UDP_SIZE;
  if (skb->len < at + sizeof c || bpf_skb_load_bytes(skb, at, &c, sizeof c)) return refuse(NOBODY, SHORT);
  if (bpf_skb_load_bytes(skb, skipped + UDP_DESTINATION, &port, sizeof port) || !read_ip(skb, &from, &ttl)) return refuse(NOBODY, SHORT);
  enum reason wrong = fault(&c, skb->len - at);
  if (wrong != REASONS) return refuse(NOBODY, wrong);
  from.port = bpf_ntohs(port);
  struct session_key ours = {.discriminator = c.yours, .port = from.port};
  struct rule *r = c.yours ? bpf_map_lookup_elem(&sessions, &ours) : bpf_map_lookup_elem(&neighbours, &from);
  if (!r) return refuse(NOBODY, SESSION);
  if (ttl < r->least_ttl) return refuse(NOBODY, TTL);
  if (c.flags & AUTHENTICATED) return refuse(NOBODY, AUTH);
  return in_time(&r->due, r->spacing, r->burst) ? PASS : refuse(NOBODY, RATE);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
