// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The smallest object that has everything the addon touches: maps of several kinds, variables, programs good and bad.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 256);
  __uint(map_flags, BPF_F_MMAPABLE);
  __type(key, __u32);
  __type(value, __u64);
} by_protocol SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16);
  __type(key, __u32);
  __type(value, __u32);
} table SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __uint(value_size, 12); /* not a multiple of 8 on purpose */
} each_cpu SEC(".maps");

const volatile __u32 step = 1;
const volatile __u16 verdict = XDP_PASS;
__u64 started_at = 5; /* .data */
__u32 zeroed;         /* .bss */

SEC("xdp")
int count(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct ethhdr *eth = data;
  struct iphdr *ip = (void *)(eth + 1);
  if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP)) return XDP_DROP;
  __u32 key = ip->protocol;
  __u64 *n = bpf_map_lookup_elem(&by_protocol, &key);
  if (n) __sync_fetch_and_add(n, step);
  zeroed += (__u32)started_at;
  return verdict;
}

SEC("tc")
int mark(struct __sk_buff *skb) {
  skb->mark = skb->len;
  return -1; /* TC_ACT_UNSPEC: what stands behind goes on */
}

/* The verifier refuses it: reads past what was checked. Not loaded unless asked. */
SEC("?xdp")
int rejected(struct xdp_md *ctx) { return *(volatile __u8 *)(long)ctx->data; }

/* The verifier walks through each turn: tens of milliseconds. Not loaded unless asked. */
SEC("?xdp")
int long_to_verify(struct xdp_md *ctx) {
  __u32 sum = 0;
  for (__u32 turn = 0; turn < 100000; turn++) {
    sum += turn;
    asm volatile("" : "+r"(sum));
  }
  return sum ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
