/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Content switching: segments that are read, and those that are written in their place. */
#ifndef WEIR_SWITCH_SEGMENT_H
#define WEIR_SWITCH_SEGMENT_H

#define TCP_AT (ETH_LEN + SWITCH_IP_LEN)
#define SWITCH_HEADS (TCP_AT + 20)
#define FLAG_PSH 0x08

/* The kernel's own view of a packet: who computes its checksum. */
struct sk_buff {
  __u8 ip_summed : 2;
} __attribute__((preserve_access_index));
extern void *bpf_cast_to_kern_ctx(void *ctx) __ksym;
#define SUM_FOUND_RIGHT 1 /* CHECKSUM_UNNECESSARY: by the device that it came by */
#define SUM_BY_DEVICE 3   /* CHECKSUM_PARTIAL: the field has the sum of the pseudo header alone */
static __always_inline __u32 sum_kind(struct __sk_buff *skb) {
  struct sk_buff *kernel = bpf_cast_to_kern_ctx(skb);
  return BPF_CORE_READ_BITFIELD(kernel, ip_summed);
}
static __always_inline bool sum_is_partial(struct __sk_buff *skb) { return sum_kind(skb) == SUM_BY_DEVICE; }

static __always_inline __u16 sum_fold(__u64 sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  return (sum & 0xffff) + (sum >> 16);
}

/* Is the checksum of the segment in the scratch space right? What is answered, or made another segment, gets a new one: a wrong one would be lost. A
 * global function: verified once. */
__noinline int segment_is_intact(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  struct switch_scratch *w = the_switch();
  if (!scratch || !w) return false;
  __u32 kind = sum_kind(skb);
  if (likely(kind == SUM_FOUND_RIGHT || kind == SUM_BY_DEVICE)) return true;
  CHECKED(w);
  struct datagram *d = &scratch->datagram;
  d->at = TCP_AT;
  d->left = w->length;
  d->sum = 0;
#pragma clang loop unroll(disable)
  for (int i = 0; i < SUM_PARTS; i++) {
    if (!d->left) break;
    if (datagram_add(skb)) return false;
  }
  return !fold(d->sum + w->ends + bpf_htons(IPPROTO_TCP) + bpf_htons(w->length));
}

#ifdef IPV6
static __always_inline void heads_ip(struct ip6_header *ip, __u32 length) { ip->payload_length = bpf_htons(length - IP6_LEN); }
#else
static __always_inline void heads_ip(struct iphdr *ip, __u32 length) {
  ip->tot_len = bpf_htons(length);
  ip->frag_off = bpf_htons(0x4000);
  ip->check = 0;
  __u16 *half = (__u16 *)ip;
  __u64 sum = 0;
#pragma clang loop unroll(full)
  for (int i = 0; i < IP_LEN / 2; i++) sum += half[i];
  ip->check = ~sum_fold(sum);
}
#endif

/* Writes the headers in the scratch space over the packet's own, with `payload` bytes of the scratch space's text behind them. `words`: of TCP's header.
 * 0 or an error. A global function: verified once. */
__noinline int heads_store(struct __sk_buff *skb, __u32 words, __u32 payload) {
  struct switch_scratch *w = the_switch();
  if (!w || words < 5 || words > SWITCH_SYN_WORDS || payload > SWITCH_HELD) return -1;
  CHECKED(w);
  struct switch_headers *h = &w->headers;
  __u32 length = words * 4 + payload;
  heads_ip(&h->ip, SWITCH_IP_LEN + length);
  h->tcp.doff = words;
  h->tcp.check = 0;
  __u64 sum = sum_of_end(ip_source(&h->ip)) + sum_of_end(ip_target(&h->ip)) + bpf_htons(IPPROTO_TCP) + bpf_htons(length);
  bool partial = sum_is_partial(skb);
  if (!partial) {
    __u32 *word = (__u32 *)&h->tcp;
#pragma clang loop unroll(full)
    for (int i = 0; i < SWITCH_SYN_WORDS; i++)
      if (i < 5 || words > 5) sum += word[i];
    __u32 *text = (__u32 *)w->text;
    __u32 padded = (payload + 3) & ~3u;
#pragma clang loop unroll(full)
    for (int i = 0; i < 3; i++) { /* by calls of 512 bytes at most, the rest of which is zeros */
      __u32 at = i * 512, part = padded > at ? padded - at : 0;
      if (part > 512) part = 512;
      if (!part) break;
      __s64 more = bpf_csum_diff(0, 0, text + at / 4, part, 0);
      if (more < 0) return -1;
      sum += more;
    }
  }
  h->tcp.check = partial ? sum_fold(sum) : (__u16)~sum_fold(sum);
  if (bpf_skb_change_tail(skb, TCP_AT + length, 0)) return -1;
  if (bpf_skb_store_bytes(skb, ETH_LEN, h, words > 5 ? SWITCH_HEADERS_LEN : SWITCH_IP_LEN + 20, 0)) return -1;
  if (!payload || payload > SWITCH_HELD) return 0;
  return bpf_skb_store_bytes(skb, TCP_AT + words * 4, w->text, payload, 0);
}

