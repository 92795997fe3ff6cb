/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the programs and user space agree on: the layout of every pinned map. dev/abi-gen.mjs makes the TypeScript of it.
 * Who writes what (stated at each table): "user" is the one process that holds the namespace's lock, "packet" is any CPU that processes a packet,
 * "timer" is the CPU that runs a build's housekeeping tick (one of each build: those of several may run at the same time).
 * All tables but the localities and the calls of SIP are BPF_F_MMAPABLE arrays, so that a reader needs no system call. */
#ifndef WEIR_ABI_H
#define WEIR_ABI_H

#include "reasons.h"
#include "schedulers/table.h"
#include "change-abi.h"
#include "locality-abi.h"
#include "template-abi.h"

#define WEIR_MAGIC 0x52494557u /* "WEIR" */
#define WEIR_ABI 1u /* raised when a build uses the same layout in another way, such as another hash */

/* ---- sizes that are not configuration ---- */
#define BUCKET_SLOTS 4
#define PROBE_BUCKETS 16 /* how many neighbouring buckets a connection may be pushed along */
#define LOCKS 4096
#define SPILL_LOCKS 256
#define INTERFACES 4096
#define CLIENT_HOP_SETS 65536 /* a cache line each */
#define EGRESSES 4096
#define ENDPOINT_PROBES 16
#define DROP_REASONS 64
/* Time is jiffies >> CLOCK_SHIFT, so that 31 days fit 31 bits at any HZ. */
#define CLOCK_SHIFT 2
#define LOOPBACK 1 /* ifindex of lo in every network namespace */
#define TCP_STATES 16 /* 11 used, and S_UDP; a power of two so that an index can be masked */

enum weir_state { FREE = 0, LIVE = 1, DEAD = 2 };

/* The kernel's connection states (numbered as in ip_vs.h). S_UDP stands for every protocol without a state machine. */
enum tcp_state {
  S_NONE, S_ESTABLISHED, S_SYN_SENT, S_SYN_RECV, S_FIN_WAIT, S_TIME_WAIT, S_CLOSE, S_CLOSE_WAIT, S_LAST_ACK, S_LISTEN,
  S_SYNACK, S_UDP = 15,
};

#define SCHEDULER_NUMBER(number, NAME, name) SCHED_##NAME = number,
enum scheduler { SCHED_NONE = 0, SCHEDULERS(SCHEDULER_NUMBER) };
enum method { M_MASQ, M_LOCAL, M_TUNNEL, M_ROUTE };
enum address_family { F_INET = 2, F_INET6 = 10 };

/* ---- endpoints: address, port, protocol -> service or destination. Written by user only; read by packets.
 * A bucket is a cache line. `key` is stored last on insert and first on removal, each a single 64-bit store.
 * IPv6: `addr` is a hash (address_hash) and the service's or destination's own record decides; where it differs, a search goes on. */
enum endpoint_kind { E_NONE, E_SERVICE, E_REAL, E_SERVICE6, E_REAL6 };
#define E_PORT_SHIFT 32
#define E_PROTOCOL_SHIFT 48
#define E_KIND_SHIFT 56
struct endpoint {
  __u64 key; /* addr (network order as in the packet) | port << E_PORT_SHIFT | protocol << E_PROTOCOL_SHIFT | kind << E_KIND_SHIFT */
  __u32 id;  /* E_SERVICE: services[id]; E_REAL: dests[id], the first destination of this endpoint */
  __u32 reserved;
};
struct endpoint_bucket {
  struct endpoint slot[BUCKET_SLOTS];
};
#define ENDPOINT_REMOVED 1ull /* a key that was removed: a probe goes on past it, an insert may take it; 0 = free */

