/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The maps, and lookups that the verifier and the JIT turn into plain loads. User space sets the real sizes before loading. */
#ifndef WEIR_MAPS_H
#define WEIR_MAPS_H

#include "abi6.h"
#include "call-abi.h"
#include "drain-abi.h"
#include "template-flag-abi.h"
#include "interface-flag-abi.h"
#include "wide-abi.h"
#include "wide6-abi.h"
#include "bypass-abi.h"
#include "sctp-abi.h"
#include "tunnel-abi.h"
#include "ftp-abi.h"
#include "fullnat-abi.h"
#include "fullnat6-abi.h"
#include "fragment-abi.h"
#include "hold-abi.h"

/* A build beside that of weir.bpf.c, for tc alone, with a connection table and a timer of its own. */
#if defined(WIDE) || defined(SCTP)
#define SIDE
#endif

/* Servers may begin calls of SIP themselves; as in IPVS not those of services of all ports or of marks. */
#if !defined(SIDE) && !defined(SHORT_CUT)
#define BEGINS_CALLS
#endif

#define TABLE(map, record, entries)                                                                                     \
  struct {                                                                                                             \
    __uint(type, BPF_MAP_TYPE_ARRAY);                                                                                  \
    __uint(map_flags, BPF_F_MMAPABLE);                                                                                 \
    __uint(max_entries, entries);                                                                                      \
    __type(key, __u32);                                                                                                \
    __type(value, record);                                                                                               \
  } map SEC(".maps")

/* An array with places for tables of so many entries each. */
#define TABLES(map, places, record, entries)                                                                           \
  struct {                                                                                                             \
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);                                                                          \
    __uint(max_entries, places);                                                                                       \
    __type(key, __u32);                                                                                                \
    __array(values, struct {                                                                                           \
      __uint(type, BPF_MAP_TYPE_ARRAY);                                                                                \
      __uint(map_flags, BPF_F_MMAPABLE);                                                                               \
      __uint(max_entries, entries);                                                                                    \
      __uint(key_size, sizeof(__u32));                                                                                 \
      __uint(value_size, sizeof(record));                                                                              \
    });                                                                                                                \
  } map SEC(".maps")

TABLE(conf, struct conf, 1);
TABLE(endpoints, struct endpoint_bucket, 65536);
TABLE(services, struct service, 65536);
TABLE(dests, struct dest, 65536);
TABLE(rings, struct ring_block, 4096);
#ifdef IPV6
/* The IPv6 build (ipv6.bpf.c) has maps of its own for what is found by a client's address, pinned as conns6, client_hops6 and
 * templates6. */
#define conn_bucket conn6_bucket
#define client_hop_set client_hop6_set
#define TEMPLATE_RECORD struct template6
#else
#define TEMPLATE_RECORD struct template
#endif
#ifdef WIDE
typedef struct conn_bucket exact_bucket; /* of the build that enters this one */
#undef conn_bucket
#ifdef IPV6
#define conn_bucket wide6_bucket /* pinned as conns_wide6 */
#else
#define conn_bucket wide_bucket /* pinned as conns_wide */
#endif
#endif
/* Each build of SCTP has a table of its own, too: conns_sctp, conns_sctp6, conns_wide_sctp, conns_wide_sctp6. */
TABLE(conns, struct conn_bucket, 524288);
#if defined(WIDE) && !defined(SCTP) && !defined(BRIDGE) && !defined(APPLIES)
#define HOLDS_CONTROLS
TABLE(conns_exact, exact_bucket, 1); /* pinned as conns, or conns6: where FTP's control connections are (ftp-hold.h) */
#endif
TABLE(templates, TEMPLATE_RECORD, 262144);
TABLE(locks, __u64, LOCKS + SPILL_LOCKS + LOCALITY_LOCKS + TEMPLATE_LOCKS);
TABLE(changes, struct change_pair, CHANGES / 2);
TABLE(client_hops, struct client_hop_set, CLIENT_HOP_SETS);
TABLE(egresses, struct egress, EGRESSES);
TABLE(interfaces, struct interface, INTERFACES);
TABLE(counters, struct counters, 131072);
TABLE(estimates, struct estimate, 131072);
TABLE(drops, struct drops, 2);
TABLE(drop_history, struct drop_snapshot, DROP_SNAPSHOTS);

