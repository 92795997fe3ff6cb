/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From an address and port to a service (for requests) or a masqueraded destination (for replies), in one table. */
#ifndef WEIR_ENDPOINT_H
#define WEIR_ENDPOINT_H

static __always_inline __u64 endpoint_key(__u32 addr, __u16 port, __u8 protocol, __u8 kind) {
  return (__u64)addr | (__u64)port << E_PORT_SHIFT | (__u64)protocol << E_PROTOCOL_SHIFT | (__u64)kind << E_KIND_SHIFT;
}
/* Multilinear hashing is universal: without the keys a sender cannot choose the bucket. Then a mix, so that
 * neighbouring addresses do not fall into neighbouring buckets. */
static __always_inline __u32 hash_by(__u64 a, __u64 b, __u64 c, __u64 key) {
  __u64 h = a + b * (__u32)key + c * (__u32)(key >> 32);
  h ^= h >> 32;
  return (h * 0x9e3779b97f4a7c15ull) >> 32;
}
static __always_inline __u32 keyed_hash(__u64 key) { return hash_by(hash_key_a, hash_key_b, hash_key_c, key); }

/* The id behind an endpoint, 0 where there is none. A bucket with a free slot ends the search. */
static __always_inline __u32 endpoint_find(__u64 key) {
  __u32 at = keyed_hash(key);
#pragma clang loop unroll(disable)
  for (int probe = 0; probe < ENDPOINT_PROBES; probe++) {
    __u32 i = (at + probe) & endpoint_mask;
    struct endpoint_bucket *b = bpf_map_lookup_elem(&endpoints, &i);
    if (!b) return 0;
    if (b->slot[0].key == key) return b->slot[0].id;
    if (b->slot[1].key == key) return b->slot[1].id;
    if (b->slot[2].key == key) return b->slot[2].id;
    if (b->slot[3].key == key) return b->slot[3].id;
    if (likely(!b->slot[3].key)) return 0; /* slots fill from the front */
  }
  return 0;
}

/* ---- firewall marks, of the build's family */
#ifdef IPV6
#define MARK_ENDPOINT E_SERVICE_MARK6
#define MARKS_SCTP_OF_FAMILY MARKS_SCTP6
#define MARKS_OF_FAMILY (MARKS_INET6 | MARKS_SCTP6)
#else
#define MARK_ENDPOINT E_SERVICE_MARK
#define MARKS_SCTP_OF_FAMILY MARKS_SCTP
#define MARKS_OF_FAMILY (MARKS_INET | MARKS_SCTP)
#endif
#ifdef SCTP
#define MARKS_OF_BUILD MARKS_SCTP_OF_FAMILY
#elif defined(IPV6)
#define MARKS_OF_BUILD MARKS_INET6
#else
#define MARKS_OF_BUILD MARKS_INET
#endif
static __always_inline __u32 mark_service(__u32 mark) { return mark ? endpoint_find(endpoint_key(mark, 0, 0, MARK_ENDPOINT)) : 0; }

/* FTP. As in IPVS a service of TCP with port 21 takes what its clients' data connections may be: packets to port 20, and to the ports that need
 * no privilege, unless another service has the port. Where it is not persistent, they pass. */
#define FTP_PORT bpf_htons(21)
#define FTP_DATA_PORT bpf_htons(20)
#define PRIVILEGED_PORTS 1024
static __always_inline bool may_be_ftp_data(__u16 port, __u8 protocol) {
  return protocol == IPPROTO_TCP && (port == FTP_DATA_PORT || bpf_ntohs(port) >= PRIVILEGED_PORTS);
}

/* Was there ever a service of a mark, of this build's protocols; of SCTP? */
static __always_inline bool has_marks_of(__u32 bits) {
  struct service *none = service_at(0);
  return none && none->mark & bits;
}
/* May there be data connections that the helper for FTP has made? */
static __always_inline bool has_ftp(void) {
  struct service *none = OF_SCTP ? 0 : service_at(0);
  return none && none->flags & SVC_HAS_FTP;
}
static __always_inline bool has_marks(void) { return has_marks_of(MARKS_OF_BUILD); }
static __always_inline bool has_sctp_marks(void) { return has_marks_of(MARKS_SCTP_OF_FAMILY); }