/* ---- services. Written by user; `cursor` and `wrr` by packets (compare-and-swap), `local` by packets (a plain store). */
#define WRR_WEIGHT_SHIFT 32
#define SVC_ONEPACKET 0x4
#define SVC_SCHEDULER_SHIFT 3 /* the three flags of the scheduler (-b) */
#define SVC_MASQUERADES 0x100 /* has, or had, a masqueraded destination */
struct service {
  __u32 addr[4]; /* network order; IPv4 in addr[0] */
  __u16 port;    /* network order */
  __u8 protocol;
  __u8 family;
  __u32 mark;
  __u8 state; /* FREE, LIVE, or DEAD: deleted, but connections still name it. One store of user writes it, the scheduler and the flags */
  __u8 scheduler;
  __u16 flags;
  __u32 head;   /* newest destination, 0 = none */
  __u32 dests;  /* how many in the list */
  __u32 cursor; /* rr: the last chosen destination, 0 = start at the head */
  __u32 wrr_gcd;
  __u32 wrr_max;
  __u32 ring; /* dh, sh, mh: the first block of its ring, plus 1; 0 = none */
  __u32 local; /* has the host the address? clock of the FIB's answer << 1 | answer; 0 = not asked yet */
  __u64 wrr; /* current destination (0 = head) | current weight << WRR_WEIGHT_SHIFT */
  __u64 persistence[2]; /* of templates: s | netmask << PERSISTENCE_MASK_SHIFT (template-abi.h); the other element is for the next edit */
  __u32 order; /* user: creation order, for dumps */
  __u32 started; /* lblc, lblcr: the table's generation when the service got its scheduler */
  __u32 reserved[10];
};

/* ---- rings of dh, sh and mh: in each slot the id of a destination, 0 = none. Written by user, slot by slot; read by packets. dh and sh have
 * one block each, mh as many as its prime number of slots needs, one behind the other. */
#define RING_BITS 8
#define RING_BLOCK 256
#define MAGLEV_SLOTS 4093
#define MAGLEV_KEY 2654435761ull
struct ring_block {
  __u32 id[RING_BLOCK];
};

/* ---- next hops: address -> device and MACs, as the kernel answered. The record of a destination has its own next hop, written by packets
 * under `seq` (odd while one CPU writes; a reader takes seq, fields, seq). */
#define NH_XDP 0x1  /* the device takes frames from XDP */
#define NH_PEER 0x2 /* a veth: redirect packets to its other end */
#define NH_LOCAL 0x4 /* no next hop: the address is the host's own, or has no route */
struct nexthop {
  __u32 addr;
  __u32 ifindex;
  __u8 dmac[6];
  __u8 smac[6];
  __u32 stamp; /* clock of the kernel's answer */
  __u16 mtu;
  __u16 flags;
  __u32 seq;
};

/* ---- next hops of the clients that replies go to: four a cache line, since there are many. What most of them have in common stands in
 * a table of egresses. Written by packets; the timer removes old ones. Rules:
 *  - a CPU claims an entry by compare-and-swap of `known` (address CLIENT_HOP_CLAIMED), stores `next`, then `known`;
 *  - an entry is written at most once in a clock unit, so its stamps only rise and `known` never has one value twice. A reader that takes
 *    known, next, known, and finds `known` unchanged, has a `next` that belongs to it;
 *  - the timer removes an entry CLIENT_HOP_AGE_MAX after its stamp; a round takes two hours. So no stamp outlives a round of the clock
 *    (198 days at 1000 Hz) and looks fresh again;
 *  - an egress is rewritten only EGRESS_IDLE_MIN after its last use, and `written_at` is stored before the rest. A reader that takes the
 *    rest, and then finds `written_at` no later than the entry's stamp, has the egress that the entry named;
 *  - no new entry names an egress EGRESS_AGE_MAX after it was written, so that "no later than" compares less than half the clock. */
