/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Content switching: the first segment becomes a SYN, with which a connection of the service begins. A program of its own, entered by a tail call: the
 * stack of what led here and that of the director's own functions do not add up. */
#ifndef WEIR_SWITCH_BIND_H
#define WEIR_SWITCH_BIND_H

/* Sends the SYN that the segment was made to the server that was chosen: a connection of the service begins. A global function: verified once. */
__noinline int switch_schedule(struct __sk_buff *skb, __u32 service, __u32 dest) {
  struct scratch *scratch = the_scratch();
  struct switch_scratch *w = the_switch();
  struct conf *c = the_conf();
  struct service *svc = service_at(service);
  if (!scratch || !w || !c || !svc || svc->state != LIVE) return switch_failed();
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  if (switch_parse(skb, p) != P_OK) return switch_failed();
  struct verdict v = {.p = p, .c = c, .now = clock_now(), .service = service};
  enum decision go = decide_known(&v);
  if (v.known && v.dest != dest) conn_finish(&v); /* also one whose server is gone, which goes nowhere */
  if (!v.known) {
    v.dest = dest;
    v.d = 0;
    v.key = conn_key(p->saddr, p->sport, service);
    note_client_source(p);
    go = conn_new(&v);
    if (go == GO_REQUEST) v.dest = v_dest(v.f.value);
    v.d = dest_at(v.dest);
  }
  if (go != GO_REQUEST || !v.d) {
    CHECKED(w);
    flow_forget(w, &w->key, &w->flow); /* its client sends the segment again, which is decided again */
    return tc_drop(drop_reason(v.reason));
  }
  if (v.known && !conn_touch(&v, false)) return tc_drop(drop_reason(R_BUSY));
  count_packet(&v, false);
  int done = switch_onward(skb, &v);
  return done < TC_ELSEWHERE ? done : switch_failed();
}

/* Makes the segment in the scratch space a SYN to the server of the flow there. */
static __always_inline int switch_ask(struct __sk_buff *skb, struct switch_scratch *w) {
  struct switch_client_key *k = &w->key;
  struct switch_headers *h = &w->headers;
  struct switch_flow *f = &w->flow;
  __u32 options = f->isn & COOKIE_OPTIONS, scale = cookie_scale(options), window = f->window;
  if (scale != SWITCH_NO_SCALE) window <<= scale & 15;
  heads_begin(h, k->client, k->vip, k->client_port, k->vport);
  *ttl_of(&h->ip) = w->ttl;
  heads_numbers(h, f->first - 1, 0, FLAG_SYN, window);
  heads_options(h, cookie_mss(options & 3), scale, options & COOKIE_SACK);
  if (heads_store(skb, SWITCH_SYN_WORDS, 0)) return switch_failed();
  switch_count(SWITCHED_ASKED);
  return switch_schedule(skb, w->listener.service, f->dest);
}

SEC("tc")
int weir_switch_bind(struct __sk_buff *skb) {
  struct switch_scratch *w = the_switch();
  if (!w) return switch_failed();
  CHECKED(w);
  return switch_ask(skb, w);
}

#endif
