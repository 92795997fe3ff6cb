// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* weir's datapath: one object, three programs for packets (XDP, tc ingress, tc egress) and one for housekeeping. */
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
#if !defined(SIDE) && !defined(APPLIES)
#define HAS_QUICK_PATH
#endif
#include "endpoint.h"
#include "concern.h"
#ifdef SCTP
#include "sctp-state.h"
#include "crc32c.h"
#else
#include "state.h"
#endif
#include "scratch.h"
#include "value.h"
#include "slot.h"
#include "evict.h"
#ifdef WIDE
#include "conn-wide.h"
#include "conn-ports.h"
#endif
#include "conn.h"
#ifdef WIDE
#include "conn-service.h"
#endif
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
#include "icmp.h"
#include "arp.h"
#include "datagram-sum.h"
#include "send.h"
#ifndef SIDE
#include "tunnel-plain.h"
#include "quick.h"
#include "xdp.h"
#endif
#include "fullnat-enter.h"
#include "message-sum.h"
#include "ip-options.h"
#include "related-begin.h"
#include "related.h"
#include "tunnel-error.h"
#include "call-begun.h"
#include "bypass.h"
#ifndef SIDE
#include "tc-firewall.h"
#endif
#include "ftp-enter.h"
#include "tc-forward.h"
#include "transport.h"
#include "grace-tc.h"
#include "reaches-ipvs.h"
#include "hold-tc.h"
#include "fragment-table.h"
#include "fragment-read.h"
#include "fragment-whole.h"
#include "fragment.h"
#include "tc.h"
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
#include "locality-sweep.h"
#include "template-sweep.h"
#include "timer.h"
#endif

char LICENSE[] SEC("license") = "Dual BSD/GPL";
