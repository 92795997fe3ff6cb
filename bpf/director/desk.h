/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Room to work in, one desk a CPU: what would not fit the 512 bytes of stack, or what the verifier need not follow.
 * Programs for packets do not interrupt each other on one CPU, so that nobody else writes here meanwhile. */
#ifndef WEIR_DESK_H
#define WEIR_DESK_H

/* What a look along the key's buckets found. Numbers of slots, NOWHERE where there is none. */
struct survey {
  __u32 holder; /* the key is already in the table */
  __u32 room;   /* free, or expired */
  __u32 embryo; /* what would give its place, see is_better_embryo() */
  __u32 udp;    /* asked: the new connection is of UDP */
  __u64 room_value;
  __u64 embryo_value;
};

#define ICMP_QUOTE 128 /* of the offending packet, from its IP header on; a multiple of 4 */
struct icmp_packet {
  struct iphdr ip;
  __u8 type;
  __u8 code;
  __u16 check;
  __u16 unused;
  __u16 mtu;
  __u32 quote[ICMP_QUOTE / 4];
};

/* A scheduler's way along its list (schedule.h). */
struct walk {
  __u32 head;
  __u32 at;    /* the destination of the last step, 0 = before the head */
  __u32 start; /* where the walk began */
  __u32 stop;  /* wrr: end after this one */
  __u32 pick;  /* the answer so far */
  __u8 scheduler;
  __u8 over; /* no more steps */
  __u8 wrapped;
  __u8 last_pass;
  __s32 weight; /* wrr: the current weight */
  __s32 gcd;
  __s32 max; /* wrr: the largest; lc, wlc: the pick's */
  __u64 least; /* lc, wlc: overhead of the pick */
  __u64 place; /* what the service's record said of the scheduler's place */
};

struct desk {
  struct packet packet;
  struct survey survey;
  struct walk walk;
  struct icmp_packet icmp;
  struct bpf_fib_lookup fib;
  union {
    __u32 head[12]; /* a frame's beginning, so that the IP header stands at head[4] */
    struct {
      __u16 head_pad;
      __u8 head_macs[12];
      __u16 head_type;
    };
  };
};
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct desk);
} desks SEC(".maps");

static __always_inline struct desk *the_desk(void) {
  __u32 zero = 0;
  return bpf_map_lookup_elem(&desks, &zero);
}

#endif
