/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* FULLNAT: what the programs that translate clients' addresses (fullnat.bpf.c and its builds), those that enter them, and user space agree on besides
 * abi.h. The records with addresses of IPv6 are in fullnat6-abi.h. */
#ifndef WEIR_FULLNAT_ABI_H
#define WEIR_FULLNAT_ABI_H

/* The places of fullnat_entries: of each build four, one of the program on the links (to which the wide builds return, too: asks-wide.h), and of each
 * family one for answers. A request goes on to be given a local address; a packet of a server without a connection is looked up among the flows, and from
 * there it comes back, for its client, to the program on the links. An ICMP error goes on from there to the server, or to the client. FULLNAT_ANSWER and
 * FULLNAT_ANSWER6: a reply of TCP that is to be changed for its client. */
enum fullnat_build { FULLNAT_INET, FULLNAT_INET6, FULLNAT_SCTP, FULLNAT_SCTP6 };
enum fullnat_program { FULLNAT_REQUEST, FULLNAT_REPLY, FULLNAT_ERROR_IN, FULLNAT_ERROR_OUT };
#define FULLNAT_BUILD_PLACES 4
#define FULLNAT_RETURN 16
#define FULLNAT_ANSWER 17
#define FULLNAT_ANSWER6 18
#define FULLNAT_PLACES 19

/* The places of fullnat_xdp, by which XDP's programs enter those of FULLNAT, of IPv4 and of IPv6: a request is sent on from there; a reply comes back to
 * XDP's program on the links once its flow is found. */
enum fullnat_xdp_program { FULLNAT_XDP_REQUEST, FULLNAT_XDP_REPLY, FULLNAT_XDP_REQUEST6, FULLNAT_XDP_REPLY6, FULLNAT_XDP_RETURN, FULLNAT_XDP_PLACES };

/* Of dest.tunnel_flags, in the word of forwarding-word.ts: a masqueraded destination whose clients get local addresses. */
#define FORWARD_FULLNAT 0x8
#define SVC_LEASES 0x80 /* of a service's flags: has, or had, such a destination (lease-await.h) */

/* How clients are reported to servers of TCP: of a destination with D_FULLNAT its `tunnel_type`. CLIENT_TOA: as an option of
 * TCP. CLIENT_PROXY: by a header of the PROXY protocol, version 2, in front of the client's first byte. */
enum client_address { CLIENT_UNREPORTED, CLIENT_TOA, CLIENT_PROXY };

/* How long a flow stays after its connection has expired. */
#define FULLNAT_GRACE_SECONDS 2

/* ---- pools: a local address for one server's endpoint, or for all ports of one. Record 0 is none: its `count` is the highest number in use. Written by
 * user; `handed` and `used` by packets and timer (atomic adds), `exhausted` and `asked` by packets. The ports are first + (start + step * n) % count, for
 * n = `handed`; one that came back waits in fullnat_ports, and is handed out when all were. */
#define FULLNAT_POOLS 4096
#define FULLNAT_PORTS 65536
struct fullnat_pool {
  __u32 local[4]; /* network order; of IPv4 the first word, as everywhere */
  __u32 server[4];
  __u16 server_port; /* network order; 0: all, by any protocol */
  __u8 protocol;
  __u8 family; /* 0: free */
  __u32 first;
  __u32 count;
  __u32 start;
  __u32 step; /* has no common divisor with `count` */
  __u32 handed;
  __u32 used;
  __u32 swept; /* timer: ports looked at in this round */
  __u32 asked; /* packets: flows that were asked to give way */
  __u32 epoch; /* packets: raised where leases of its ports become void (fullnat-lease.h) */
  __u64 exhausted; /* connections that found no port */
};

/* ---- which pools a destination has, by its number: one after the other, then 0. Written by user. */
#define FULLNAT_LOCALS 8 /* local addresses of a destination */
struct fullnat_dest {
  __u32 pool[FULLNAT_LOCALS];
};

/* ---- flows: of each pool an array, by local port. Written by packets, `word` last: who took the port from its pool has the record. The timer takes a
 * flow away FULLNAT_GRACE_SECONDS after `until`, and gives the port back; where its destination was removed while expire_nodest_conn was set, so long
 * after it found that. */
