/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* schedule_icmp: the connection that an ICMP error is about, where no build has it: another director may have had it. As in IPVS it begins here, as if
 * its client had sent something, and ends after QUOTED_SECONDS if neither end does. */
#ifndef WEIR_RELATED_BEGIN_H
#define WEIR_RELATED_BEGIN_H

#define RELATED_DROPPED 0x80000000 /* with the reason */

/* The packet in the scratch space is one of the client. Returns the destination of its connection; 0: there is none. A global function: its stack frame
 * is its own, and it is rarely called. */
__noinline __u32 related_begin(__u32 service) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  struct service *svc = service_at(service);
  if (!scratch || !c || !svc || svc->flags & SVC_SIP) return 0; /* which call it is of is not in the quote */
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  struct verdict v = {.p = p, .c = c, .now = clock_now(), .service = service, .begun = BEGUN_BY_ERROR, .reason = R_DROP_PACKET};
  if (unlikely(c->drop_rate) && defence_drops()) return RELATED_DROPPED | R_DROP_PACKET;
  v.key = conn_key(p->saddr, p->sport, service);
  asm volatile("" : "+r"(v.key)); /* as in decide_new() */
  note_client_source(p);
  v.dest = template_find(service, p->saddr, v.now);
  bool once = is_scheduled_once(svc, p);
  enum decision go = once ? conn_once(&v) : conn_new(&v);
  if (go == GO_REFUSE) return 0;
  if (go != GO_REQUEST) return RELATED_DROPPED | drop_reason(v.reason);
  if (v.known) return v_dest(v.f.value); /* another CPU made it meanwhile */
  if (!once) {
    template_make(v.dest);
    template_begin(v.key);
  }
  return v.dest;
}

/* What becomes of an error that found no destination. */
static __always_inline int related_refused(__u32 dest) { return tc_drop(dest & RELATED_DROPPED ? dest & ~RELATED_DROPPED : R_NO_DESTINATION); }
static __always_inline bool related_has_dest(__u32 dest) { return dest && !(dest & RELATED_DROPPED); }

/* An error about a connection of this service, where none is known: related_begin() makes it, and then the error goes on to its destination. The program
 * itself calls both, so that their stack frames do not add up. */
#define RELATED_ASKED 0x100000
static __always_inline bool related_asks(int done) { return done >= RELATED_ASKED; }
static __always_inline __u32 related_asked(int done) { return done & (RELATED_ASKED - 1); }

/* An exact service's connections are not the wide build's, which was the last one to look: the packet goes back to the program on the links. One of all
 * ports has port 0, which a quoted packet may have, too. Where the packet filter sees new connections first, an error begins none: it would never see them. */
static __always_inline int related_begins(struct service *s, __u32 service, __u16 port) {
  if (unlikely(s->flags & SVC_FIREWALL)) return TC_ACT_UNSPEC;
  return ALL_PORTS && s->port && s->port == port ? TC_BACK : (int)(RELATED_ASKED | service);
}

#endif