/* The living service of a packet's mark, where the mark is seen; 0: none. As in IPVS it comes before the services of the packet's address, but not
 * before a connection that there is. */
static __always_inline __u32 marked_service(struct __sk_buff *skb) {
  __u32 id = unlikely(skb->mark) && has_marks() ? mark_service(skb->mark) : 0;
  struct service *s = id ? service_at(id) : 0;
  return s && READ(s->state) == LIVE ? id : 0;
}

#ifdef WIDE
/* The service that a packet is for or from: that of its connection, or that of its address (conn-service.h). */
__noinline __u32 packet_service(bool from);
static __always_inline __u32 service_of_target(struct packet *p) { return packet_service(false); }
static __always_inline __u32 service_of_source(struct packet *p) { return packet_service(true); }
#endif

#ifndef IPV6
/* The exact service or masqueraded destination with an endpoint; the one of all ports. 0: none. */
static __always_inline __u32 exact_service(__u32 addr, __u16 port, __u8 protocol) { return endpoint_find(endpoint_key(addr, port, protocol, E_SERVICE)); }
static __always_inline __u32 exact_real(__u32 addr, __u16 port, __u8 protocol) { return endpoint_find(endpoint_key(addr, port, protocol, E_REAL)); }
static __always_inline __u32 wide_service(__u32 addr, __u8 protocol) { return endpoint_find(endpoint_key(addr, 0, protocol, E_SERVICE_ALL)); }
static __always_inline __u32 wide_real(__u32 addr) { return endpoint_find(endpoint_key(addr, 0, 0, E_REAL_ALL)); }

/* The service, or its masqueraded destination, of what may be a data connection of FTP, by port and protocol of that end. 0: none. */
static __always_inline __u32 ftp_service(__u32 addr, __u16 port, __u8 protocol) {
  return may_be_ftp_data(port, protocol) ? exact_service(addr, FTP_PORT, IPPROTO_TCP) : 0;
}
static __always_inline __u32 ftp_real(__u32 addr, __u16 port, __u8 protocol) {
  return may_be_ftp_data(port, protocol) ? endpoint_find(endpoint_key(addr, 0, IPPROTO_TCP, E_REAL_ALL)) : 0;
}

/* The services and masqueraded servers that packets of this build have. */
#ifdef WIDE
static __always_inline __u32 wide_service_of(struct packet *p, bool from) { return wide_service(from ? p->saddr : p->daddr, p->protocol); }
static __always_inline __u32 ftp_service_of(struct packet *p, bool from) {
  return ftp_service(from ? p->saddr : p->daddr, from ? p->sport : p->dport, p->protocol);
}
/* A global function: verified once. */
__noinline __u32 real_with(__u32 addr, __u16 port, __u8 protocol) {
  __u32 real = wide_real(addr);
  return real ? real : ftp_real(addr, port, protocol);
}
#else
static __always_inline __u32 service_for(__u32 caddr, __u16 cport, __u32 vaddr, __u16 vport, __u8 protocol) { return exact_service(vaddr, vport, protocol); }
static __always_inline __u32 real_with(__u32 addr, __u16 port, __u8 protocol) { return exact_real(addr, port, protocol); }

/* Whom a packet is for, or from; 0: none. */
static __always_inline __u32 service_of_target(struct packet *p) { return exact_service(p->daddr, p->dport, p->protocol); }
static __always_inline __u32 service_of_source(struct packet *p) { return exact_service(p->saddr, p->sport, p->protocol); }
#endif
static __always_inline __u32 real_of_source(struct packet *p) { return real_with(p->saddr, p->sport, p->protocol); }

/* Is the packet's source a service, of any build? A client on the director may have a port of an address with a service of all ports. */
static __always_inline bool source_is_service(struct packet *p, bool wire) {
  return exact_service(p->saddr, p->sport, p->protocol) || (wire && wide_service(p->saddr, p->protocol));
}
/* Does a packet concern a service of all ports, or FTP's data? */
static __always_inline bool is_wide(struct packet *p) {
  if (wide_service(p->daddr, p->protocol) || wide_real(p->saddr) || wide_service(p->saddr, p->protocol)) return true;
  return ftp_service(p->daddr, p->dport, p->protocol) || ftp_real(p->saddr, p->sport, p->protocol) || ftp_service(p->saddr, p->sport, p->protocol);
}
#endif

#endif
