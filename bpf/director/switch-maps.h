/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Content switching: its maps, and the scratch space of its own. */
#ifndef WEIR_SWITCH_MAPS_H
#define WEIR_SWITCH_MAPS_H

#include "switch-family.h"
#include "switch-abi.h"

#define SWITCH_TABLE(map, kind, flags, key_type, record, entries)                                                       \
  struct {                                                                                                             \
    __uint(type, kind);                                                                                                \
    __uint(map_flags, flags);                                                                                          \
    __uint(max_entries, entries);                                                                                      \
    __type(key, key_type);                                                                                             \
    __type(value, record);                                                                                             \
  } map SEC(".maps")

TABLE(switch_ports, struct switch_ports, 1);
TABLE(switch_pools, struct switch_pool, SWITCH_POOLS);
TABLE(switch_secrets, struct switch_secret, 1);
SWITCH_TABLE(switch_listeners, BPF_MAP_TYPE_HASH, 0, struct switch_listener_key, struct switch_listener, 1024);
SWITCH_TABLE(switch_outs, BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC, struct switch_out_key, __u32, 65536);
SWITCH_TABLE(switch_hosts, BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC, struct switch_host_key, __u32, 65536);
SWITCH_TABLE(switch_paths, BPF_MAP_TYPE_LPM_TRIE, BPF_F_NO_PREALLOC, struct switch_path_key, __u32, 65536);
SWITCH_TABLE(switch_flows, BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC, struct switch_client_key, struct switch_flow, 262144);
SWITCH_TABLE(switch_backs, BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC, struct switch_server_key, struct switch_back, 262144);
/* A segment that is lost from here is sent again by its client. */
SWITCH_TABLE(switch_held, BPF_MAP_TYPE_LRU_HASH, 0, struct switch_client_key, struct switch_segment_held, SWITCH_HOLDS);
SWITCH_TABLE(switch_overtaken, BPF_MAP_TYPE_LRU_HASH, 0, struct switch_overtaken, __u32, SWITCH_OVERTAKEN);
#define SWITCH_QUEUE(map, entries)                                                                                      \
  struct {                                                                                                             \
    __uint(type, BPF_MAP_TYPE_QUEUE);                                                                                  \
    __uint(max_entries, entries);                                                                                      \
    __type(value, struct switch_turn);                                                                                 \
  } map SEC(".maps")
SWITCH_QUEUE(switch_turns, SWITCH_TURNS);
SWITCH_QUEUE(switch_rounds, SWITCH_ROUNDS);
SWITCH_TABLE(switch_counts, BPF_MAP_TYPE_PERCPU_ARRAY, 0, __u32, struct switch_counts, 1);
SWITCH_TABLE(switch_timers, BPF_MAP_TYPE_ARRAY, 0, __u32, struct switch_timer, 1);
PROGRAMS(switch_programs, SWITCH_PROGRAMS);

/* Names the enums for the object's BTF, as in maps.h. */
const volatile struct {
  enum switch_protocol protocol;
  enum switch_state state;
  enum switch_count count;
  enum switch_program program;
} switch_types_in_btf;

#define SWITCH_OPTIONS 40
#define SWITCH_TEXT 2048
/* A segment that is written: behind the Ethernet header. */
struct switch_headers {
  switch_ip ip;
  struct tcphdr tcp;
  __u8 options[12];
} __attribute__((packed, aligned(4)));
#define SWITCH_HEADERS_LEN (SWITCH_IP_LEN + 32)
#define SWITCH_SYN_WORDS 8

/* The search through options. Here, not on the stack: the verifier follows each value that stands there. */
struct option_scan {
  __u32 at;
  __u32 size;
};

/* The same of a ClientHello. */
struct hello_scan {
  __u32 at;
  __u32 size;     /* bytes of the segment, */
  __u32 gathered; /* and of the ClientHello that is in its records */
  __u32 end;      /* of the extensions */
  __u32 name;     /* where it begins; 0: it was not found */
  __u32 length;
  __u32 wrong; /* a record that is none of a handshake */
};

struct switch_scratch {
  struct switch_client_key key SWITCH_ALIGNED;
  struct switch_client_key other SWITCH_ALIGNED; /* of another connection of its client */
  struct switch_server_key server SWITCH_ALIGNED;
  struct switch_back back;
  struct switch_overtaken overtaken;
  struct switch_listener listener;
  __u64 ends; /* the sum of both addresses */
  __u32 seq;  /* host order, as all numbers here */
  __u32 ack;
  __u32 length;  /* of the segment with its header, bytes */
  __u32 payload; /* bytes */
  __u32 payload_at;
  __u16 window;
  __u8 flags;
  __u8 header; /* bytes of TCP's */
  __u8 ttl;
  __u8 scale; /* of a SYN: the client's, SWITCH_NO_SCALE: none */
  __u16 mss;
  bool sack;
  struct switch_flow flow; /* a new one */
  struct switch_turn turn;
  struct switch_headers headers;
  struct switch_host_key host;
  struct switch_path_key path;
  struct option_scan scan;
  __u8 options[64];
  __u8 text[SWITCH_TEXT];
  struct hello_scan hello_scan;
  __u8 hello[2 * SWITCH_TEXT]; /* what is put at any place of the first half fits */
};
#define SWITCH_NO_SCALE 15
SWITCH_TABLE(switch_space, BPF_MAP_TYPE_PERCPU_ARRAY, 0, __u32, struct switch_scratch, 1);

static __always_inline struct switch_scratch *the_switch(void) {
  __u32 zero = 0;
  return bpf_map_lookup_elem(&switch_space, &zero);
}

static __always_inline struct switch_ports *the_switch_ports(void) {
  __u32 zero = 0;
  return bpf_map_lookup_elem(&switch_ports, &zero);
}
static __noinline void switch_count(__u32 what) {
  __u32 zero = 0;
  struct switch_counts *c = bpf_map_lookup_elem(&switch_counts, &zero);
  if (c) c->count[what & (SWITCH_COUNTS - 1)]++;
}

static __always_inline int switch_drop(__u32 why) {
  switch_count(why);
  return TC_ACT_SHOT;
}
static __always_inline int switch_failed(void) { return switch_drop(SWITCHED_FAILED); }

#endif
