// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* VRRP's socket filter: judges adverts before they take room in a socket or time of the process that elects.
 *
 * It drops only what the machine would refuse too, and lets about one packet a second of each kind through, so that the
 * machine can say what comes and why it is refused. A flood that looks right is held to a rate per sender; senders that
 * are new share one rate, so that forged addresses cannot crowd out a master that is known.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define SECOND 1000000000ull
#define SAMPLE (SECOND * 9 / 10) /* adverts that come once a second all pass */
#define AH_SIZE 24
#define SUM_MAX 1056 /* 255 IPv4 addresses, password included; longer ones are left to the machine */
#define OLD_GROUP bpf_htonl(0xe0000012)

/* Order and names: src/daemon/vrrp/advert-filter.ts. */
enum reason { SHORT, TTL, VRID, VERSION, TYPE, AUTH, CHECKSUM, RATE, REASONS };

struct rule_key {
  __u32 ifindex; /* 0: any */
  __u8 family;   /* 4, 6 */
  __u8 vrid;
  __u16 zero;
};

struct rule {
  __u32 slot;
  __u8 version; /* 2, 3; 0: several share this key, only their rate is judged */
  __u8 auth;    /* the authentication type to expect, 1: the password too; 255: any */
  __u8 hops;    /* 1: the TTL must be 255 */
  __u8 sum;     /* 1: the checksum must be right */
  __u8 password[8];
  __u64 spacing; /* ns between adverts of one sender, in the long run */
  __u64 burst;   /* ns that a sender may be ahead of that */
};

struct account {
  __u64 dropped[REASONS];
  __u64 sampled[REASONS]; /* when one was let through */
  __u64 strangers;        /* when a new sender's packet is due */
  __u64 zero[7];
};

struct sender_key {
  __u32 slot;
  __u32 priority; /* one more than it; 0: the sender as such */
  __u32 address[4];
  __u8 mac[8]; /* what is sealed cannot be judged here: who forges a master's address must not use up its rate, whatever it says */
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, struct rule_key);
  __type(value, struct rule);
} rules SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1024);
  __type(key, __u32);
  __type(value, struct account);
} accounts SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 8192);
  __type(key, struct sender_key);
  __type(value, __u64);
} senders SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u8[SUM_MAX]);
} room SEC(".maps");

struct advert {
  __u32 family; /* 4, 6 */
  __u32 ttl;
  __u32 at; /* where VRRP begins */
  __u32 size;
  __u32 source[4], destination[4];
  __u8 head[8];
};

/* Drops, but for one packet a second. */
static __always_inline int refuse(__u32 slot, __u32 reason) {
  struct account *a = bpf_map_lookup_elem(&accounts, &slot);
  if (!a || reason >= REASONS) return -1;
  __u64 now = bpf_ktime_get_ns();
  if (now - a->sampled[reason] >= SAMPLE) {
    a->sampled[reason] = now;
    return -1;
  }
  __sync_fetch_and_add(&a->dropped[reason], 1);
  return 0;
}

static __always_inline bool parse(struct __sk_buff *skb, struct advert *m) {
  if (skb->protocol == bpf_htons(ETH_P_IP)) { /* a raw IPv4 socket sees the IP header */
    struct iphdr ip;
    if (bpf_skb_load_bytes(skb, 0, &ip, sizeof ip)) return false;
    m->family = 4;
    m->ttl = ip.ttl;
    m->at = ip.ihl * 4 + (ip.protocol == IPPROTO_AH ? AH_SIZE : 0);
    m->source[0] = ip.saddr;
    m->destination[0] = ip.daddr;
  } else { /* a raw IPv6 socket sees what follows it */
    struct ipv6hdr ip;
    if (bpf_skb_load_bytes_relative(skb, 0, &ip, sizeof ip, BPF_HDR_START_NET)) return false;
    m->family = 6;
    m->ttl = ip.hop_limit;
    __builtin_memcpy(m->source, &ip.saddr, 16);
    __builtin_memcpy(m->destination, &ip.daddr, 16);
  }
  if (skb->len < m->at + sizeof m->head) return false;
  m->size = skb->len - m->at;
  return bpf_skb_load_bytes(skb, m->at, m->head, sizeof m->head) == 0;
}

static __always_inline __u32 sum_addresses(const struct advert *m, __u32 length) {
  __u64 sum = bpf_htons(112) + bpf_htons(length);
  for (int i = 0; i < 4; i++) sum += (__u64)m->source[i] + m->destination[i];
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  return (sum & 0xffff) + (sum >> 16);
}

static __always_inline bool is_whole(__u64 sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  for (int i = 0; i < 4; i++) sum = (sum & 0xffff) + (sum >> 16);
  return sum == 0xffff;
}

