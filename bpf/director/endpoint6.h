/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Services and masqueraded destinations of IPv6: found by a hash of the address, recognised by the address in their record. */
#ifndef WEIR_ENDPOINT6_H
#define WEIR_ENDPOINT6_H

/* Keyed, so that a sender cannot choose addresses with one hash. */
static __always_inline __u32 address_hash_by(__u64 a, __u64 b, __u64 c, const __u32 *addr) {
  __u64 high = hash_by(a, b, c, HALF(addr, 0)), low = hash_by(a, b, c, HALF(addr, 1));
  return hash_by(a, b, c, low << 32 | high);
}
static __always_inline __u32 address_hash(const __u32 *addr) { return address_hash_by(hash_key_a, hash_key_b, hash_key_c, addr); }

/* The keys are volatile: here each is read once. */
static __always_inline void packet_hash(struct packet *p) {
  __u64 a = hash_key_a, b = hash_key_b, c = hash_key_c;
  p->saddr = address_hash_by(a, b, c, p->saddr6);
  p->daddr = address_hash_by(a, b, c, p->daddr6);
}

static __always_inline struct whole_addresses *the_whole(void) {
  struct scratch *s = the_scratch();
  if (!s) return 0;
  CHECKED(s);
  return &s->whole;
}

/* Has the record behind an endpoint this address? */
static __always_inline bool record_is_at(__u8 kind, __u32 id, const __u32 *addr) {
  if (kind == E_SERVICE6 || kind == E_SERVICE_ALL6) {
    struct service *s = service_at(id);
    return s && address_equal(s->addr, addr);
  }
  struct dest *d = dest_at(id);
  return d && address_equal(d->addr, addr);
}
/* A global function: the body of the loop below is verified once. */
__noinline int endpoint6_is_at(__u64 key, __u32 id, struct address *addr) { return addr && record_is_at(key >> E_KIND_SHIFT, id, addr->word); }

/* As endpoint_find(). A global function: verified once. */
__noinline __u32 endpoint6_search(__u64 key, struct address *addr) {
  __u32 at = keyed_hash(key);
  if (!addr) return 0;
#pragma clang loop unroll(disable)
  for (__u32 n = 0; n < ENDPOINT_PROBES * BUCKET_SLOTS; n++) {
    __u32 i = (at + n / BUCKET_SLOTS) & endpoint_mask;
    struct endpoint_bucket *b = bpf_map_lookup_elem(&endpoints, &i);
    if (!b) return 0;
    CHECKED(b);
    struct endpoint *e = &b->slot[n & (BUCKET_SLOTS - 1)];
    if (e->key == key && endpoint6_is_at(key, e->id, addr)) return e->id;
    if (!e->key) return 0; /* slots fill from the front */
  }
  return 0;
}

/* The first slot of the home bucket nearly always decides. */
static __always_inline __u32 endpoint6_find(const __u32 *addr, __u32 hash, __u16 port, __u8 protocol, __u8 kind) {
  __u64 key = endpoint_key(hash, port, protocol, kind);
  __u32 i = keyed_hash(key) & endpoint_mask;
  struct endpoint_bucket *b = bpf_map_lookup_elem(&endpoints, &i);
  if (!b) return 0;
  struct endpoint *e = &b->slot[0];
  __u64 first = READ(e->key);
  if (likely(!first)) return 0;
  if (likely(first == key) && likely(record_is_at(kind, e->id, addr))) return e->id;
  return endpoint6_search(key, (struct address *)addr);
}

/* The exact service with an endpoint; the one of all ports. 0: none. */
static __always_inline __u32 exact_service6(const __u32 *addr, __u32 hash, __u16 port, __u8 protocol) {
  return endpoint6_find(addr, hash, port, protocol, E_SERVICE6);
}
static __always_inline __u32 wide_service6(const __u32 *addr, __u32 hash, __u8 protocol) { return endpoint6_find(addr, hash, 0, protocol, E_SERVICE_ALL6); }

/* The services and masqueraded servers that packets of this build have. */
#ifdef WIDE
static __always_inline __u32 wide_service_of(struct packet *p, bool from) {
  return from ? wide_service6(p->saddr6, p->saddr, p->protocol) : wide_service6(p->daddr6, p->daddr, p->protocol);
}
/* As in endpoint.h. */
static __always_inline __u32 ftp_service_of(struct packet *p, bool from) {
  if (!may_be_ftp_data(from ? p->sport : p->dport, p->protocol)) return 0;
  return exact_service6(from ? p->saddr6 : p->daddr6, from ? p->saddr : p->daddr, FTP_PORT, IPPROTO_TCP);
}
static __always_inline __u32 real_with6(const __u32 *addr, __u32 hash, __u16 port, __u8 protocol) {
  __u32 real = endpoint6_find(addr, hash, 0, 0, E_REAL_ALL6);
  if (real || !may_be_ftp_data(port, protocol)) return real;
  return endpoint6_find(addr, hash, 0, IPPROTO_TCP, E_REAL_ALL6);
}
#else
static __always_inline __u32 real_with6(const __u32 *addr, __u32 hash, __u16 port, __u8 protocol) {
  return endpoint6_find(addr, hash, port, protocol, E_REAL6);
}

/* Whom a packet is for, or from; 0: none. */
static __always_inline __u32 service_of_target(struct packet *p) { return exact_service6(p->daddr6, p->daddr, p->dport, p->protocol); }
static __always_inline __u32 service_of_source(struct packet *p) { return exact_service6(p->saddr6, p->saddr, p->sport, p->protocol); }
#endif
#ifndef SIDE
/* Does the packet's source or target belong to a service of all ports, or may it be that of FTP's data? */
static __always_inline bool is_wide_at(const __u32 *addr, __u32 hash, __u16 port, __u8 protocol) {
  if (wide_service6(addr, hash, protocol)) return true;
  return may_be_ftp_data(port, protocol) && exact_service6(addr, hash, FTP_PORT, IPPROTO_TCP);
}
/* As in endpoint.h. */
static __always_inline bool is_wide(struct packet *p) {
  if (is_wide_at(p->daddr6, p->daddr, p->dport, p->protocol) || is_wide_at(p->saddr6, p->saddr, p->sport, p->protocol)) return true;
  if (endpoint6_find(p->saddr6, p->saddr, 0, 0, E_REAL_ALL6)) return true;
  return may_be_ftp_data(p->sport, p->protocol) && endpoint6_find(p->saddr6, p->saddr, 0, IPPROTO_TCP, E_REAL_ALL6);
}
#endif
static __always_inline __u32 real_of_target(struct packet *p) { return real_with6(p->daddr6, p->daddr, p->dport, p->protocol); }
static __always_inline __u32 real_of_source(struct packet *p) { return real_with6(p->saddr6, p->saddr, p->sport, p->protocol); }

/* Is the packet's source a service, of any build? A client on the director may have a port of an address with a service of all ports. */
static __always_inline bool source_is_service(struct packet *p, bool wire) {
  return exact_service6(p->saddr6, p->saddr, p->sport, p->protocol) || (wire && wide_service6(p->saddr6, p->saddr, p->protocol));
}

#endif
