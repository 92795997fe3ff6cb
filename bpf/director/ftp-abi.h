/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the helper for FTP (ftp.h), the programs that enter it, and user space agree on besides abi.h. The streams have a layout's number; the
 * flags are no part of any. */
#ifndef WEIR_FTP_ABI_H
#define WEIR_FTP_ABI_H

/* Of dest.flags, as those at the end of abi.h: packets of its masqueraded connections, which are of a service of FTP, go on to the helper. */
#define D_FTP 0x80
/* And of its connections by FULLNAT, whose programs and the helper are loaded. */
#define D_FTP_FULLNAT 0x200
/* Of the flags of the services' record 0: there is a destination with D_FTP, or was one. */
#define SVC_HAS_FTP 0x1000

/* How the program that has found the connection of a packet enters the helper: in skb->cb[1]; in skb->cb[0] the destination, in skb->cb[2] when the
 * connection expires. */
#define FTP_OUT 0x1         /* it is the server's */
#define FTP_LEAVING 0x2     /* of a server on the director, where it leaves */
#define FTP_LAYER3 0x4      /* there is no Ethernet header */
#define FTP_BEGINS 0x8      /* the connection begins */
#define FTP_ESTABLISHED 0x10
#define FTP_PROVEN 0x20 /* and was before (V_PROVEN): only then are lines read, which anybody can forge until the server has answered */
#define FTP_BY_FLOW 0x40 /* its server gets a local address (FULLNAT): fullnat_carried has what goes on with the packet */

/* And before it goes on to FTP_TAKE: the number of the client's first byte, as it came. */
#define FTP_SEQ_CB 3
/* The places of fullnat_ftp, two of each family: a client's line that names its endpoint goes on to FTP_TAKE, where that gets a local port, and comes
 * back to FTP_TAKEN of the helper, which puts it into the line. */
enum ftp_port_program { FTP_TAKE, FTP_TAKE6, FTP_TAKEN, FTP_TAKEN6, FTP_PORT_PROGRAMS };

#define FTP_GRACE_SECONDS 30
/* What its data connections give a control connection (ftp-hold.h): as the kernel a minute more, but half a minute before its end, since one that has
 * ended is found no more. */
#define FTP_HELD_SECONDS 60
#define FTP_HELD_BEFORE_SECONDS 30

/* ---- control connections: where the server's lines begin, and how its numbers of bytes (RFC 9293) are shifted, since a reply of another length took
 * the place of its own. As the kernel's ip_vs_seq: bytes behind `init_seq` by `delta`, those before by `previous_delta`.
 * What clients send keeps its length, but for their endpoints by FULLNAT (ftp_commands). Written by packets under the lock of the client's connections, but for `until`; removed by the timer of the
 * wide build FTP_GRACE_SECONDS after its connection has expired. */
#define FTP_STREAMS 65536
struct ftp_key {
  __u32 caddr[4]; /* network order, as all of these; IPv4 in [0] */
  __u32 vaddr[4];
  __u16 cport;
  __u16 vport;
  __u32 service;
};
struct ftp_stream {
  __u32 init_seq;
  __s32 delta;
  __s32 previous_delta;
  __u32 reply_seq; /* where the last reply to PASV or EPSV begins, which may come again */
  __u32 until;     /* clock: when its connection expires, by its last packet */
  __u32 line;      /* what comes behind the server's last segment; unless FTP_LINES_UNKNOWN */
  __u8 armed;      /* the reply that is waited for (enum ftp_line); 0: none */
  __u8 replied;    /* the reply at `reply_seq` */
  __u8 lines;      /* what that segment did to its line (enum ftp_last) */
  __u8 reserved;
};

/* The lines of a control connection that the helper knows (RFC 959, RFC 2428). */
enum ftp_line { FTP_NONE, FTP_PASV, FTP_EPSV, FTP_PORT_LINE, FTP_EPRT };

/* ---- the same of what clients send, where a local endpoint of another length took the place of theirs: written and removed as the streams. */
struct ftp_command {
  __u32 init_seq;
  __s32 delta;
  __s32 previous_delta;
  __u32 until;
};

#endif
