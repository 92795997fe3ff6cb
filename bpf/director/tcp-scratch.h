/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is kept of one segment of TCP whose numbers or options change (tcp-numbers.h), in the scratch space. */
#ifndef WEIR_TCP_SCRATCH_H
#define WEIR_TCP_SCRATCH_H

/* How one side's numbers of bytes (RFC 9293) differ from those that the other side knows, since something in between got another length: as the
 * kernel's ip_vs_seq, bytes behind `init_seq` by `delta`, those before by `previous_delta`. */
struct tcp_numbers {
  __u32 init_seq;
  __s32 delta;
  __s32 previous_delta;
};

#define TCP_OPTIONS 64 /* bytes, zeros behind them */
struct tcp_options {
  struct tcp_numbers numbers; /* by which edges of SACK are shifted back */
  __u32 size;
  __u32 at;     /* where the option that was found begins, */
  __u32 length; /* and its bytes; 0: there is none */
  __u32 kind;   /* which one is looked for; */
  bool removes; /* all of them give way to nothing (NOP) */
  __u8 was[TCP_OPTIONS] __attribute__((aligned(8)));
  __u8 now[TCP_OPTIONS + 8] __attribute__((aligned(8)));
};

/* What reports a client to its server (client-address.h): bytes of an option or of data, zeros behind them. */
struct insertion {
  __u8 bytes[64] __attribute__((aligned(8)));
};

#endif