#define FLOW_LIVE 1u
#define FLOW_ENDING 2u
#define FLOW_STATES 3u
#define FLOW_STATE_SHIFT 16
#define FLOW_TAG_SHIFT 18
#define FLOW_VALUE ((15ull << V_STATE_SHIFT | V_NOOUTPUT | V_PROVEN) >> 32)
#define FLOW_SCTP 1u
struct fullnat_flow {
  __u32 client[1]; /* network order */
  __u32 word;      /* its port, network order | FLOW_* << FLOW_STATE_SHIFT | of its virtual endpoint a hash << FLOW_TAG_SHIFT; 0: free */
  __u32 dest;
  __u32 until;     /* clock: when the connection expires */
  __u32 how;       /* enum client_address, as in its fullnat_place */
  __u32 state;     /* of its connection: FLOW_VALUE of the upper half of the value (abi.h), by which it may give way; and FLOW_SCTP */
};

/* ---- clients: from a connection to its flow, and the report of its client to the server: `report` is 0 where there is nothing to report or to shift.
 * From the server's SYN and ACK on: none was sent yet; the header was; and the client's first bytes without it; the server has acknowledged it. Of TOA
 * the first one alone, until the server has sent data. Written by packets. */
enum report_state { REPORT_NEW, REPORT_SENT, REPORT_PASSED, REPORT_KNOWN };
#define REPORT_HOW 0xff /* enum client_address */
#define REPORT_STATE_SHIFT 8
struct fullnat_place {
  __u32 place; /* pool << 16 | local port (host order) */
  __u32 report;
  __u32 first; /* the number of its client's first byte, by the server's SYN and ACK */
};
#define FULLNAT_PROTOCOL_SHIFT 24
struct fullnat_client {
  __u32 client[1];
  __u32 vaddr[1]; /* of a service of all ports or of a mark; of others 0, as its port and protocol */
  __u16 port;     /* network order */
  __u16 vport;
  __u32 dest;     /* | protocol << FULLNAT_PROTOCOL_SHIFT */
};

/* ---- foreign ports: by their place, as in fullnat_place, those of flows that came from another director (apply-flow.h), and that their pool may still hand
 * out. Who gets such a port from its pool leaves it to the flow; from then on it is in no pool, and comes back as any other. */

/* ---- virtual endpoints: from a flow of such a service, as fullnat_client leads to it, to its virtual endpoint. */
struct fullnat_virtual {
  __u32 addr[4];
  __u16 port; /* network order */
  __u16 server_port;
  __u32 protocol;
};

/* ---- ends: from a reply's two ends to the pool. */
struct fullnat_pair {
  __u32 server[1];
  __u32 local[1];
  __u16 server_port; /* network order */
  __u16 protocol;
};

/* ---- the timer's own record. */
struct fullnat_timer {
  struct bpf_timer timer;
  __u32 started;
  __u32 turn;
  __u32 rounds;
  __u32 reserved;
};

/* ---- leases (fullnat-lease.h), in sets by client: `key` is that of the connection. `word`: its place, as in fullnat_place (0: there is none), and of a
 * lease the pool's epoch and the connection's expiry. It is claimed by a compare-and-swap with 0 before the rest is written; who reads key, word and the
 * same key again has a word of that key. Written by packets. */
struct fullnat_lease {
  __u64 key;
  __u64 word;
};
#define LEASE_SET 4
struct fullnat_lease_set {
  struct fullnat_lease lease[LEASE_SET];
};

/* ---- what goes with a packet from program to program, by CPU. */
struct fullnat_work {
  __u32 local[4]; /* whom a reply was for */
  __u32 vaddr[4]; /* of a service of all ports or of a mark: the virtual endpoint of the reply's connection */
  __u32 vport;
  __u32 dest;
  __u32 until; /* clock: when the connection expires; or the MTU that a reply is larger than */
  __u32 state; /* of the connection, as in its flow */
  __u32 pool;
  __u32 port;        /* host order */
  __u32 server_port; /* network order: where the request goes */
  __u32 wide;        /* the connection is of a service of all ports or of a mark, or FTP's data */
  __u32 report;      /* as in fullnat_place; of a reply `how` of its flow */
  __u32 answers;     /* a reply is to be changed (FULLNAT_ANSWER) */
};

/* ---- XDP: the flow of the reply that is handled, by CPU. */
struct fullnat_found {
  __u32 local[4]; /* whom the reply is for */
  __u32 place;    /* as in fullnat_place; 0: none was found */
};

#endif
