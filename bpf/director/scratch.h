/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Per-CPU scratch space: for what does not fit the 512 bytes of stack, or what the verifier should not track.
 * Programs for packets do not interrupt each other on one CPU, so no other program writes here meanwhile. */
#ifndef WEIR_SCRATCH_H
#define WEIR_SCRATCH_H

#define NOWHERE 0xffffffffu

/* What a probe of the key's buckets found: numbers of slots, NOWHERE where there is none. */
struct probe {
  __u32 holder;    /* the slot that has the key */
  __u32 free;      /* a free or expired slot */
  __u32 evict;     /* the connection that is replaced where no slot is free (evict.h) */
  __u32 udp;       /* in: the new connection is of UDP */
  __u32 again;     /* in: the connection that decide_known() has left to it gives way (conn-make.h) */
  __u32 further;   /* may the key be in a later bucket? */
  __u32 crowded;   /* so many more probes of this CPU may end early (evict.h) */
  __u64 free_value;
  __u64 evict_value;
  __u32 evict_class;
  __u32 settled;   /* the slot is chosen: only the key is looked for */
};

/* A template that is looked for, or made: what it is to be, and what the probe for its place found. Numbers of slots are NOWHERE where there
 * is none. */
struct template_probe {
  __u64 key;
  __u64 worth;   /* of `evict` */
  __u32 wanted;  /* the client has none, and is to get one */
  __u32 led;     /* the destination of the one that it has; 0: none */
  __u32 hash;
  __u32 dest;
  __u32 timeout;
  __u32 now;
  __u32 holder;  /* the slot that has the key */
  __u32 free[2]; /* of each home */
  __u32 evict;   /* the template that is replaced where no slot is free */
  __u32 call;    /* it is of a call, which is in the scratch space (call.h) */
  __u32 place;   /* its slot, once it is found or made */
  __s32 more;    /* how many free slots the first home has more than the second */
  bool busy;     /* a claimed slot has the key */
};

/* The search for a Call-ID (call-id.h). */
#define CALL_SEARCHED 4096 /* bytes of a message */
#define CALL_STEPS 512     /* characters behind the names of its headers that are looked at one by one */
#define CALL_BEHIND 16     /* zeros, so that the last bytes are read as the others */
struct call_scan {
  __u32 state;
  __u32 at;
  __u32 size;
  __u32 steps;  /* that are left */
  __u64 begins; /* the lines that may begin with the short name, in the eight bytes that are looked at */
  __u32 length; /* of what is read so far of the value */
  __u32 from;   /* where the value begins */
  bool domain;  /* the value has an @ */
  bool open;    /* nothing follows it yet */
  __u8 message[CALL_SEARCHED + CALL_BEHIND] __attribute__((aligned(8)));
};

/* A datagram that is summed (datagram-sum.h). */
#define SUM_PART 512 /* bytes by one call: as many as bpf_csum_diff() takes */
struct datagram {
  __u32 at;   /* where the rest begins */
  __u32 left; /* its bytes */
  __u32 sum;  /* of what is before it */
  __u32 part[SUM_PART / 4];
};

#define ICMP_QUOTE 548 /* of the offending packet, from its IP header on: an error has 576 bytes at most (RFC 1812, 4.3.2.3) */
struct icmp_packet {
  struct iphdr ip;
  __u8 type;
  __u8 code;
  __u16 check;
  __u16 unused;
  __u16 mtu;
  __u32 quote[ICMP_QUOTE / 4];
} __attribute__((aligned(8)));

/* twos: one of its two choices. */
struct choice {
  __s32 left; /* of the random share of the weights */
  __u32 id;   /* 0 = not chosen yet */
  __u32 weight;
  __u32 overhead;
};

/* A scheduler's walk along the list of destinations (schedule.h). */
struct walk {
  __u32 service;
  __u32 head;
  __u32 at;    /* the destination of the last step, 0 = before the head */
  __u32 start; /* where the walk began */
  __u32 stop;  /* wrr: end after this one */
  __u32 pick;  /* the answer so far */
  __u8 scheduler;
  __u8 over; /* no more steps */
  __u8 wrapped;
  __u8 last_pass;
  __u8 phase; /* lblc, lblcr: what the steps are for now */
  __u8 expired; /* lblcr: the set did not change for so long that a member leaves it */
  __u8 whole;   /* wrr: the pass began at the head */
  __s32 weight; /* wrr: the current weight */
  __s32 heaviest; /* wrr: of those in this pass that may be chosen */
  __s32 gcd;
  __s32 max; /* wrr: the largest; the others: the pick's */
  __u64 least; /* lc, wlc, sed, nq: what the pick costs */
  __u64 place; /* where the scheduler stood, from the service's record */
  __u32 ring;  /* dh, sh, mh: as in the service's record */
  __u32 flags; /* dh, sh, mh: of the service */
  __u32 input; /* dh, sh, mh: what is hashed */
  __u32 first; /* dh, sh, mh: the slot of that */
  __u32 turn;  /* sh, mh: how many slots the fallback has tried, the first one included */
  __u32 sum;   /* twos: of all weights */
  struct choice choice[2]; /* twos */
  __u32 members; /* lblc, lblcr: of the locality, still to be looked at */
  __u32 most;    /* lblcr: the member with the most overhead by weight, */
  __s32 most_weight; /* its weight, */
  __u32 most_cost;   /* and its overhead */
};