#define CLIENT_HOP_CLAIMED 0xffffffffu
#define CLIENT_HOP_AGE_MAX (1u << 24)
#define NEXT_EGRESS_SHIFT 48
#define EGRESS_IDLE_MIN 4096
#define EGRESS_AGE_MAX (1u << 30)
struct client_hop {
  __u64 known; /* the client's address (of an egress with a source: ^ source) | clock of the kernel's answer << 32; 0 = free */
  __u64 next;  /* MAC as in a frame, 48 bits | egress << NEXT_EGRESS_SHIFT */
};
struct client_hop_set {
  struct client_hop entry[4];
};
/* What a frame needs besides the next hop's MAC. Egress 0 is none. Where a policy rule chooses routes by source (conf), a client has an entry for
 * each virtual address that it gets replies from, and the egress has that address; the set is found by both addresses. */
struct egress {
  __u32 ifindex;
  __u16 mtu;
  __u16 flags;
  __u32 smac[2]; /* as two words of a frame: two bytes of the next hop's MAC (0 here), then the source's six */
  __u32 written_at;    /* clock when this content was written */
  __u32 source; /* the replies' virtual address (IPv6: address_hash of it) for which alone it counts; 0: for all */
  __u64 use; /* clock of the last use | version << 32; odd version: one CPU writes */
};

/* ---- destinations. The first line is what a packet of a connection reads, the second what a scheduler reads. Written by user; `hop`, `probed_at`,
 * `reply_from`, `reply_at` by packets; `active`, `inactive`, `persistent` (atomic adds), `idle_since` (the clock) by packets and timer. */
#define D_AVAILABLE 0x1
#define D_LOCAL 0x4 /* the address was one of this host at the last command; tc asks the FIB (NH_LOCAL) */
#define D_REAL 0x8 /* is or was masqueraded: E_REAL finds it for replies */
struct dest {
  __u32 addr[4]; /* network order; IPv4 in addr[0] */
  __u16 port;    /* network order */
  __u8 protocol;
  __u8 method;
  __u32 flags;
  __u32 service;
  __u32 next_same; /* the next destination with this address, port and protocol, 0 = end */
  struct nexthop hop;
  /* -- second line -- */
  __u32 weight;
  __u32 overload; /* over the upper threshold: gets no new connections */
  __u32 next;     /* the next older destination of the service, 0 = end */
  __u32 active;
  __u32 inactive;
  __u32 persistent;
  __u32 upper;
  __u32 lower;
  __u32 last_weight;
  __u32 idle_since; /* clock at the last time a connection left */
  __u8 state;       /* FREE, LIVE, DEAD */
  __u8 family;
  __u8 tunnel_type;
  __u8 tunnel_flags;
  __u16 tunnel_port;
  __u16 reserved16;
  __u32 probed_at; /* clock of the last ARP request for the next hop (tc) */
  __u32 localities; /* how many name it: its record stays as long (packets and timer, atomic adds) */
  __u32 reply_from; /* another interface than the next hop's that leads to it, too: replies may come by it */
  __u32 reply_at;   /* clock of the FIB's answer about that */
};

/* ---- what a writer is about to change in several fields, so that the next one can finish it. It stands in record 0 of the destinations,
 * whose id means "none". Written by user: `kind` last, and INTENT_NONE when the change is done. */
enum intent_kind { INTENT_NONE, INTENT_DESTINATION, INTENT_TIMEOUTS, INTENT_FLUSH };
struct intent {
  __u32 kind;
  __u32 destination; /* INTENT_DESTINATION: which, and its new values as in struct dest */
  __u32 method;
  __u32 weight;
  __u32 last_weight;
  __u32 no_flags; /* 0: a packet that looks at record 0 finds a destination that is not available */
  __u32 upper;
  __u32 lower;
  __u32 tcp; /* INTENT_TIMEOUTS: clock units, 0 = as before */
  __u32 tcp_fin;
  __u32 udp;
  __u32 edits; /* raised by each INTENT_DESTINATION: a reader that finds it unchanged knows that none began and ended meanwhile */
  __u32 reserved[20];
};
_Static_assert(sizeof(struct intent) == sizeof(struct dest), "an intent is a record of the destinations");
_Static_assert(__builtin_offsetof(struct intent, no_flags) == __builtin_offsetof(struct dest, flags), "the flags of record 0 are 0");

