/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* FULLNAT's records with addresses of IPv6, as fullnat-abi.h has them for IPv4. Addresses are copied and compared by their halves (packet6.h). */
#ifndef WEIR_FULLNAT6_ABI_H
#define WEIR_FULLNAT6_ABI_H

struct fullnat6_flow {
  __u32 client[4];
  __u32 word;
  __u32 dest;
  __u32 until;
  __u32 how;
  __u32 state;
  __u32 reserved;
};

struct fullnat6_client {
  __u32 client[4];
  __u32 vaddr[4];
  __u16 port;
  __u16 vport;
  __u32 dest;
} __attribute__((aligned(8)));

struct fullnat6_pair {
  __u32 server[4];
  __u32 local[4];
  __u16 server_port;
  __u16 protocol;
  __u32 reserved;
} __attribute__((aligned(8)));

struct fullnat6_lease_set {
  struct fullnat_lease lease[LEASE_SET];
  __u32 client[LEASE_SET][4]; /* of which the key has a hash */
};

#endif