#ifndef IPV6
/* A source that rp_filter has refused (refused-sources.h): the addresses of its packet, how that came in, and when the FIB answered. */
#define REFUSED_SETS 256
#define REFUSED_PLACES 4
struct refused_source {
  __u32 source;
  __u32 target;
  __u32 by; /* 0: none */
  __u32 at;
};
struct refused_set { /* a cache line */
  struct refused_source place[REFUSED_PLACES];
};
#endif

/* Has the host the address of a service, for the packets of an interface (vip-local.h)? */
#define VIP_ANSWERS 64
struct vip_answer {
  __u32 service; /* 0: none */
  __u32 ifindex;
  __u32 word; /* clock of the FIB's answer << 1 | answer */
};

#if defined(WIDE) && !defined(SCTP)
#define HELPS_FTP
#include "ftp-scratch.h"
#endif
#if defined(HELPS_FTP) || defined(REPORTS_CLIENTS) || defined(SWITCHES)
#define CHANGES_SEGMENTS
#include "tcp-scratch.h"
#endif

#ifdef TUNNEL
#define OUTER_MAX 56 /* an outer IPv6 header, UDP, and GUE with its option */
#endif

struct scratch {
  struct packet packet;
  __u64 chosen; /* the value of the packet's connection: of a turn after the first one (conn-make.h); and XDP's, for xdp_send_to */
  __u64 shown;   /* and the flag that its template gets then */
  struct fragment_key fragment_key; /* of the fragment that is handled (fragment.h) */
  struct fragment fragment;         /* the note that it goes by, or leaves */
#ifdef SCTP
  __u32 whole_bytes; /* of a first fragment: how long the whole packet is behind its IP header; 0: not known */
#endif
  __u32 once;                       /* the destination of a first fragment by one-packet scheduling; or | ONCE_BEGUN: the server it is of */
  __u32 related;                    /* the destination of the connection that an ICMP error begins (related-begin.h) */
  __u64 changed; /* a connection's value as another CPU made it first, or as it assures a template (conn_move) */
#ifdef IPV6
  struct whole_addresses whole;
  struct icmp6_packet icmp6;
#endif
#if defined(WIDE) && defined(IPV6)
  struct wide6_tuple tuple; /* conn-wide6.h */
#elif defined(WIDE)
  struct wide_tuple tuple; /* conn-wide.h */
#endif
  __u64 reused_key; /* of the connection that its client begins again: decide_known() has found it, with this value */
  __u64 reused;
  __u64 replaced; /* the value of the one that left the table for the new one, and is counted until that has its server; 0: none (conn-make.h) */
  struct probe probe;
  struct template_probe template_probe;
  struct call call;
  struct call_place call_place;
  struct walk walk;
  struct locality_key locality_key;
  struct locality new_locality;
  struct icmp_packet icmp;
  struct bpf_fib_lookup fib;
#ifdef IPV6
  __u32 left; /* XDP: by the quick path, for the full one */
#endif
#ifndef SCTP
  struct call_scan call_scan;
  struct datagram datagram;
#endif
#ifdef HELPS_FTP
  struct ftp_text ftp_text;
#endif
#ifdef REPORTS_CLIENTS
  struct fullnat_work data_work; /* of a data connection of FTP (fullnat-ftp.h) */
#endif
#ifdef CHANGES_SEGMENTS
  struct tcp_options tcp_options;
  struct insertion insertion;
#endif
  __u32 until_drop; /* drop_packet: new connections until one is dropped */
  union {
    __u32 head[12]; /* a frame's beginning, so that the IP header stands at head[4] */
    struct {
      __u16 head_pad;
      __u8 head_macs[12];
      __u16 head_type;
    };
  };
#ifndef IPV6
  struct refused_set refused[REFUSED_SETS];
#endif
  struct vip_answer vip_answer[VIP_ANSWERS];
#ifdef TUNNEL
  __u32 tunnel_dest; /* whose route is asked for */
  __u32 outer[OUTER_MAX / 4];
#endif
};
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct scratch);
} scratch_space SEC(".maps");

/* The wide builds look into it at a few hundred places: a call takes a nanosecond or two, and the kernel loads them in half the time (count_reason). */
#ifdef WIDE
static __noinline struct scratch *the_scratch(void) {
#else
static __always_inline struct scratch *the_scratch(void) {
#endif
  __u32 zero = 0;
  return bpf_map_lookup_elem(&scratch_space, &zero);
}

#endif
