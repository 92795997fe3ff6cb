/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* First packets of new connections that are held back until a peer has the connection (hold.h): what stands in the ring. */
#ifndef WEIR_HOLD_ABI_H
#define WEIR_HOLD_ABI_H

#define HELD_RING_BYTES 262144 /* a power of two, and whole pages: some 120 packets */
#define HELD_FRAME 2032        /* bytes of a frame; a longer one is not held back */
#define HOLD_SHIFT 20          /* ns of CLOCK_MONOTONIC -> units of conf.hold_until, about a millisecond each */
#define HOLD_LEASE_MAX 64      /* units that hold_until may be ahead: a later one is of a clock that has gone round */

struct held_packet {
  __u32 ifindex; /* of the device that it came in by */
  __u32 length;  /* of the frame */
  __u8 frame[HELD_FRAME];
};

#endif