/* The localities of lblc and lblcr. Empty, the map is 16 bytes an entry. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 32768);
  __type(key, struct locality_key);
  __type(value, struct locality);
} localities SEC(".maps");

/* The calls of SIP. Empty, the map is 16 bytes an entry. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 262144);
  __type(key, struct call_place);
  __type(value, struct call);
} calls SEC(".maps");

/* Names the enums and records that no map has, so that the object's BTF has them for dev/abi-gen.mjs. */
const volatile struct {
  enum weir_state state;
  enum tcp_state tcp_state;
  enum scheduler scheduler;
  enum method method;
  enum address_family family;
  enum endpoint_kind kind;
  enum intent_kind intent_kind;
  struct intent intent;
  struct bridge bridge;
  enum bridge_phase bridge_phase;
  enum ipv6_program ipv6_program;
  enum ipv6_xdp_program ipv6_xdp_program;
  enum wide_program wide_program;
  enum wide_endpoint_kind wide_endpoint_kind;
  enum marks_of marks_of;
  enum wide6_program wide6_program;
  enum wide6_endpoint_kind wide6_endpoint_kind;
  enum sctp_program sctp_program;
  enum sctp_state sctp_state;
  enum tunnel_program tunnel_program;
  enum tunnel_type tunnel_type;
  struct ftp_key ftp_key;
  struct ftp_stream ftp_stream;
  struct ftp_command ftp_command;
  enum ftp_port_program ftp_port_program;
  enum ftp_line ftp_line;
  enum fullnat_build fullnat_build;
  enum fullnat_program fullnat_program;
  enum fullnat_xdp_program fullnat_xdp_program;
  enum client_address client_address;
  enum report_state report_state;
  struct fullnat_flow fullnat_flow;
  struct fullnat6_flow fullnat6_flow;
  struct fullnat_lease_set fullnat_lease_set;
  enum fragment_kind fragment_kind;
  struct fragment_key fragment_key;
  struct fragment fragment;
  struct fragment_held fragment_held;
  struct held_packet held_packet;
} types_in_btf;

#define PROGRAMS(map, entries)                                                                                          \
  struct {                                                                                                             \
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);                                                                             \
    __uint(max_entries, entries);                                                                                      \
    __type(key, __u32);                                                                                                \
    __type(value, __u32);                                                                                              \
  } map SEC(".maps")

#if !defined(IPV6) && !defined(SIDE)
/* Where an IPv6 packet goes on: the programs of the IPv6 build, once there is an IPv6 service; until then they are empty. */
PROGRAMS(ipv6_tc, IPV6_PROGRAMS);
/* Where an IPv6 packet goes on from XDP's program: the programs of the short cut, where that is loaded. */
PROGRAMS(ipv6_xdp, IPV6_XDP_PROGRAMS);
/* Where SCTP goes on: the programs of the SCTP build, once there is a service of it. */
PROGRAMS(sctp_tc, SCTP_PROGRAMS);
#elif defined(IPV6) && !defined(SIDE)
/* Where SCTP over IPv6 goes on: the programs of its build, once there is a service of it. */
PROGRAMS(sctp6_tc, SCTP_PROGRAMS);
#endif
/* Where a packet goes on that concerns no exact service: those of the wide build, once there is a service of all ports. Packets of SCTP go on
 * into builds of their own. */
#ifdef SCTP
#define wide_tc wide_sctp_tc
#define wide6_tc wide_sctp6_tc
#endif
#if defined(IPV6) && !defined(WIDE)
PROGRAMS(wide6_tc, WIDE6_PROGRAMS);
#elif !defined(WIDE)
PROGRAMS(wide_tc, WIDE_PROGRAMS);
#endif

#ifdef TUNNEL
TABLE(tunnel_sources, struct tunnel_source, 65536);
#endif

/* Where a packet goes on whose destination is behind a tunnel: the programs of tunnels, once there is such a destination. Every build has the same
 * arrays. */
PROGRAMS(tunnel_tc, TUNNEL_PROGRAMS);
PROGRAMS(tunnel_xdp, TUNNEL_PROGRAMS);
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct tunnel_work);
} tunnel_work SEC(".maps");

/* Fragmented packets: what becomes of their later fragments, servers that these may come from, and those that wait. Every build has the same. */
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, FRAGMENTS);
  __type(key, struct fragment_key);
  __type(value, struct fragment);
} fragments SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, FRAGMENT_SERVERS);
  __type(key, struct fragment_server);
  __type(value, __u32);
} fragment_servers SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, FRAGMENTS_HELD);
  __type(key, __u32);
  __type(value, struct fragment_held);
} fragments_held SEC(".maps");

/* First packets of new connections that are held back: every build has the same ring. */
struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, HELD_RING_BYTES);
} held_packets SEC(".maps");

