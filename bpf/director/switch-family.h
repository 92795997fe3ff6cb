/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Content switching: what differs by family. Addresses are one word, or four; the header of IP has fields of other names. */
#ifndef WEIR_SWITCH_FAMILY_H
#define WEIR_SWITCH_FAMILY_H

#ifdef IPV6
#define SWITCH_WORDS 4
#define SWITCH_IP_LEN IP6_LEN
#define SWITCH_ETHER_TYPE ETH_P_IPV6
#define SWITCH_MSS_UNKNOWN 1220 /* RFC 9293, 3.7.1 */
#define SWITCH_MSS_MAX 1440
typedef struct ip6_header switch_ip;
static __always_inline __u8 *ttl_of(switch_ip *ip) { return &ip->hop_limit; }
static __always_inline __u32 *ip_source(switch_ip *ip) { return ip->saddr; }
static __always_inline __u32 *ip_target(switch_ip *ip) { return ip->daddr; }
static __always_inline __u32 ip_length(switch_ip *ip) { return bpf_ntohs(ip->payload_length) + IP6_LEN; }
/* TCP without extension headers. */
static __always_inline bool ip_is_plain(switch_ip *ip) { return (ip->first & bpf_htonl(0xf0000000)) == bpf_htonl(0x60000000) && ip->next == IPPROTO_TCP; }
/* Its fragments have an extension header. */
static __always_inline bool ip_is_fragment(switch_ip *ip) { return false; }
static __always_inline __u64 sum_of_end(const __u32 *a) { return sum_of_words(a); }
static __always_inline enum parsed switch_parse(struct __sk_buff *skb, struct packet *p) { return tc_parse6(skb, p); }
static __always_inline bool is_odd_pair(struct packet *p) { return address_equal(p->saddr6, p->daddr6) || is_martian6(p->saddr6); }
/* They mean nothing beyond their link: the director leaves them to the host. */
static __always_inline bool is_of_link(const __u32 *a) { return is_link_local(a); }
#define switch_onward tc_onward6
#else
#define SWITCH_WORDS 1
#define SWITCH_IP_LEN IP_LEN
#define SWITCH_ETHER_TYPE ETH_P_IP
#define SWITCH_MSS_UNKNOWN 536
#define SWITCH_MSS_MAX 1460
typedef struct iphdr switch_ip;
static __always_inline __u8 *ttl_of(switch_ip *ip) { return &ip->ttl; }
static __always_inline __u32 *ip_source(switch_ip *ip) { return &ip->saddr; }
static __always_inline __u32 *ip_target(switch_ip *ip) { return &ip->daddr; }
static __always_inline __u32 ip_length(switch_ip *ip) { return bpf_ntohs(ip->tot_len); }
static __always_inline bool ip_is_plain(switch_ip *ip) {
  return ip->version == 4 && ip->ihl == 5 && ip->protocol == IPPROTO_TCP && !(ip->frag_off & bpf_htons(0x1fff));
}
static __always_inline bool ip_is_fragment(switch_ip *ip) { return ip->frag_off & bpf_htons(0x3fff); }
static __always_inline __u64 sum_of_end(const __u32 *a) { return a[0]; }
static __always_inline enum parsed switch_parse(struct __sk_buff *skb, struct packet *p) { return tc_parse(skb, p, ETH_LEN); }
static __always_inline bool is_odd_pair(struct packet *p) { return p->saddr == p->daddr || is_martian(p->saddr); }
static __always_inline bool is_of_link(const __u32 *a) { return false; }
#define switch_onward tc_onward
#endif

static __always_inline void end_copy(__u32 *to, const __u32 *from) { __builtin_memcpy(to, from, SWITCH_WORDS * sizeof *to); }
static __always_inline bool end_is(const __u32 *a, const __u32 *b) {
  __u32 differs = 0;
#pragma clang loop unroll(full)
  for (int i = 0; i < SWITCH_WORDS; i++) differs |= a[i] ^ b[i];
  return !differs;
}

/* Keys on the stack: addresses there are read by halves (packet6.h). */
#define SWITCH_ALIGNED __attribute__((aligned(8)))

#endif
