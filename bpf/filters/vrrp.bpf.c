// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* VRRP's socket filter: judges adverts before they take space in a socket or time of the process.
 *
 * It drops only what the process would refuse, too. A flood of adverts that look valid is limited to a rate for each sender; new
 * senders share one rate, so that forged addresses do not use up the rate of a known master. Where adverts have digests, only those
 * with a valid one count for that rate, each once: `vrrp_filter_digests`, loaded where an instance needs it.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include "digest.h"
#include "account.h"

#define AH_SIZE 24
#define AH_DIGEST 12
#define TRAILER_SIZE 28
#define TRAILER_MAC 12
#define IP_SIZE 20     /* the IP header, which AH covers; a trailer covers as many bytes that name the sender */
#define SUM_MAX 1056   /* 255 IPv4 addresses, password included; longer ones are left to the process */
#define OLD_GROUP bpf_htonl(0xe0000012)
struct sender_key {
  __u32 slot;
  __u32 priority; /* priority + 1; 0: of the sender, whatever its priority */
  __u32 address[4];
  __u8 mac[8]; /* so that a host that forges a master's address does not use up its rate; 0 for valid digests */
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, struct vrrp_rule_key);
  __type(value, struct vrrp_rule);
} rules SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 8192);
  __type(key, struct sender_key);
  __type(value, __u64);
} senders SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 65536);
  __type(key, struct vrrp_digest_id);
  __type(value, struct digest_key);
} keys SEC(".maps");

/* The greatest number of a valid advert of each sender: only holders of the key make entries. */
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 8192);
  __type(key, struct vrrp_seen_key);
  __type(value, __u64);
} seen SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u8[SUM_MAX]);
} sum_scratch SEC(".maps");

struct advert {
  __u32 family; /* 4, 6 */
  __u32 ttl;
  __u32 id;   /* IPv4's, network order */
  __u32 ah;   /* 1: an AH is in front of VRRP */
  __u32 at;   /* where VRRP begins */
  __u32 size; /* from there to the packet's end */
  __u32 source[4], destination[4];
  __u8 head[8];
};

struct digest_fields {
  __u32 key;
  __u32 digest[4];
  __u64 number; /* AH: sequence; trailer: seconds, part of a second, counter, ordered by their distance */
};

static __always_inline bool parse_ipv4(struct __sk_buff *skb, struct advert *m) { /* a raw IPv4 socket sees the IP header */
  struct iphdr ip;
  if (bpf_skb_load_bytes(skb, 0, &ip, sizeof ip)) return false;
  __u32 whole = bpf_ntohs(ip.tot_len), length = skb->len;
  if (ip.version != 4 || ip.ihl < 5 || whole > length) return false;
  m->family = 4;
  m->ttl = ip.ttl;
  m->id = ip.id;
  m->ah = ip.protocol == IPPROTO_AH;
  m->at = ip.ihl * 4 + (m->ah ? AH_SIZE : 0);
  m->source[0] = ip.saddr;
  m->destination[0] = ip.daddr;
  if (whole < m->at + sizeof m->head) return false;
  m->size = whole - m->at;
  return true;
}

static __always_inline bool parse_ipv6(struct __sk_buff *skb, struct advert *m) { /* a raw IPv6 socket sees what follows it */
  struct ipv6hdr ip;
  if (bpf_skb_load_bytes_relative(skb, 0, &ip, sizeof ip, BPF_HDR_START_NET)) return false;
  m->family = 6;
  m->ttl = ip.hop_limit;
  m->at = skipped;
  __builtin_memcpy(m->source, &ip.saddr, 16);
  __builtin_memcpy(m->destination, &ip.daddr, 16);
  if (skb->len < m->at + sizeof m->head) return false;
  m->size = skb->len - m->at;
  return true;
}