/* ---- connections: open-coded buckets, a cache line each.
 *
 *   key    client address | client port << K_PORT_SHIFT | service id << K_SERVICE_SHIFT      (network order as in the packet)
 *   value  expires (clock) | destination << V_DEST_SHIFT | method << V_METHOD_SHIFT | state << V_STATE_SHIFT | flags
 *
 * A slot is free when its destination is 0. Rules:
 *  - the key is written only by the CPU that has claimed the slot (destination = CLAIMED), before the value names a destination;
 *  - the value changes only by compare-and-swap (or by an atomic or/add that leaves the other bits alone);
 *  - a reader takes key, value, key again: equal keys mean that the value belongs to the key;
 *  - one key is inserted under the lock of its home bucket's group, so that it cannot be in the table twice;
 *  - PROVEN: a packet of either end came more than a second after the last that set the expiry, or (TCP, SCTP) its server went on after the
 *    handshake. A full table keeps such connections longest (evict.h);
 *  - SPILLED in a bucket's first value: some key of this bucket, or of one before it, is in a later bucket;
 *  - a connection `n` buckets from its home has that number in its flags, so that the timer can take SPILLED away again;
 *    a CPU that claims a slot away from home, and the timer that takes a mark away, hold the region's spill lock. */
struct conn_slot {
  __u64 key;
  __u64 value;
};
struct conn_bucket {
  struct conn_slot slot[BUCKET_SLOTS];
};
#define K_PORT_SHIFT 32
#define K_SERVICE_SHIFT 48
#define K_CLIENT 0xffffffffffffull
#define K_HASHED K_CLIENT /* what of a key chooses its bucket: the client alone, so that a reply finds its connection without the service */
#define V_DEST_SHIFT 32
#define V_DEST_MASK 0x3ffffull
#define V_METHOD_SHIFT 50
#define V_STATE_SHIFT 52
#define V_INACTIVE (1ull << 56)
#define V_NOOUTPUT (1ull << 57)
#define V_SPILLED (1ull << 58)
#define V_PROVEN (1ull << 59)
#define V_AWAY_SHIFT 60
#define CLAIMED 0x3ffffull

/* ---- attached interfaces. Written by user. A record stands at index ifindex % INTERFACES, or where another interface has that place, in the
 * set of its number (INTERFACE_SET). Record 0 is no interface's: its flags are the rp_filter of those that found no place, the strictest. */
#define INTERFACE_XDP 0x1 /* XDP is attached and frames may be redirected to it */
#define INTERFACE_PEER 0x4 /* a veth whose other end is in another namespace */
#define INTERFACE_STRICT 0x8 /* rp_filter is 1: the way back to a packet's source leads by the interface */
#define INTERFACE_LOOSE 0x10 /* rp_filter is 2: there is a way back */
#define INTERFACE_LAYER3 0x20 /* its packets have no Ethernet header */
struct interface {
  __u32 ifindex;
  __u8 mac[6];
  __u16 flags;
  __u32 addr; /* an IPv4 address of the interface, network order: the sender of our ARP requests */
};

/* ---- counters: index destination * cpus + cpu; each line has one writer, the CPU it is named for. */
struct counters {
  __u64 conns;
  __u64 in_packets;
  __u64 out_packets;
  __u64 in_bytes;
  __u64 out_bytes;
  __u64 reply_not_from[3]; /* interfaces that do not lead to it (reply-side.h): number | clock of the FIB's answer << 32 */
};

/* ---- estimates: 0 = totals, 1.. = services, then destinations at max_services + id. Written by timer; `zero` and
 * `zero_asked` by user. Order of the five: conns, in packets, out packets, in bytes, out bytes. */
