// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The programs of tunnels for IPv4 packets, which all builds of IPv4 enter by tail calls once there is a destination behind a tunnel. They have no
 * connections: the program that enters them has chosen the destination. */
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
#include "endpoint.h"
#include "concern.h"
#include "state.h"
#include "scratch.h"
#include "value.h"
#include "slot.h"
#include "evict.h"
#include "conn.h"
#include "dest-of-client.h"
#include "schedule.h"
#include "template.h"
#include "nexthop.h"
#include "reply-side.h"
#include "crossed-side.h"
#include "refused-sources.h"
#include "vip-local.h"
#include "local.h"
#include "defence.h"
#include "director.h"
#include "icmp.h"
#include "arp.h"
#include "datagram-sum.h"
#include "send.h"
#include "tunnel.h"
#include "tunnel-plain.h"
#include "tunnel-tc.h"
#include "tunnel-xdp.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
