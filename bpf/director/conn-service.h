/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The service of a connection, found by what is in its packets alone. A packet shows neither its firewall mark before netfilter has seen it nor
 * therefore its service, but the connections of a client are in one neighbourhood, and each has its virtual endpoint beside its slot. Of both
 * families. */
#ifndef WEIR_CONN_SERVICE_H
#define WEIR_CONN_SERVICE_H

/* The service of this slot's connection, if it is the client's with the scratch space's virtual endpoint; 0: it is not. */
static __always_inline __u32 slot_service(struct conn_slot *s, bool old, __u64 client, __u32 now) {
  __u64 key = slot_key(s, old);
  if ((key ^ client) & K_CLIENT || !v_live(slot_value(s, old), now)) return 0;
  if (!slot_is_of_client(s) || !slot_has_key(s, old, key)) return 0;
  return key >> K_SERVICE_SHIFT;
}

/* The service of the client's connection in a bucket, as slot_service(). NOWHERE: there is none, and no connection of this bucket is in a later
 * one. A global function, so that it is verified once. */
__noinline __u32 bucket_service(__u32 bucket, __u64 client, __u32 now) {
  struct conn_bucket *b = bucket_at(bucket);
  bool old = bucket_is_old(bucket);
  if (!b) return NOWHERE;
  CHECKED(b);
#pragma clang loop unroll(disable)
  for (__u32 i = 0; i < BUCKET_SLOTS; i++) {
    __u32 service = slot_service(&b->slot[i & (BUCKET_SLOTS - 1)], old, client, now);
    if (service) return service;
  }
  return slot_value(&b->slot[0], old) & V_SPILLED ? 0 : NOWHERE;
}

/* The service of the client's connection, searched from its home bucket on; 0: there is none. */
static __always_inline __u32 service_from(__u32 home, __u64 client, __u32 now) {
#pragma clang loop unroll(disable)
  for (__u32 n = 0; n < PROBE_BUCKETS; n++) {
    __u32 service = bucket_service(home + n, client, now);
    if (service) return service == NOWHERE ? 0 : service;
  }
  return 0;
}
#ifdef BRIDGE
/* The service of the client's connection in either table, searched as bridge_find() does. */
__noinline __u32 service_in_table(__u32 home, __u64 client, __u32 now) { return service_from(home, client, now); }
static __always_inline __u32 service_of_client(__u64 client, __u32 now) {
  __u32 service = service_in_table(home_of(client), client, now);
  if (!service) service = service_in_table(old_home_of(client), client, now);
  if (service) return service;
  key_await(client);
  return service_in_table(home_of(client), client, now);
}
#else
static __always_inline __u32 service_of_client(__u64 client, __u32 now) { return service_from(conn_hash(client), client, now); }
#endif

/* The service of a client's connection to the scratch space's virtual endpoint; 0: it has none. Its key has no service, as in IPVS. */
__noinline __u32 conn_service(__u32 caddr, __u16 cport) { return service_of_client(conn_key(caddr, cport, 0), clock_now()); }

/* The service of a packet's connection; 0: none. */
static __always_inline __u32 service_of_conn(struct packet *p, bool from) {
  if (from) note_client_target(p);
  else note_client_source(p);
  return from ? conn_service(p->daddr, p->dport) : conn_service(p->saddr, p->sport);
}

static __always_inline bool is_live(__u32 service) {
  struct service *s = service ? service_at(service) : 0;
  return s && READ(s->state) == LIVE;
}

/* Whom the packet in the scratch space is for, or `from`; 0: none. A mark is not seen here, and FTP's data have no port of their own: so it is
 * the service of the client's connection, if there is one, as in IPVS. A global function: its callers have little stack left. */
__noinline __u32 packet_service(bool from) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return 0;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  __u32 ftp = OF_SCTP ? 0 : ftp_service_of(p, from);
  __u32 service = has_marks() || ftp || has_ftp() ? service_of_conn(p, from) : 0;
  if (service) return service;
  return is_live(ftp) ? ftp : wide_service_of(p, from);
}

#ifndef IPV6
/* The service of a packet that an ICMP error quotes, as packet_service(); 0: none. */
static __always_inline __u32 service_for(__u32 caddr, __u16 cport, __u32 vaddr, __u16 vport, __u8 protocol) {
  note_tuple(vaddr, vport, protocol);
  __u32 ftp = OF_SCTP ? 0 : ftp_service(vaddr, vport, protocol);
  __u32 service = has_marks() || ftp || has_ftp() ? conn_service(caddr, cport) : 0;
  if (service) return service;
  return is_live(ftp) ? ftp : wide_service(vaddr, protocol);
}
#endif

/* Has the packet in the scratch space a connection of the service that it is for, or `from`? A global function, too. */
__noinline int packet_has_conn(__u32 service, bool from) {
  struct scratch *scratch = the_scratch();
  struct found f;
  if (!scratch || !service) return false;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  if (from) note_client_target(p);
  else note_client_source(p);
  __u64 key = from ? conn_key(p->daddr, p->dport, service) : conn_key(p->saddr, p->sport, service);
  return conn_find(key, clock_now(), &f);
}

/* Does it come from a service, for a client that has a connection there? */
static __always_inline bool is_answer(struct packet *p) { return packet_has_conn(service_of_source(p), true); }

/* The service of a packet that comes in: of its connection, else of its mark, else of its address. The director's own packets keep their mark on lo,
 * where it goes: what is delivered here would be led to weir's device by it once more. From outside such a packet passes, and the mark leads it
 * there. */
static __always_inline __u32 service_or_marked(struct __sk_buff *skb, __u32 service) {
  if (likely(!skb->mark)) return service;
  __u32 marked = marked_service(skb);
  if (marked && !packet_has_conn(service, false)) service = skb->ifindex == LOOPBACK ? marked : 0;
  struct service *s = service && skb->ifindex == LOOPBACK ? service_at(service) : 0;
  if (s && s->mark) skb->mark = 0;
  return service;
}

#endif