struct estimate {
  __u64 raw[5];   /* running sums */
  __u64 shown[5]; /* what a person sees: raw at the last 2 s turn */
  __u64 rate[5];  /* the kernel's scaled moving averages */
  __u64 zero[5];  /* what `ipvsadm -Z` hides */
  __u32 zero_asked;
  __u32 zero_done; /* rates count only while the two are equal */
};

/* ---- conf: one record. Written by user, but for the last tick's times, `ticks`, `swept` and `drop_rate` (timer). The modes of the
 * defences, `grace_until` and `hold_until` are written by both: the timer does so by compare-and-swap. */
#define TABLE_PARTS 8192 /* what amemthresh counts in: the kernel's pages of free memory, of which a table of the default size has so many */
#define EST_CPU_WORDS 8
struct conf {
  __u32 magic;
  __u32 abi;
  __u32 generation; /* raised by each change */
  __u32 dirty;      /* 1: a writer is changing the table, or died doing so: the next one repairs it; 2: the same in a batch, which is then undone */
  __u32 services;   /* live ones */
  __u32 hz;
  __u32 fresh_for; /* clock units for which a destination's next hop is used; a client's half as long again */
  __u32 conn_tab_bits; /* as shown to users */
  __u32 conn_buckets;
  __u32 cpus;
  __u32 max_services;
  __u32 max_dests;
  __u32 service_top; /* highest id ever used; 0: there never was a service, and everything passes */
  __u32 dest_top;
  __u32 pair_ifindex;      /* weir's own device: asks the FIB where forwarding is off, takes answers for local clients */
  __u32 pair_peer_ifindex;
  __u64 hash_key[3];
  union {
    __u32 tcp_timeout[TCP_STATES]; /* clock units */
    struct { /* where no state has a timeout: what packets of established connections read, in a line that no packet writes */
      __u32 reserved_states[S_SYNACK + 1];
      __u16 source_rules, source_rules6; /* user: does a policy rule, of IPv6 or a route, choose by a packet's source? */
      __u64 grace_until; /* the grace period after a takeover ends then (grace.h): CLOCK_MONOTONIC, ns. Written by user; the timer makes it 0 again */
      __u32 grace_seconds; /* user: so long it was; 0: there was none */
      __u32 hold_until; /* first packets of new connections are held back until then (hold.h). Written by the stream's process; the timer makes it 0 */
    };
  };
  __u32 udp_timeout;
  __u32 sloppy_tcp;
  __u32 secure_tcp;
  __u32 conn_reuse_mode;
  __u32 expire_nodest_conn;
  __u32 run_estimation;
  __s32 lblc_expiration; /* s */
  __s32 lblcr_expiration;
  /* The defences: 1 and 2 are automatic, and the timer makes 2 of 1 while the table is nearly full. */
  __u32 drop_entry;
  __u32 drop_packet;
  __u32 am_droprate;
  __u32 amemthresh; /* free slots of the table, in parts of TABLE_PARTS */
  __u32 drop_rate;  /* timer: every so many-th new connection is dropped, 0 = none */
  __u32 nat_icmp_send, cache_bypass, expire_quiescent_template, schedule_icmp;
  __u32 ignore_tunneled, sloppy_sctp, pmtu_disc, conntrack, snat_reroute, backup_only;
  __u32 sync_version, sync_ports, sync_persist_mode, sync_qlen_max, sync_sock_size, sync_threshold[2], sync_refresh_period, sync_retries;
  __s32 est_nice;
  __u32 est_cpulist[EST_CPU_WORDS]; /* a bit a CPU; none: all */
  __u64 jiffies_at; /* jiffies of the last tick */
  __u64 ktime_at;  /* CLOCK_MONOTONIC ns of the last tick */
  __u64 ticks;
  __u64 swept;     /* whole rounds of the table */
  __u32 order;     /* user: the next service's creation order */
  __u32 endpoint_buckets;
  __u32 attach_mode; /* user: how new interfaces are attached (0 auto, 1 tc, 2 xdp) | what --firewall chose << 8 */
  __u32 layer3;      /* user: is there an interface of INTERFACE_LAYER3? */
  __u32 templates;   /* slots for them */
  __u32 templates_live; /* packets and timer, atomic adds: the timer looks at no template where there is none */
  __u32 layout;      /* LAYOUT of the generated TypeScript: a build with another one refuses the table */
  __u32 fullest;     /* timers of the tables beside `conns`: how full the fullest of these is, and which one it is (defence.h) */
};
_Static_assert(__builtin_offsetof(struct conf, source_rules) / 64 != __builtin_offsetof(struct conf, templates_live) / 64, "in another cache line");

