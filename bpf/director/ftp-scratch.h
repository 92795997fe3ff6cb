/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the helper for FTP (ftp.h) keeps of one segment, in the scratch space. */
#ifndef WEIR_FTP_SCRATCH_H
#define WEIR_FTP_SCRATCH_H

#define FTP_TEXT 256      /* bytes of a segment's data that are read; one with more has no line that counts */
#define FTP_TEXT_ROOM 512 /* zeros behind them, and room for what the helper makes longer */
#define FTP_OUT_ROOM 64
#ifdef IPV6
#define FTP_FAMILY '2' /* RFC 2428 */
#else
#define FTP_FAMILY '1'
#endif

struct ftp_text {
  struct ftp_key key; /* of the connection */
  __u64 expected;     /* of the data connection that is to be made; 0: none is */
  struct ftp_stream stream;
  __u32 until;        /* clock: when the connection expires */
  __u32 seq;    /* of the packet as it came: SEQ of the server's, ACK of the client's */
  __u32 line;   /* which one was found (enum ftp_line), */
  __u32 begins; /* and where; */
  __u32 from;   /* its endpoint, */
  __u32 ends;   /* and what is behind that */
  __u32 size;   /* of the text */
  __u32 at;
  __u32 state;  /* enum ftp_state */
  __u32 value;  /* of the number that is read, */
  __u32 digits;
  __u32 numbers; /* and those that are read */
  __u32 number[8];
  __u32 field; /* of an extended endpoint */
  __u32 length; /* of its address, characters */
  __u32 port;
  __u32 made; /* characters of `out_text` */
  __u32 data_at; /* where the packet's data begin */
  bool out;
  bool begins_line; /* the server's segment does, */
  bool ends_line;   /* and does, */
  __u32 next_line;  /* and this is the number behind it */
  bool answers; /* the line is the reply that is waited for */
  bool takes;   /* it is its client's, and gets a local port (FULLNAT) */
  __u32 client_seq; /* of the client's packet as it came */
  bool bare; /* the endpoint has neither family nor address */
  __u8 delimiter;
  __u8 text[FTP_TEXT_ROOM] __attribute__((aligned(8)));
  __u8 out_text[FTP_OUT_ROOM];
};

#endif
