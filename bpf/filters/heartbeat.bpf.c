// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The filter on the port of heartbeats: it drops those that are not from a configured peer, or not authenticated as configured. A valid
 * digest counts once; heartbeats without a digest are limited to a rate for each MAC.
 */
#include <linux/bpf.h>
#include "digest.h"
#include "account.h"
#include "source.h"

#define UDP_SIZE 8
#define PLAIN_SIZE 8
#define AUTHENTICATED_SIZE 36
#define MAC_AT 20
#define PLAIN 1
#define AUTHENTICATED 2
#define STATES 4

struct sender_key {
  __u32 slot, zero;
  __u32 address[4];
  __u8 mac[8];
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 1024);
  __type(key, struct heartbeat_peer_key);
  __type(value, struct heartbeat_peer);
} peers SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 1024);
  __type(key, struct sender_key);
  __type(value, __u64);
} senders SEC(".maps");

struct heartbeat {
  __u8 mark[3], version, family, vrid, state, priority;
  __u32 sender;
  __u32 stamp[2];
  __u32 mac[4];
};

static __always_inline bool digest_is_valid(const struct heartbeat *h, const struct heartbeat_peer *p) {
  struct digest_scratch *scratch = digest_scratch();
  if (!scratch) return false;
  __builtin_memcpy(scratch->digest, h->mac, sizeof scratch->digest);
  for (__u32 i = 0; i < HEARTBEAT_KEYS_MAX; i++) {
    if (i >= p->keys || !clear_end(MAC_AT)) break;
    __builtin_memcpy(scratch->blocks, h, MAC_AT);
    scratch->key = p->key[i];
    if (sha256_matches(MAC_AT)) return true;
  }
  return false;
}

/* Heartbeats of new MACs share one rate. */
static __always_inline bool sender_within_rate(struct __sk_buff *skb, const struct heartbeat_peer_key *from, const struct heartbeat_peer *p, struct account *a) {
  struct sender_key sender = {.slot = p->account};
  __builtin_memcpy(sender.address, from->address, sizeof sender.address);
  bpf_skb_load_bytes_relative(skb, 6, sender.mac, 6, BPF_HDR_START_MAC);
  __u64 *due = bpf_map_lookup_elem(&senders, &sender);
  if (due) return within_rate(due, p->spacing, p->burst);
  if (!within_rate(&a->new_sender_due, p->spacing, p->burst)) return false;
  __u64 first = bpf_ktime_get_ns() + p->spacing;
  bpf_map_update_elem(&senders, &sender, &first, BPF_ANY);
  return true;
}

static __always_inline int judge_digest(const struct heartbeat *h, struct heartbeat_peer *p, struct account *a) {
  __u64 stamp = (__u64)bpf_ntohl(h->stamp[0]) << 32 | bpf_ntohl(h->stamp[1]);
  if (h->sender == p->sender) return refuse(p->account, VRRP_REPLAY);
  if (stamp <= p->seen) return passes_unjudged(&a->replay_due, p->spacing, p->burst) ? PASS : refuse(p->account, VRRP_REPLAY);
  if (!digest_is_valid(h, p)) return refuse(p->account, VRRP_DIGEST);
  p->seen = stamp;
  return PASS;
}

SEC("socket")
int heartbeat_filter(struct __sk_buff *skb) {
  struct heartbeat h = {};
  struct heartbeat_peer_key from = {.ifindex = skb->ifindex};
  __u32 ttl, at = skipped + UDP_SIZE, length = skb->len;
  bool authenticated = length == at + AUTHENTICATED_SIZE;
  if (!read_source(skb, from.address, &ttl) || (!authenticated && length != at + PLAIN_SIZE)) return refuse(0, VRRP_LENGTH);
  if (bpf_skb_load_bytes(skb, at, &h, PLAIN_SIZE)) return refuse(0, VRRP_LENGTH);
  if (authenticated && bpf_skb_load_bytes(skb, at, &h, AUTHENTICATED_SIZE)) return refuse(0, VRRP_LENGTH);
  if (ttl != 255) return refuse(0, VRRP_TTL);
  if (h.mark[0] != 'w' || h.mark[1] != 'h' || h.mark[2] != 'b' || (h.family != 4 && h.family != 6) || h.state >= STATES)
    return refuse(0, VRRP_TYPE);
  if (h.version != (authenticated ? AUTHENTICATED : PLAIN)) return refuse(0, VRRP_VERSION);
  from.family = h.family;
  from.vrid = h.vrid;
  struct heartbeat_peer *p = bpf_map_lookup_elem(&peers, &from);
  if (!p) return refuse(0, VRRP_VRID);
  __u32 slot = p->account;
  struct account *a = bpf_map_lookup_elem(&accounts, &slot);
  if (!a) return PASS;
  if (authenticated != (p->keys > 0)) return refuse(slot, VRRP_AUTH);
  if (authenticated && p->keys <= HEARTBEAT_KEYS_MAX) return judge_digest(&h, p, a);
  return sender_within_rate(skb, &from, p, a) ? PASS : refuse(slot, VRRP_RATE);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