/* FULLNAT: the programs that all builds enter, what goes with a packet, and the flows by pool, of each family, once there is such a destination. */
PROGRAMS(fullnat_entries, FULLNAT_PLACES);
PROGRAMS(fullnat_ftp, FTP_PORT_PROGRAMS); /* between these and the helper for FTP */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct fullnat_work);
} fullnat_carried SEC(".maps");
PROGRAMS(fullnat_xdp, FULLNAT_XDP_PLACES);
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct fullnat_found);
} fullnat_found SEC(".maps");
TABLES(fullnat_flows4, FULLNAT_POOLS, struct fullnat_flow, FULLNAT_PORTS);
TABLES(fullnat_flows6, FULLNAT_POOLS, struct fullnat6_flow, FULLNAT_PORTS);
#ifdef IPV6
#define fullnat_flows fullnat_flows6
#define fullnat_flow fullnat6_flow
#define fullnat_client fullnat6_client
#define fullnat_pair fullnat6_pair
#define fullnat_lease_set fullnat6_lease_set
#else
#define fullnat_flows fullnat_flows4
#endif
#if defined(FULLNAT) && !defined(SCTP)
#define REPORTS_CLIENTS /* to servers (client-address.h) */
#endif
#ifdef FULLNAT
#include "fullnat-maps.h"
#endif

/* Constants that user space sets before loading: the verifier knows them and removes the code that they rule out. */
const volatile __u32 conn_mask = 524287;     /* buckets - 1 */
const volatile __u32 template_mask = 262143; /* slots - 1 */
const volatile __u32 endpoint_mask = 65535;  /* buckets - 1 */
const volatile __u32 cpus = 2;
const volatile __u32 max_services = 65536;
const volatile __u64 hash_key_a = 0x9e3779b97f4a7c15ull;
const volatile __u64 hash_key_b = 0xc2b2ae3d27d4eb4full;
const volatile __u64 hash_key_c = 0x165667b19e3779f9ull;

static __always_inline struct conf *the_conf(void) {
  __u32 zero = 0;
  return bpf_map_lookup_elem(&conf, &zero);
}
static __always_inline struct tunnel_work *the_tunnel_work(void) {
  __u32 zero = 0;
  return bpf_map_lookup_elem(&tunnel_work, &zero);
}
static __always_inline struct fullnat_work *the_fullnat_work(void) {
  __u32 zero = 0;
  return bpf_map_lookup_elem(&fullnat_carried, &zero);
}
static __always_inline struct fullnat_found *the_fullnat_found(void) {
  __u32 zero = 0;
  return bpf_map_lookup_elem(&fullnat_found, &zero);
}
static __always_inline struct service *service_at(__u32 id) { return bpf_map_lookup_elem(&services, &id); }
static __always_inline struct dest *dest_at(__u32 id) { return bpf_map_lookup_elem(&dests, &id); }
static __always_inline struct egress *egress_at(__u32 id) {
  id &= EGRESSES - 1;
  return bpf_map_lookup_elem(&egresses, &id);
}
#ifdef BRIDGE
#include "layout-before.h"
#include "bridge-maps.h"
#else
/* Buckets are counted round the table's end. */
static __always_inline __u32 bucket_in_table(__u32 i) { return i & conn_mask; }
static __always_inline struct conn_bucket *bucket_at(__u32 i) {
  i = bucket_in_table(i);
  return bpf_map_lookup_elem(&conns, &i);
}
#endif
static __always_inline __u32 clock_now(void) { return (__u32)(bpf_jiffies64() >> CLOCK_SHIFT); }

/* Where a packet has been, in the control block that tc's programs have for themselves. Whoever sends it on stores 0. */
#define ORIGIN_CB 4

/* The compiler may neither repeat nor tear these; x86-64 does not tear 64-bit loads and stores. */
#define READ(x) (*(volatile typeof(x) *)&(x))
#define WRITE(x, v) (*(volatile typeof(x) *)&(x) = (v))
/* After a test for null, before a field's address is taken: clang 18 and later would take the address first, and the verifier refuses
 * arithmetic on a pointer that may be null (before Linux 6.14 even where a constant index of an array cannot be). */
#define CHECKED(pointer) asm volatile("" : "+r"(pointer))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Seconds in units of the clock. */
static __always_inline __u32 units_of(struct conf *c, __u64 seconds) { return seconds * READ(c->hz) >> CLOCK_SHIFT; }

/* A function, since the kernel takes long to load a program with many look-ups: it copies the whole program for one in few. */
static __noinline void count_reason(__u32 reason) {
  __u32 cpu = bpf_get_smp_processor_id();
  struct drops *d = bpf_map_lookup_elem(&drops, &cpu);
  if (d) d->count[reason & (DROP_REASONS - 1)]++;
}

#endif
