// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The programs of FULLNAT for IPv6, as fullnat.bpf.c has them for IPv4. */
#define IPV6
#define FULLNAT
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
#include "message-sum.h"
#include "fullnat-enter.h"
#include "related-begin.h"
#include "related6.h"
#include "transport.h"
#include "parse6.h"
#include "fullnat-family.h"
#include "fullnat-ports.h"
#include "fullnat-lease.h"
#include "fullnat.h"
#include "grace.h"
#ifdef APPLIES
#include "apply-flow.h"
#else
#ifndef SCTP
#include "fullnat-timer.h"
#endif
#ifdef REPORTS_CLIENTS
#include "tcp-numbers.h"
#include "segment.h"
#include "client-address.h"
#endif
#include "fragment-table.h"
#include "fragment-read.h"
#include "fullnat-quick.h"
#include "fullnat-tc.h"
#include "fullnat-errors.h"
#include "fullnat-fragment.h"
#ifdef REPORTS_CLIENTS
#include "fullnat-answer.h"
#include "fullnat-ftp.h"
#endif
#ifndef SCTP
#include "quick-packet.h"
#include "fullnat-xdp.h"
#endif
#endif

char LICENSE[] SEC("license") = "Dual BSD/GPL";
