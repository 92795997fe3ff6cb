/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The header of the PROXY protocol, version 2 (proxy-protocol.txt of HAProxy, section 2.2), in front of a client's first byte:
 *
 *   client's numbers      first ................ data            (52: of IPv6)
 *   server's numbers      first header first+28  data + 28
 *
 * It goes with every segment that begins at `first`, the handshake's ACK too, until the server has acknowledged it: so it comes again as often as it
 * is lost, and no timer is needed. */
#ifndef WEIR_PROXY_HEADER_H
#define WEIR_PROXY_HEADER_H

#define PROXY_VERSION_COMMAND 0x21 /* version 2, PROXY */
#define PROXY_TCP (FULLNAT_WORDS == 1 ? 0x11 : 0x21)
#define PROXY_FRONT 16
#define PROXY_ADDRESS (FULLNAT_WORDS * 4)
#define PROXY_BEHIND (2 * PROXY_ADDRESS + 4) /* both addresses and ports */
#define PROXY_HEADER_LEN (PROXY_FRONT + PROXY_BEHIND)
#define FLAG_PSH 0x08
#define FLAG_URG 0x20

static __always_inline struct tcp_numbers proxy_numbers(__u32 first, bool known) {
  return (struct tcp_numbers){.init_seq = first, .delta = PROXY_HEADER_LEN, .previous_delta = known ? PROXY_HEADER_LEN : 0};
}

/* The header of the packet's client and the address that it asked for goes into the scratch space. */
static __always_inline void proxy_header_make(struct scratch *scratch) {
  static const __u8 signature[12] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
  struct packet *p = &scratch->packet;
  struct insertion *t = &scratch->insertion;
  __builtin_memset(t, 0, sizeof *t);
  __builtin_memcpy(t->bytes, signature, sizeof signature);
  t->bytes[12] = PROXY_VERSION_COMMAND;
  t->bytes[13] = PROXY_TCP;
  t->bytes[15] = PROXY_BEHIND;
  __u8 *behind = t->bytes + PROXY_FRONT;
  __builtin_memcpy(behind, source_of(p), PROXY_ADDRESS);
  __builtin_memcpy(behind + PROXY_ADDRESS, target_of(p), PROXY_ADDRESS);
  *(__u16 *)(behind + 2 * PROXY_ADDRESS) = p->sport;
  *(__u16 *)(behind + 2 * PROXY_ADDRESS + 2) = p->dport;
}

/* A segment that begins with the client's first byte gets the header in front of its data; or, where it does not fit, in their place: then its client
 * sends them again. 0 or an error. */
static __always_inline int proxy_header_add(struct __sk_buff *skb, struct scratch *scratch, bool fits) {
  struct packet *p = &scratch->packet;
  __u32 at = segment_l4(p) + segment_header_len(skb, p);
  proxy_header_make(scratch);
  if (fits ? segment_grow(skb, at, PROXY_HEADER_LEN) : segment_cut(skb, at, PROXY_HEADER_LEN)) return -1;
  if (segment_fill(skb, p, at, &scratch->insertion, PROXY_HEADER_LEN)) return -1;
  return fits ? 0 : segment_words_store(skb, p, 0, FLAG_FIN | FLAG_PSH | FLAG_URG);
}

/* Would its bytes come to stand where the header belongs? Those of a segment that begins before the first byte do, or that has no ACK: no host sends such
 * ones, and a server would take them for a header, with whatever address they name. */
static __always_inline bool proxy_is_overlaid(struct __sk_buff *skb, struct packet *p, __u32 seq, __u32 first) {
  __u32 end = seq + p->length - p->header - segment_header_len(skb, p) + (p->flags & FLAG_FIN ? 1 : 0);
  return !is_behind(seq, first) && is_behind(end, first) && !(p->flags & FLAG_RST);
}