/* Headers of a segment between these ends, without options. */
static __always_inline void heads_begin(struct switch_headers *h, const __u32 *saddr, const __u32 *daddr, __u16 sport, __u16 dport) {
  __builtin_memset(h, 0, sizeof *h);
#ifdef IPV6
  h->ip.first = bpf_htonl(0x60000000);
  h->ip.next = IPPROTO_TCP;
#else
  h->ip.version = 4;
  h->ip.ihl = 5;
  h->ip.protocol = IPPROTO_TCP;
#endif
  *ttl_of(&h->ip) = 64;
  end_copy(ip_source(&h->ip), saddr);
  end_copy(ip_target(&h->ip), daddr);
  h->tcp.source = sport;
  h->tcp.dest = dport;
}
static __always_inline void heads_numbers(struct switch_headers *h, __u32 seq, __u32 ack, __u8 flags, __u32 window) {
  h->tcp.seq = bpf_htonl(seq);
  h->tcp.ack_seq = bpf_htonl(ack);
  ((__u8 *)&h->tcp)[13] = flags;
  h->tcp.window = bpf_htons(window > 0xffff ? 0xffff : window);
}
#define OPTION_SIZE 2
#define OPTION_SCALE 3
#define OPTION_SACK_PERMITTED 4
#define SCALE_MAX 14
#define NO_OPTIONS 0x01010101
/* MSS, SACK, and the scale of windows, or bytes that mean nothing. */
static __always_inline void heads_options(struct switch_headers *h, __u32 mss, __u32 scale, bool sack) {
  __u32 *word = (__u32 *)h->options;
  word[0] = bpf_htonl(0x02040000 | (mss & 0xffff));
  word[1] = bpf_htonl(sack ? 0x01010402 : NO_OPTIONS);
  word[2] = bpf_htonl(scale == SWITCH_NO_SCALE ? NO_OPTIONS : 0x01030300 | scale);
}

static long option_step(__u64 i, void *ctx) {
  struct switch_scratch *w = the_switch();
  if (!w) return 1;
  CHECKED(w);
  struct option_scan *o = &w->scan;
  __u32 at = o->at;
  if (at >= o->size) return 1;
  __u8 *b = w->options;
  __u32 kind = b[at & 63], length = b[(at + 1) & 63];
  if (kind == OPTION_END) return 1;
  if (kind == OPTION_NOTHING) {
    o->at++;
    return 0;
  }
  if (length < 2 || at + length > o->size) return 1;
  if (kind == OPTION_SIZE && length == 4) w->mss = b[(at + 2) & 63] << 8 | b[(at + 3) & 63];
  if (kind == OPTION_SCALE && length == 3) w->scale = b[(at + 2) & 63] > SCALE_MAX ? SCALE_MAX : b[(at + 2) & 63];
  if (kind == OPTION_SACK_PERMITTED && length == 2) w->sack = true;
  o->at += length;
  return 0;
}

/* Reads the options of the SYN in the scratch space: mss, scale and sack. A global function: verified once. */
__noinline int options_read(struct __sk_buff *skb) {
  struct switch_scratch *w = the_switch();
  if (!w) return -1;
  CHECKED(w);
  w->mss = SWITCH_MSS_UNKNOWN;
  w->scale = SWITCH_NO_SCALE;
  w->sack = false;
  __u32 size = w->header - 20;
  if (!size || size > SWITCH_OPTIONS) return 0;
  if (bpf_skb_load_bytes(skb, SWITCH_HEADS, w->options, size)) return -1;
  w->scan = (struct option_scan){.size = size};
  bpf_loop(SWITCH_OPTIONS, option_step, 0, 0);
  return 0;
}

/* Changes a number of a segment's header in place, and its checksum where no device is to compute that. `from`, `to` as in packets. */
static __always_inline void word_change(struct tcphdr *tcp, __u32 *word, __u32 to, bool partial) {
  if (!partial) tcp->check = sum_apply(tcp->check, sum_change32(0, *word, to));
  *word = to;
}
static __always_inline void window_change(struct tcphdr *tcp, __u32 window, bool partial) {
  __u16 to = bpf_htons(window > 0xffff ? 0xffff : window);
  if (!partial) tcp->check = sum_apply(tcp->check, sum_change16(0, tcp->window, to));
  tcp->window = to;
}

#endif
