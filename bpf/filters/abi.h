/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the socket filters and user space agree on: the records of their maps and the reasons for which they drop. dev/abi-gen.mjs makes
 * the TypeScript of it. Numbers are in the host's order, except where "wire" is noted. */
#ifndef WEIR_FILTERS_ABI_H
#define WEIR_FILTERS_ABI_H

/* ---- accounts, one for each instance; account 0 is for packets of no instance. Written by packets, read by user space. */
enum vrrp_reason {
  VRRP_LENGTH, VRRP_TTL, VRRP_VRID, VRRP_VERSION, VRRP_TYPE, VRRP_AUTH, VRRP_CHECKSUM, VRRP_RATE, VRRP_DIGEST, VRRP_REPLAY, VRRP_LONG,
  VRRP_CLAIM,
};
/* BFD_ADMIN_DOWN: the process alone refuses for it. */
enum bfd_reason {
  BFD_SHORT, BFD_LENGTH, BFD_VERSION, BFD_MULTIPLIER, BFD_MULTIPOINT, BFD_MY_DISCRIMINATOR, BFD_YOUR_DISCRIMINATOR, BFD_FLAGS,
  BFD_DIAGNOSTIC, BFD_SESSION, BFD_TTL, BFD_AUTHENTICATION, BFD_ADMIN_DOWN, BFD_RATE,
};
#define REASONS_MAX 16 /* of either kind */
struct account {
  __u64 dropped[REASONS_MAX];
  __u64 sampled[REASONS_MAX]; /* ns of the last packet that passed although it was refused */
  __u64 new_sender_due;       /* ns when the next packet of a new sender may come */
  __u64 replay_due;           /* and the next replay, or overlong packet, that passes for the process to judge */
  __u64 long_due;
  __u64 reserved[5];
};

/* ---- keys of digests: the states that HMAC's inner and outer block leave behind; MD5 uses four words of each. */
struct digest_key {
  __u32 inner[8];
  __u32 outer[8];
};
#define DIGEST_BLOCK 64
#define DIGEST_BLOCKS_MAX 65
#define DIGEST_BYTES_MAX (DIGEST_BLOCKS_MAX * DIGEST_BLOCK - 9) /* a mark and the length follow; 255 IPv6 addresses fit */

/* ---- VRRP adverts. A rule describes an instance's adverts: what differs is dropped. */
enum digest_kind {
  DIGEST_NONE,
  DIGEST_AH,
  DIGEST_TRAILER,
  DIGEST_OPTIONAL_TRAILER, /* a trailer must be valid; an advert without one is accepted */
};
#define VERSION_ANY 0 /* several instances share the key: only the rate is judged */
#define AUTH_PASSWORD 1
#define AUTH_ANY 255
/* What a checksum may cover: the message alone, with its pseudo header, with the pseudo header of the group although it is unicast. */
#define SUM_PLAIN 1
#define SUM_PSEUDO 2
#define SUM_OLD 4
struct vrrp_rule_key {
  __u32 ifindex; /* 0: any */
  __u8 family;   /* 4, 6 */
  __u8 vrid;
  __u16 reserved;
};
struct vrrp_rule {
  __u32 account;
  __u8 version; /* 2, 3 or VERSION_ANY */
  __u8 auth;    /* version 2: the authentication type to expect; AUTH_PASSWORD: the password, too; AUTH_ANY */
  __u8 hops;    /* 1: the TTL must be 255 */
  __u8 sum;     /* SUM_*; 0: the checksum is not validated */
  __u8 password[8];
  __u64 spacing; /* ns between adverts of one sender, in the long run */
  __u64 burst;   /* ns that a sender may be ahead of that */
  __u32 digest;  /* enum digest_kind */
  __u32 covered; /* a digest over at most so many bytes is validated; longer ones are left to the process, at a low rate */
};
struct vrrp_digest_id {
  __u32 account;
  __u32 key; /* as the advert names it; AH: 0 */
};
/* Of the value: the greatest number that a valid advert of the sender had. */
struct vrrp_seen_key {
  __u32 account;
  __u32 address[4]; /* wire */
};

/* ---- heartbeats of VRRP pairs, by where they come from. */
#define HEARTBEAT_KEYS_MAX 4
struct heartbeat_peer_key {
  __u32 ifindex;
  __u8 family; /* the instance's, 4 or 6 */
  __u8 vrid;
  __u16 reserved;
  __u32 address[4]; /* wire */
};
struct heartbeat_peer {
  __u32 account;
  __u32 keys;   /* 0: no digest is expected; above HEARTBEAT_KEYS_MAX: the process judges */
  __u32 sender; /* our own sender number, wire: our heartbeats, sent back to us, are refused */
  __u32 reserved;
  __u64 spacing; /* as a vrrp_rule's */
  __u64 burst;
  __u64 seen; /* packets: the greatest stamp of a valid heartbeat */
  struct digest_key key[HEARTBEAT_KEYS_MAX];
};

/* ---- claims of other hosts for addresses that we hold. */
struct claim_key {
  __u32 ifindex;
  __u32 address[4]; /* wire */
};
struct claim {
  __u32 account;
  __u32 reserved;
  __u64 due; /* packets: ns when the next claim may pass */
};
struct own_mac {
  __u8 mac[6];
  __u16 reserved;
};

/* ---- BFD: neighbours that know our discriminator, and those that do not know it yet. */
struct bfd_session_key {
  __u32 discriminator; /* ours, wire */
  __u32 port;
};
struct bfd_neighbour_key {
  __u32 address[4]; /* wire */
  __u32 family;     /* 4, 6 */
  __u32 port;
};
struct bfd_rule {
  __u32 ttl_min;
  __u32 reserved;
  __u64 spacing; /* ns between packets, in the long run */
  __u64 burst;   /* ns that they may be ahead of that */
  __u64 due;     /* packets: ns when the next one may come */
};

#endif