/* A client's segment. 0, or the reason to drop it. A global function: verified once. */
__noinline int proxy_request(struct __sk_buff *skb, struct fullnat_work *work, __u32 mtu) {
  struct scratch *scratch = the_scratch();
  struct fullnat_place *t = scratch && work ? report_of(&scratch->packet, work) : 0;
  __u32 seq;
  if (!scratch || !t) return R_REDIRECT_FAILED;
  CHECKED(scratch);
  CHECKED(t);
  struct packet *p = &scratch->packet;
  if (bpf_skb_load_bytes(skb, segment_l4(p) + TCP_SEQ_IN, &seq, sizeof seq)) return R_REDIRECT_FAILED;
  seq = bpf_ntohl(seq);
  __u32 report = READ(t->report), state = report >> REPORT_STATE_SHIFT, first = READ(t->first);
  bool known = state == REPORT_KNOWN, begins = seq == first && !known && p->flags & FLAG_ACK && !(p->flags & FLAG_RST);
  if (!known && !begins && proxy_is_overlaid(skb, p, seq, first)) return R_REDIRECT_FAILED;
  struct tcp_numbers n = proxy_numbers(first, known);
  /* An RST at the first byte is for a server that has the header, if it was sent. */
  if (!known && seq == first && state != REPORT_NEW && p->flags & FLAG_RST) n.previous_delta = PROXY_HEADER_LEN;
  if (begins) {
    bool fits = !skb->gso_size && !(p->flags & FLAG_URG) && (!mtu || p->length + PROXY_HEADER_LEN <= mtu);
    bool passes = !fits && state == REPORT_SENT; /* it may be on its way: the bytes are sent again where it is not */
    __u32 now = report_word(CLIENT_PROXY, passes ? REPORT_PASSED : REPORT_SENT);
    if (now != report && !(fits && state == REPORT_PASSED)) CAS(&t->report, report, now);
    if (!passes) return proxy_header_add(skb, scratch, fits) ? R_REDIRECT_FAILED : 0;
    n.previous_delta = PROXY_HEADER_LEN;
  }
  __u32 is = number_forth(&n, seq);
  return is != seq && number_store(skb, segment_l4(p), TCP_SEQ_IN, seq, is) ? R_REDIRECT_FAILED : 0;
}

/* Does an RST refuse a SYN, perhaps of the next connection from the same port? It has no number of its own then, and acknowledges that of the SYN, which is
 * the client's (RFC 9293, section 3.10.7.1). */
static __always_inline bool proxy_refuses(struct __sk_buff *skb, struct packet *p) {
  __u32 seq;
  return p->flags & FLAG_RST && !bpf_skb_load_bytes(skb, segment_l4(p) + TCP_SEQ_IN, &seq, sizeof seq) && !seq;
}

/* What a server acknowledges, for its client. Until that is the header, it is nothing of the client's, and SACK has no bytes to name. 0, or the reason to
 * drop the packet. A global function: verified once. */
__noinline int proxy_answer(struct __sk_buff *skb, struct fullnat_work *work) {
  struct scratch *scratch = the_scratch();
  struct fullnat_place *t = scratch && work ? report_of_answer(&scratch->packet, work) : 0;
  __u32 ack;
  if (!scratch || !t) return R_REDIRECT_FAILED;
  CHECKED(scratch);
  CHECKED(t);
  struct packet *p = &scratch->packet;
  __u32 l4 = segment_l4(p);
  if (!(p->flags & FLAG_ACK) || proxy_refuses(skb, p)) return 0;
  if (bpf_skb_load_bytes(skb, l4 + TCP_ACK_IN, &ack, sizeof ack)) return R_REDIRECT_FAILED;
  ack = bpf_ntohl(ack);
  __u32 report = READ(t->report), first = READ(t->first), behind = ack - first;
  bool known = report >> REPORT_STATE_SHIFT == REPORT_KNOWN;
  if (!known && (__s32)behind >= PROXY_HEADER_LEN) {
    CAS(&t->report, report, report_word(CLIENT_PROXY, REPORT_KNOWN));
    known = true;
  }
  if (!known) {
    if ((__s32)behind > 0 && number_store(skb, l4, TCP_ACK_IN, ack, first)) return R_REDIRECT_FAILED;
    return tcp_option_remove(skb, l4, OPTION_SACK) ? R_REDIRECT_FAILED : 0;
  }
  struct tcp_numbers n = proxy_numbers(first, true);
  if (number_store(skb, l4, TCP_ACK_IN, ack, number_back(&n, ack))) return R_REDIRECT_FAILED;
  scratch->tcp_options.numbers = n;
  return tcp_sack_back(skb, l4) ? R_REDIRECT_FAILED : 0;
}

#endif