/* ---- the timer's own record. */
struct housekeeping {
  struct bpf_timer timer;
  __u32 bucket;  /* the sweep goes down from here */
  __s32 reach;   /* how far the connections just swept reach back: their buckets stay marked */
  __u32 turn;    /* which twentieth of the estimates is next */
  __u32 started;
  __u32 counted; /* connections in this round of the table, so far */
  __u32 used;    /* connections in the last whole round */
  __u32 drop_entry; /* the defence is at work */
  __u32 spared;     /* drop_entry: quota of established connections */
  __u32 template; /* the slot of the templates that is looked at next */
  __u32 asked;    /* rounds of the connection table when a template was asked last */
};

/* ---- how often each reason (reasons.h) was counted, by CPU. */
struct drops {
  __u64 count[DROP_REASONS];
};
/* ---- not shared between builds: what follows is no part of LAYOUT, and an exchange of programs begins it again. ---- */
#define D_POLICED 0x10 /* of dest.flags, as the next two: policies of IPsec are for masqueraded packets to it, which the stack sends */
#define D_POLICED_BACK 0x20 /* the same of the answers */
#define D_FULLNAT 0x100 /* its clients get local addresses, as long as connections name it */
#define D_EXPIRES 0x1000 /* it, or one after it, was removed while expire_nodest_conn was set: the timer ends its connections and templates */
#define D_TUNNEL 0x40 /* is or was behind a tunnel: XDP's quick path looks at the connection's method */
#define SVC_FIREWALL 0x800 /* of a service's flags: its new connections pass the host's packet filter before they are balanced */
/* ---- what drops[] was: a ring of its sums over all CPUs, taken every SNAPSHOT_TICKS. Written by timer; `at` is 0 while it writes, and where none
 * was taken yet. The ring has more than a minute: the snapshot that a reader of the last minute takes is not the one that is written. */
#define SNAPSHOT_TICKS 50
#define DROP_SNAPSHOTS 16
struct drop_snapshot {
  __u64 at; /* CLOCK_MONOTONIC, ns */
  __u64 count[DROP_REASONS];
};

/* ---- where the record of an interface stands whose first place is another's: in one of INTERFACE_SET records, a cache line, that its number
 * chooses. The programs of a build without sets do not find it there, and take it for none. */
#define INTERFACE_SET 4
#define INTERFACE_HASH 0x9e3779b1u
#define INTERFACE_HASH_SHIFT 22 /* the upper bits of number * INTERFACE_HASH: which set */

/* ---- one connection table takes another's place: the record that only the bridging build reads. `phase` and `back` are written by user,
 * `moved` by weir_move, `at` and `left` by both. The first table is the one that was there before. */
enum bridge_phase { PHASE_FIRST, PHASE_SECOND }; /* which of the two new connections go to */
struct bridge {
  __u32 phase;
  __u32 back;  /* the second table's connections return to the first */
  __u32 moved; /* connections, since it was made */
  __u32 at;    /* the bucket that weir_move looks at next */
  __u32 left;  /* connections that weir_move met and that stayed */
  __u32 reserved;
};

#endif
