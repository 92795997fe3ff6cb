/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Content switching (switch.h): the records of its maps. All are of one network namespace, pinned, and empty while nothing is switched.
 * Addresses and ports are in network order, as in packets; an address has SWITCH_WORDS words (switch-family.h). */
#ifndef WEIR_SWITCH_ABI_H
#define WEIR_SWITCH_ABI_H

#define SWITCH_NAME 64      /* bytes of a host's name, zeros behind it; the last one is 0 */
#define SWITCH_PATH 128     /* bytes of a path; a whole path ends with a byte 0 */
#define SWITCH_SERVERS 32   /* of a pool */
#define SWITCH_POOLS 1024
#define SWITCH_HELD 1460    /* bytes of a connection's first segment that are kept until its server has answered */
#define SWITCH_HOLDS 8192
#define SWITCH_PORT_WORDS 1024
#define SWITCH_COUNTS 32
#define SWITCH_OVERTAKEN 4096
#define SWITCH_TURNS 524288
#define SWITCH_ROUNDS 393216

/* Ports that may be switched, a bit each, by the port as in packets. Others cost one look into this. Written by user. */
struct switch_ports {
  __u64 virtual_port[SWITCH_PORT_WORDS];
  __u64 server_port[SWITCH_PORT_WORDS];
};

/* ---- a virtual address and port whose connections are switched. Written by user. */
enum switch_protocol { SWITCH_HTTP, SWITCH_TLS };
struct switch_listener_key {
  __u32 addr[SWITCH_WORDS];
  __u16 port;
  __u16 reserved;
};
struct switch_listener {
  __u32 id;      /* 1 and above */
  __u32 service; /* services[service] has all servers of its pools */
  __u16 mss;     /* that clients are offered */
  __u8 window_scale;
  __u8 protocol;
};

/* ---- what a first request asks for -> a pool. Written by user. Hosts that are not here, and paths of pool 0, are the proxy's. */
struct switch_host_key {
  __u32 listener;
  __u8 name[SWITCH_NAME]; /* none: of all hosts without a rule of their own */
};
struct switch_path_key {
  __u32 bits; /* of `host` and `path` that count */
  __u32 host;
  __u8 path[SWITCH_PATH];
};
struct switch_server {
  __u32 dest; /* dests[dest], which counts while it has this address and port and is of the listener's service */
  __u32 addr[SWITCH_WORDS];
  __u16 port;
  __u16 weight; /* that it was configured with: for user */
};
struct switch_pool {
  __u32 count;
  struct switch_server server[SWITCH_SERVERS];
};

/* ---- servers that are out: they get no connection. Written by user; the value means nothing. */
struct switch_out_key {
  __u32 addr[SWITCH_WORDS];
  __u16 port;
  __u16 reserved;
};

/* ---- switched connections, by what their clients' packets and their servers' packets have. Written by packets; the timer removes old ones. */
enum switch_state { SWITCH_BINDING, SWITCH_BOUND };
#define SWITCH_CLOSING 0x1  /* a FIN or an RST went by */
#define SWITCH_SCALES 0x2   /* the client scales its windows, */
#define SWITCH_UNSCALED 0x4 /* but its server does not */
struct switch_client_key {
  __u32 client[SWITCH_WORDS];
  __u32 vip[SWITCH_WORDS];
  __u16 client_port;
  __u16 vport;
};
struct switch_flow {
  __u32 state;
  __u32 flags;
  __u32 dest;
  __u32 server[SWITCH_WORDS];
  __u32 isn;   /* ours towards the client, host order */
  __u32 first; /* the number of the client's first byte, host order */
  __u32 delta; /* ours minus the server's */
  __u32 seen;  /* clock of the client's last packet */
  __u16 server_port;
  __u16 window; /* of the first segment, host order, as it was sent */
  __u16 held;   /* bytes */
  __u8 client_scale;
  __u8 turn; /* of its entry in switch_turns, from 1; 0: it has none, of a build before */
};
struct switch_server_key {
  __u32 client[SWITCH_WORDS];
  __u32 server[SWITCH_WORDS];
  __u16 client_port;
  __u16 server_port;
};
struct switch_back {
  __u32 vip[SWITCH_WORDS];
  __u32 delta;
  __u16 vport;
  __u8 state;
  __u8 server_scale;  /* of the windows in the server's segments, */
  __u8 offered_scale; /* and as its client knows it */
  __u8 reserved[3];
};
struct switch_segment_held {
  __u8 data[SWITCH_HELD];
};
/* A segment that seems to overtake the first one of its connection, to how often it came. */
struct switch_overtaken {
  struct switch_client_key client;
  __u32 seq;
};

/* The timer looks at flows by turns: who was not looked at for the longest time is the next one. A new flow enters switch_turns, or is refused where that
 * is full; from its first turn on it is in switch_rounds, where the timer alone enters flows: it has room for as many as the timer looks at between two
 * turns of one. An entry whose flow has ended, or has another number, goes when its turn comes. */
struct switch_turn {
  struct switch_client_key client;
  __u32 turn;
  __u32 looked; /* clock when its flow was looked at, or began */
};

/* ---- the cookies' key, and the timer that removes flows. `key` is written by user, once. */
struct switch_secret {
  __u64 key[2];
  __u64 paused; /* user: connections move to a table of another layout, and may be in neither that this program knows: it ends none for that */
};
struct switch_timer {
  struct bpf_timer timer;
  __u32 started;
  __u32 reserved;
};

/* ---- the programs behind weir_switch, which it enters by tail calls: SWITCH_BIND of its family, SWITCH_IPV6 where IPv6 is switched, too. */
enum switch_program { SWITCH_BIND, SWITCH_IPV6, SWITCH_PROGRAMS };

/* ---- what happened, by CPU. Appended to only. */
enum switch_count {
  SWITCHED_SYN,        /* SYNs that were answered */
  SWITCHED_ASKED,      /* first segments that were sent to a server as a SYN, each time */
  SWITCHED_BOUND,      /* connections whose server has answered */
  SWITCHED_TO_PROXY,   /* connections that the stack got: nothing decided them */
  SWITCHED_BAD_COOKIE, /* segments of no connection, with no cookie of ours */
  SWITCHED_BARE,       /* acknowledgements that the handshake ends with: nothing to decide on */
  SWITCHED_NO_PROXY,   /* undecided, and no process listens, or the kernel refused */
  SWITCHED_NO_SERVER,  /* the pool has no server that takes connections: to the proxy */
  SWITCHED_FULL,       /* no room for a flow: to the proxy */
  SWITCHED_FAILED,     /* segments that could not be changed: dropped */
  SWITCHED_REFUSED,    /* servers that reset a connection before it began */
  SWITCHED_OVERTOOK,   /* segments that came before the first one of their connection was bound: dropped, their clients send them again */
  SWITCHED_SHARED,     /* the server has a connection of the same client and port from another listener: to the proxy */
  SWITCHED_ODD,        /* fragments, and segments without a whole header: dropped */
  SWITCHED_UNFIT,      /* segments that fit no step of a connection that begins: dropped */
  SWITCHED_UNKEPT,     /* the server has answered, and the first segment is kept no longer: its client sends it again */
  SWITCHED_PASSED,     /* SYNs, and packets with options of IP, that the host gets: its packet filter is asked, or it has not the address */
  SWITCHED_LOST,       /* flows that ended, since their connections had ended before their time */
  SWITCHED_BAD_CHECKSUM, /* segments that would have been answered, or made others: dropped */
};
struct switch_counts {
  __u64 count[SWITCH_COUNTS];
};

#endif
