// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The IPv6 build: tc's programs for IPv6, which those of weir.bpf.c enter by a tail call, with a connection table and a timer of their own.
 *
 * All that does not read a packet's addresses is the same source. Where IPv4's functions take an address, they get its hash here, 32 bits
 * too, and the whole addresses are in the scratch space: of the packet, of a connection's client (conn6.h), of a route's two ends (nexthop6.h). */
#define IPV6
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
#ifdef SCTP
#include "sctp-state.h"
#include "crc32c.h"
#else
#include "state.h"
#endif
#include "scratch.h"
#include "endpoint6.h"
#include "concern.h"
#include "value.h"
#include "slot.h"
#include "evict.h"
#include "conn6.h"
#ifdef WIDE
#include "conn-wide6.h"
#include "conn-ports.h"
#endif
#include "conn.h"
#ifdef WIDE
#include "conn-service.h"
#endif
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
#include "grace.h"
#include "hold.h"
#include "director.h"
#ifdef APPLIES
#include "apply.h"
#else
#include "director-reply.h"
#ifdef BRIDGE
#include "bridge.h"
#endif
#ifdef SHORT_CUT
#include "quick.h"
#include "xdp.h"
#else
#include "icmp.h"
#include "datagram-sum.h"
#include "send.h"
#include "icmp6.h"
#include "send6.h"
#include "fullnat-enter.h"
#include "message-sum.h"
#include "related-begin.h"
#include "related6.h"
#include "call-begun.h"
#include "bypass.h"
#include "ftp-enter.h"
#include "transport.h"
#include "parse6.h"
#include "tc6-forward.h"
#include "grace-tc.h"
#include "reaches-ipvs.h"
#include "hold-tc.h"
#include "fragment-table.h"
#include "fragment-read.h"
#include "fragment-whole.h"
#include "fragment.h"
#include "tc6.h"
#ifdef HELPS_FTP
#include "tcp-numbers.h"
#include "ftp-text.h"
#include "ftp-stream.h"
#include "ftp-expect.h"
#include "ftp.h"
#endif
#ifdef HOLDS_CONTROLS
#include "ftp-hold.h"
#endif
#ifdef BEGINS_CALLS
#include "call-reply.h"
#endif
#ifdef WIDE
#include "tc-wide.h"
#endif
#ifndef SIDE
#include "tc-layer3.h"
#endif
#include "template-sweep.h"
#include "timer.h"
#endif
#endif

char LICENSE[] SEC("license") = "Dual BSD/GPL";