static __always_inline bool parse(struct __sk_buff *skb, struct advert *m) {
  if (!(skb->protocol == bpf_htons(ETH_P_IP) ? parse_ipv4(skb, m) : parse_ipv6(skb, m))) return false;
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

/* Is the checksum right in one of these dialects? Longer messages pass. */
__noinline int sum_is_right(struct __sk_buff *skb, struct advert *m, __u32 dialects, __u32 length) {
  __u32 zero = 0;
  __u8 *bytes = bpf_map_lookup_elem(&sum_scratch, &zero);
  if (!bytes || !m || length > SUM_MAX) return 1;
  OPAQUE(length);
  if (length < 8) return 1;
  if (bpf_skb_load_bytes(skb, m->at, bytes, length)) return 1;
  __u64 sum = 0;
  for (__u32 i = 0; i < SUM_MAX; i += 4) { /* all lengths are multiples of 4 */
    if (i >= length) break;
    sum += *(__u32 *)(bytes + i);
  }
  if (dialects & SUM_PLAIN && is_whole(sum)) return 1;
  if (dialects & SUM_PSEUDO && is_whole(sum + sum_addresses(m, length))) return 1;
  if (!(dialects & SUM_OLD)) return 0;
  m->destination[0] = OLD_GROUP;
  return is_whole(sum + sum_addresses(m, length));
}

/* Rates are kept by sender and priority: a host that forges a master's address with another priority does not use up the master's rate.
 * A new priority of a known sender passes at the sender's rate, a new sender at the rate of all new senders. `proven`: by its digest. */
static __always_inline bool sender_within_rate(struct __sk_buff *skb, const struct advert *m, const struct vrrp_rule *r, bool proven) {
  struct sender_key sender = {.slot = r->account}, exact = {.slot = r->account, .priority = 1 + m->head[2]};
  __builtin_memcpy(sender.address, m->source, sizeof sender.address);
  if (!proven) bpf_skb_load_bytes_relative(skb, 6, sender.mac, 6, BPF_HDR_START_MAC); /* zeros on links without MACs */
  __builtin_memcpy(exact.address, sender.address, sizeof exact.address + sizeof exact.mac);
  __u64 *due = bpf_map_lookup_elem(&senders, &exact);
  if (due) return within_rate(due, r->spacing, r->burst);
  __u64 first = bpf_ktime_get_ns() + r->spacing;
  if (!proven) {
    due = bpf_map_lookup_elem(&senders, &sender);
    if (due) {
      if (!within_rate(due, r->spacing, r->burst)) return false;
    } else {
      __u32 slot = r->account;
      struct account *a = bpf_map_lookup_elem(&accounts, &slot);
      if (!a || !within_rate(&a->new_sender_due, r->spacing, r->burst)) return false;
      bpf_map_update_elem(&senders, &sender, &first, BPF_ANY);
    }
  }
  bpf_map_update_elem(&senders, &exact, &first, BPF_ANY);
  return true;
}

static __always_inline const struct vrrp_rule *rule_of(struct __sk_buff *skb, const struct advert *m) {
  struct vrrp_rule_key key = {.ifindex = skb->ifindex, .family = m->family, .vrid = m->head[1]};
  const struct vrrp_rule *r = bpf_map_lookup_elem(&rules, &key);
  if (r) return r;
  key.ifindex = 0;
  return bpf_map_lookup_elem(&rules, &key);
}

static __always_inline bool read_ah(struct __sk_buff *skb, const struct advert *m, struct digest_fields *s) {
  __u32 words[AH_SIZE / 4];
  if (bpf_skb_load_bytes(skb, m->at - AH_SIZE, words, sizeof words)) return false;
  if ((words[0] & bpf_htonl(0xffff0000)) != bpf_htonl(112 << 24 | 4 << 16)) return false;
  s->number = bpf_ntohl(words[2]);
  __builtin_memcpy(s->digest, words + 3, 12);
  return true;
}

static __always_inline bool read_trailer(struct __sk_buff *skb, const struct advert *m, __u32 length, struct digest_fields *s) {
  __u8 bytes[TRAILER_SIZE];
  if (m->size != length + TRAILER_SIZE || bpf_skb_load_bytes(skb, m->at + length, bytes, sizeof bytes) || bytes[0] != 1 || bytes[2] || bytes[3])
    return false;
  __u32 seconds = *(__u32 *)(bytes + 4), rest = *(__u32 *)(bytes + 8);
  s->key = bytes[1];
  s->number = (__u64)bpf_ntohl(seconds) << 32 | bpf_ntohl(rest);
  __builtin_memcpy(s->digest, bytes + TRAILER_MAC, 16);
  return true;
}

/* What AH covers: the IP header as it was sent, AH without its digest, VRRP. */
__noinline int ah_is_valid(struct __sk_buff *skb, const struct advert *m, __u32 length, __u32 unicast) {
  struct digest_scratch *scratch = digest_scratch();
  __u32 size = IP_SIZE + AH_SIZE + length, loaded = AH_SIZE + length;
  OPAQUE(loaded);
  if (!scratch || !m || loaded > DIGEST_BYTES_MAX - IP_SIZE || !clear_end(size)) return 0;
  OPAQUE(loaded);
  if (loaded < AH_SIZE) return 0;
  __u8 *bytes = (__u8 *)scratch->blocks;
  if (bpf_skb_load_bytes(skb, m->at - AH_SIZE, bytes + IP_SIZE, loaded)) return 0;
  __u32 *words = (__u32 *)bytes;
  for (int i = 0; i < 3; i++) words[(IP_SIZE + AH_DIGEST) / 4 + i] = 0;
  words[0] = bpf_htonl(0x45000000 | size);
  words[1] = m->id;
  words[2] = bpf_htonl((unicast ? 0 : m->ttl << 24) | IPPROTO_AH << 16);
  words[3] = m->source[0];
  words[4] = m->destination[0];
  return md5_matches(size);
}

/* What a trailer covers: sender and header fields, the message without its checksum, the trailer without its digest. */
__noinline int trailer_is_valid(struct __sk_buff *skb, const struct advert *m, __u32 length) {
  struct digest_scratch *scratch = digest_scratch();
  __u32 size = IP_SIZE + length + TRAILER_SIZE, loaded = length + TRAILER_SIZE, mac = (IP_SIZE + length + TRAILER_MAC) / 4;
  OPAQUE(loaded);
  OPAQUE(mac);
  if (!scratch || !m || loaded > DIGEST_BYTES_MAX - IP_SIZE || mac > SCRATCH_BYTES / 4 || !clear_end(size)) return 0;
  OPAQUE(loaded);
  if (loaded < TRAILER_SIZE) return 0;
  __u32 *words = (__u32 *)scratch->blocks;
  if (bpf_skb_load_bytes(skb, m->at, (__u8 *)words + IP_SIZE, loaded)) return 0;
  ((__u8 *)words)[IP_SIZE + 6] = ((__u8 *)words)[IP_SIZE + 7] = 0;
  for (int i = 0; i < 4; i++) words[mac + i] = 0; /* all lengths are multiples of 4 */
  words[0] = bpf_htonl(m->family << 24 | (m->head[0] >> 4) << 16 | m->head[1] << 8);
  for (int i = 0; i < 4; i++) words[1 + i] = m->source[i];
  return sha256_matches(size);
}

/* Copies the key that the advert names, and its digest, into the scratch space. */
static __always_inline bool take_key(const struct vrrp_rule *r, const struct digest_fields *s) {
  struct vrrp_digest_id id = {.account = r->account, .key = s->key};
  const struct digest_key *key = bpf_map_lookup_elem(&keys, &id);
  struct digest_scratch *scratch = digest_scratch();
  if (!key || !scratch) return false;
  scratch->key = *key;
  __builtin_memcpy(scratch->digest, s->digest, sizeof scratch->digest);
  return true;
}

/* A number that is not greater than the last is a replay, or of a sender that was restarted or whose clock was set back. */
static __always_inline int judge_digest(struct __sk_buff *skb, const struct advert *m, const struct vrrp_rule *r, __u32 length) {
  struct digest_fields s = {};
  bool ah = r->digest == DIGEST_AH;
  __u32 slot = r->account, covered = IP_SIZE + length + (ah ? AH_SIZE : TRAILER_SIZE);
  struct account *a = bpf_map_lookup_elem(&accounts, &slot);
  if (!a || !(ah ? read_ah(skb, m, &s) : read_trailer(skb, m, length, &s))) return refuse(slot, VRRP_DIGEST);
  struct vrrp_seen_key from = {.account = slot};
  __builtin_memcpy(from.address, m->source, sizeof from.address);
  __u64 *last = bpf_map_lookup_elem(&seen, &from);
  if (last && (__s64)(s.number - *last) <= 0)
    return passes_unjudged(&a->replay_due, r->spacing, r->burst) ? PASS : refuse(slot, VRRP_REPLAY);
  if (covered > r->covered) return passes_unjudged(&a->long_due, r->spacing, r->burst) ? PASS : refuse(slot, VRRP_LONG);
  if (!take_key(r, &s) || !(ah ? ah_is_valid(skb, m, length, !r->hops) : trailer_is_valid(skb, m, length)))
    return refuse(slot, VRRP_DIGEST);
  if (last) *last = s.number;
  else bpf_map_update_elem(&seen, &from, &s.number, BPF_ANY);
  return sender_within_rate(skb, m, r, true) ? PASS : refuse(slot, VRRP_RATE);
}

static __always_inline int judge(struct __sk_buff *skb, bool with_digests) {
  struct advert m = {};
  if (!parse(skb, &m)) return refuse(0, VRRP_LENGTH);
  const struct vrrp_rule *r = rule_of(skb, &m);
  if (!r) return refuse(0, VRRP_VRID);
  __u32 version = m.head[0] >> 4;
  if (r->version == VERSION_ANY) return sender_within_rate(skb, &m, r, false) ? PASS : refuse(r->account, VRRP_RATE);
  if (m.ah != (r->digest == DIGEST_AH)) return refuse(r->account, VRRP_AUTH);
  if (version != r->version) return refuse(r->account, VRRP_VERSION);
  __u32 addresses = m.head[3] * (m.family == 4 ? 4 : 16), length = 8 + addresses + (version == 2 ? 8 : 0);
  if (m.size != length && (r->digest < DIGEST_TRAILER || m.size != length + TRAILER_SIZE)) return refuse(r->account, VRRP_LENGTH);
  if (r->hops && m.ttl != 255) return refuse(r->account, VRRP_TTL);
  if (r->digest == DIGEST_TRAILER && m.size == length) return refuse(r->account, VRRP_AUTH);
  if (version == 2 && r->auth != AUTH_ANY) {
    __u8 password[8];
    if (m.head[4] != r->auth) return refuse(r->account, VRRP_AUTH);
    if (r->auth == AUTH_PASSWORD &&
        (bpf_skb_load_bytes(skb, m.at + 8 + addresses, password, 8) || *(__u64 *)password != *(__u64 *)r->password))
      return refuse(r->account, VRRP_AUTH);
  }
  if ((m.head[0] & 15) != 1) return refuse(r->account, VRRP_TYPE);
  if (r->sum && !sum_is_right(skb, &m, r->sum, m.family == 4 ? length : m.size)) return refuse(r->account, VRRP_CHECKSUM);
  bool trailer = r->digest == DIGEST_TRAILER || (r->digest == DIGEST_OPTIONAL_TRAILER && m.size != length);
  if (with_digests && (trailer || r->digest == DIGEST_AH)) return judge_digest(skb, &m, r, length);
  return sender_within_rate(skb, &m, r, false) ? PASS : refuse(r->account, VRRP_RATE);
}

SEC("socket")
int vrrp_filter(struct __sk_buff *skb) { return judge(skb, false); }

SEC("socket")
int vrrp_filter_digests(struct __sk_buff *skb) { return judge(skb, true); }

char LICENSE[] SEC("license") = "Dual BSD/GPL";
