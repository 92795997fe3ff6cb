/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reports to servers of TCP behind local addresses who their clients are (enum client_address): what becomes of a connection's segments in both ways.
 * How it is done is settled by the server's SYN and ACK: an edit of the destination is for connections that begin later. */
#ifndef WEIR_CLIENT_ADDRESS_H
#define WEIR_CLIENT_ADDRESS_H

static __always_inline __u32 report_word(__u32 how, __u32 state) { return how | state << REPORT_STATE_SHIFT; }
/* What is known of the report to the server of a client's packet. */
static __always_inline struct fullnat_place *report_of(struct packet *p, struct fullnat_work *work) {
  struct fullnat_client c;
  client_of(&c, p, work);
  return bpf_map_lookup_elem(&fullnat_clients, &c);
}
/* And of a server's packet, which has its client's address. */
static __always_inline struct fullnat_place *report_of_answer(struct packet *p, struct fullnat_work *work) {
  struct fullnat_client c;
  client_key(&c, work, target_of(p), p->dport, work->vaddr, work->vport, p->protocol);
  return bpf_map_lookup_elem(&fullnat_clients, &c);
}
/* Notes in its flow, which replies read, how the client is reported. */
static __always_inline void flow_reports(struct fullnat_work *work, __u32 how) {
  struct fullnat_flow *f = flow_at(work->pool, work->port);
  if (f) WRITE(f->how, how);
}

#include "toa.h"
#include "proxy-header.h"

/* Data of a SYN (TCP Fast Open) would come before the header, and are left out, as by hosts that do not know them. TOA goes with them; what its client has
 * put in its place goes with no SYN. */
static __always_inline int client_syn(struct __sk_buff *skb, struct scratch *scratch, __u32 how, __u32 mtu) {
  struct packet *p = &scratch->packet;
  __u32 header = segment_header_len(skb, p);
  bool has_data = p->length > p->header + header;
  if (how == CLIENT_TOA && has_data) return toa_add(skb, scratch, mtu);
  if (how == CLIENT_TOA) return tcp_option_remove(skb, segment_l4(p), TOA_KIND) ? R_REDIRECT_FAILED : 0;
  if (how != CLIENT_PROXY || !has_data) return 0;
  count_reason(R_SYN_DATA);
  return segment_cut(skb, segment_l4(p) + header, 0) ? R_REDIRECT_FAILED : 0;
}

/* May the PROXY header have to go before or into the bytes of this segment? A fragment has no room for it, and what follows it would not be cut. */
static __always_inline bool lacks_header(struct dest *d, struct fullnat_work *work, __u8 flags) {
  if (flags & FLAG_SYN) return READ(d->tunnel_type) == CLIENT_PROXY;
  return (work->report & REPORT_HOW) == CLIENT_PROXY && work->report >> REPORT_STATE_SHIFT != REPORT_KNOWN;
}

/* A client's segment to a server, before its addresses change. 0, or the reason to drop it. A global function: its caller has little stack left. */
__noinline int client_report(struct __sk_buff *skb, struct fullnat_work *work, __u32 mtu) {
  struct scratch *scratch = the_scratch();
  struct dest *d = work ? dest_at(work->dest) : 0;
  if (!scratch || !d) return R_REDIRECT_FAILED;
  CHECKED(scratch);
  CHECKED(d);
  __u8 flags = scratch->packet.flags;
  __u32 how = work->report & REPORT_HOW;
  if (unlikely(scratch->packet.fragment) && lacks_header(d, work, flags)) return R_FRAGMENT;
  if (flags & FLAG_SYN) return client_syn(skb, scratch, READ(d->tunnel_type), mtu);
  if (how == CLIENT_PROXY) return proxy_request(skb, work, mtu);
  return how == CLIENT_TOA && !(flags & FLAG_RST) ? toa_add(skb, scratch, mtu) : 0;
}
static __always_inline bool is_reported(struct packet *p, struct fullnat_work *work) {
  return p->protocol == IPPROTO_TCP && (work->report || p->flags & FLAG_SYN);
}

/* A server's SYN and ACK: a connection begins, or is the same once more, whose server does not know its client yet. One that knows has a connection of
 * before: its client may begin with the same number again, and is reported again. */
static __always_inline int client_begins(struct __sk_buff *skb, struct packet *p, struct fullnat_work *work, __u32 how) {
  struct fullnat_place *t = report_of_answer(p, work);
  __u32 ack;
  if (!t || bpf_skb_load_bytes(skb, segment_l4(p) + TCP_ACK_IN, &ack, sizeof ack)) return R_REDIRECT_FAILED;
  ack = bpf_ntohl(ack);
  __u32 report = READ(t->report);
  if (READ(t->first) != ack || !(report & REPORT_HOW) || report >> REPORT_STATE_SHIFT == REPORT_KNOWN) {
    WRITE(t->report, report_word(how, REPORT_NEW));
    WRITE(t->first, ack);
    flow_reports(work, how);
  }
  return how == CLIENT_TOA ? toa_make_room(skb, segment_l4(p)) : 0;
}

/* Has the server sent data? Then it knows its client. */
static __always_inline void toa_answered(struct __sk_buff *skb, struct packet *p, struct fullnat_work *work) {
  if (p->length <= p->header + segment_header_len(skb, p) && !(p->flags & FLAG_FIN)) return;
  struct fullnat_place *t = report_of_answer(p, work);
  if (t) CAS(&t->report, report_word(CLIENT_TOA, REPORT_NEW), 0);
  flow_reports(work, CLIENT_UNREPORTED);
}

/* A server's segment, which has its client's address. 0, or the reason to drop it. A global function: verified once. */
__noinline int client_answer(struct __sk_buff *skb, struct fullnat_work *work) {
  struct scratch *scratch = the_scratch();
  struct dest *d = work ? dest_at(work->dest) : 0;
  if (!scratch || !d) return R_REDIRECT_FAILED;
  CHECKED(scratch);
  CHECKED(d);
  struct packet *p = &scratch->packet;
  if (p->flags & FLAG_SYN) return p->flags & FLAG_ACK ? client_begins(skb, p, work, READ(d->tunnel_type)) : 0;
  if (work->report == CLIENT_PROXY) return proxy_answer(skb, work);
  if (work->report == CLIENT_TOA) toa_answered(skb, p, work);
  return 0;
}
/* Is a server's packet to be changed, or may it show that its client is known? */
static __always_inline bool is_answer_changed(struct packet *p, struct fullnat_flow *f, struct fullnat_work *work) {
  if (p->protocol != IPPROTO_TCP) return false;
  work->report = READ(f->how);
  struct dest *d = p->flags & FLAG_SYN ? dest_at(work->dest) : 0;
  return work->report || (d && d->tunnel_type != CLIENT_UNREPORTED);
}

#endif
