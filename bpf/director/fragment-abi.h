/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Fragmented packets: what the programs of all builds and user space agree on besides abi.h. Where another build has
 * these maps otherwise, they are made again: what they hold serves for seconds. */
#ifndef WEIR_FRAGMENT_ABI_H
#define WEIR_FRAGMENT_ABI_H

/* ---- what becomes of the later fragments of a packet: as of its first one, which alone has ports. Written by the packet's fragments. The first one that
 * must wait makes an entry of FRAGMENT_WAITING. Each later one that finds this entry puts its own number into `word` by compare-and-swap. The first
 * fragment of the packet takes the whole list by one exchange of `word`, last, or puts a new entry in the place of one that is decided. The map forgets what was used longest ago. */
#define FRAGMENTS 16384
#define FRAGMENT_SECONDS 10 /* after the first fragment */
enum fragment_kind { FRAGMENT_NONE, FRAGMENT_WAITING, FRAGMENT_PASS, FRAGMENT_DROP, FRAGMENT_REQUEST, FRAGMENT_REPLY };
/* RFC 791, RFC 8200 4.5. `protocol`: of IPv4. */
struct fragment_key {
  __u32 saddr[4]; /* network order, as all of these; IPv4 in [0] */
  __u32 daddr[4];
  __u32 id;
  __u32 protocol;
};
#define FRAGMENT_KIND_SHIFT 32
struct fragment {
  __u64 word;    /* kind << FRAGMENT_KIND_SHIFT | FRAGMENT_WAITING: the number of the last one that is held back */
  __u64 gaps;    /* of a decided one: what the fragments so far leave open (fragment-read.h); 0: the packet is whole, and this counts no more */
  __u32 until;   /* clock */
  __u32 dest;
  __u32 method;
  __u32 tag;     /* of the key: another packet may get the record's memory */
  __u32 addr[4]; /* the new source, if it changes; 0 */
  __u32 to[4];   /* of a reply by FULLNAT: the new target; of a request: the local port, in [0] */
  __u32 id;      /* of a request by FULLNAT: its new ID, network order */
  __u32 by_flow; /* FULLNAT: both addresses change */
  __u32 whole;   /* FRAGMENT_WAITING, SCTP: how long the packet is behind its IP header, once its last fragment has come; 0 */
  __u32 first;   /* and the number of its first one, which waits for that; 0 */
};

/* ---- fragments that wait: later ones for the first one; of SCTP also the first one for the last one. They stand in a ring, whose oldest gives way.
 * Each has a number from 1 on, whose last bits name its place. In record 0, `handed` is the last number. Written by the fragment that holds the place: `number` last. */
#define FRAGMENTS_HELD 1024
#define FRAGMENT_FRAME 2048 /* bytes, with the Ethernet header; what is longer is not held back */
#define FRAGMENT_RELEASED 128 /* of one packet: as many as the longest one has by an MTU of 576, and some more */
struct fragment_held {
  __u32 handed;
  __u32 number; /* 0: free */
  __u32 next;   /* the one before it of the same packet; 0: none */
  __u32 ifindex;
  __u32 length;
  __u32 reserved;
  __u8 frame[FRAGMENT_FRAME];
};

/* ---- addresses of masqueraded servers, from which later fragments are held back. Learned from first fragments; user space adds those of new
 * destinations. The value: the ID of the last packet in fragments that FULLNAT has sent there. To the server all clients of a local address are one
 * host, whose packets' IDs differ (RFC 6864), so their own do not stay. */
#define FRAGMENT_SERVERS 4096
struct fragment_server {
  __u32 addr[4];
};

#endif
