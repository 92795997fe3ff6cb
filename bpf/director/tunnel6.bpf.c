// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The programs of tunnels for IPv6 packets, as tunnel.bpf.c has them for IPv4. */
#define IPV6
#define TUNNEL
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "abi.h"
#include "maps.h"
#include "packet.h"
#include "packet6.h"
#include "endpoint.h"
#include "state.h"
#include "scratch.h"
#include "endpoint6.h"
#include "concern.h"
#include "value.h"
#include "slot.h"
#include "evict.h"
#include "conn6.h"
#include "conn.h"
#include "dest-of-client.h"
#include "schedule.h"
#include "template6.h"
#include "template.h"
#include "nexthop6.h"
#include "nexthop.h"
#include "reply-side.h"
#include "crossed-side.h"
#include "vip-local.h"
#include "local6.h"
#include "defence.h"
#include "director.h"
#include "icmp.h"
#include "datagram-sum.h"
#include "send.h"
#include "icmp6.h"
#include "send6.h"
#include "tunnel.h"
#include "tunnel-plain.h"
#include "tunnel-tc.h"
#include "tunnel-xdp.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