/* Any of the dialects: with the pseudo header, with that of the group although unicast, without one. */
static __always_inline bool sum_is_right(struct __sk_buff *skb, struct advert *m, __u32 version, __u32 length) {
  __u32 zero = 0;
  __u8 *bytes = bpf_map_lookup_elem(&room, &zero);
  if (!bytes || length < 8 || length > SUM_MAX) return true;
  if (bpf_skb_load_bytes(skb, m->at, bytes, length)) return true;
  __u64 sum = 0;
  for (__u32 i = 0; i < SUM_MAX; i += 4) { /* all lengths are multiples of 4 */
    if (i >= length) break;
    sum += *(__u32 *)(bytes + i);
  }
  if (m->family == 4 && is_whole(sum)) return true;
  if (version == 2) return false;
  if (is_whole(sum + sum_addresses(m, length))) return true;
  if (m->family == 6) return false;
  m->destination[0] = OLD_GROUP;
  return is_whole(sum + sum_addresses(m, length));
}

/* A sender's packets are due `spacing` apart; one may come up to `burst` early. */
static __always_inline bool in_time(__u64 *due, const struct rule *r, __u64 now) {
  __u64 at = *due > now ? *due : now;
  if (at - now > r->burst) return false;
  *due = at + r->spacing;
  return true;
}

/* Counted by sender and priority: who forges a master's address with another priority does not use up the master's rate. A new
 * priority of a known sender passes at the sender's rate, a new sender at that of all strangers. */
static __always_inline bool rate_is_fair(struct __sk_buff *skb, const struct advert *m, const struct rule *r) {
  struct sender_key sender = {.slot = r->slot}, exact = {.slot = r->slot, .priority = 1 + m->head[2]};
  __builtin_memcpy(sender.address, m->source, sizeof sender.address);
  bpf_skb_load_bytes_relative(skb, 6, sender.mac, 6, BPF_HDR_START_MAC); /* none on links without: zeros */
  __builtin_memcpy(exact.address, sender.address, sizeof exact.address + sizeof exact.mac);
  __u64 now = bpf_ktime_get_ns(), *due = bpf_map_lookup_elem(&senders, &exact);
  if (due) return in_time(due, r, now);
  __u64 first = now + r->spacing;
  due = bpf_map_lookup_elem(&senders, &sender);
  if (due) {
    if (!in_time(due, r, now)) return false;
  } else {
    __u32 slot = r->slot;
    struct account *a = bpf_map_lookup_elem(&accounts, &slot);
    if (!a || !in_time(&a->strangers, r, now)) return false;
    bpf_map_update_elem(&senders, &sender, &first, BPF_ANY);
  }
  bpf_map_update_elem(&senders, &exact, &first, BPF_ANY);
  return true;
}

static __always_inline const struct rule *rule_of(struct __sk_buff *skb, const struct advert *m) {
  struct rule_key key = {.ifindex = skb->ifindex, .family = m->family, .vrid = m->head[1]};
  const struct rule *r = bpf_map_lookup_elem(&rules, &key);
  if (r) return r;
  key.ifindex = 0;
  return bpf_map_lookup_elem(&rules, &key);
}

SEC("socket")
int vrrp_filter(struct __sk_buff *skb) {
  struct advert m = {};
  if (!parse(skb, &m)) return refuse(0, SHORT);
  const struct rule *r = rule_of(skb, &m);
  if (!r) return refuse(0, VRID);
  __u32 version = m.head[0] >> 4;
  if (!r->version) return rate_is_fair(skb, &m, r) ? -1 : refuse(r->slot, RATE);
  if (version != r->version) return refuse(r->slot, VERSION);
  __u32 addresses = m.head[3] * (m.family == 4 ? 4 : 16), length = 8 + addresses + (version == 2 ? 8 : 0);
  if (m.size < length) return refuse(r->slot, SHORT);
  if (r->hops && m.ttl != 255) return refuse(r->slot, TTL);
  if (version == 2 && r->auth != 255) {
    __u8 password[8];
    if (m.head[4] != r->auth) return refuse(r->slot, AUTH);
    if (r->auth == 1 &&
        (bpf_skb_load_bytes(skb, m.at + 8 + addresses, password, 8) || *(__u64 *)password != *(__u64 *)r->password))
      return refuse(r->slot, AUTH);
  }
  if ((m.head[0] & 15) != 1) return refuse(r->slot, TYPE);
  if (r->sum && !sum_is_right(skb, &m, version, length)) return refuse(r->slot, CHECKSUM);
  return rate_is_fair(skb, &m, r) ? -1 : refuse(r->slot, RATE);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
