/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The maps that only the programs of FULLNAT have (fullnat.bpf.c): those of clients, ends and timers a family has for itself. */
#ifndef WEIR_FULLNAT_MAPS_H
#define WEIR_FULLNAT_MAPS_H

TABLE(fullnat_pools, struct fullnat_pool, FULLNAT_POOLS);
TABLE(fullnat_dests, struct fullnat_dest, 65536);

/* Ports that came back, first in, first out: of each pool a queue. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, FULLNAT_POOLS);
  __type(key, __u32);
  __array(values, struct {
    __uint(type, BPF_MAP_TYPE_QUEUE);
    __uint(max_entries, FULLNAT_PORTS);
    __uint(value_size, sizeof(__u16));
  });
} fullnat_ports SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 2097152);
  __type(key, struct fullnat_client);
  __type(value, struct fullnat_place);
} fullnat_clients SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 2097152);
  __type(key, __u32);
  __type(value, struct fullnat_virtual);
} fullnat_virtuals SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 2097152);
  __type(key, __u32);
  __type(value, __u32);
} fullnat_foreign SEC(".maps");

/* The numbers of pools. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, FULLNAT_POOLS);
  __type(key, struct fullnat_pair);
  __type(value, __u32);
} fullnat_ends SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct fullnat_timer);
} fullnat_timers SEC(".maps");

#endif
