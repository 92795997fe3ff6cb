/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The helper for FTP, as the kernel's ip_vs_ftp: packets of a masqueraded control connection come here by a tail call, once their connection has been
 * found and counted. Its lines that name a data connection are read, this connection is made in the table of all ports, and a server's address
 * becomes the virtual one. */
#ifndef WEIR_FTP_H
#define WEIR_FTP_H

/* What differs of a family. */
#ifdef IPV6
static __always_inline enum parsed ftp_parse(struct __sk_buff *skb, struct packet *p, __u32 at) {
  return at == ETH_LEN ? tc_parse6(skb, p) : tc_parse_any6(skb, at);
}
static __always_inline bool ftp_is_source(struct ftp_text *t, struct packet *p) { return true; } /* the address is not read */
static __always_inline bool ftp_is_known(struct ftp_text *t, struct service *s, struct dest *d) { return true; }
static __always_inline bool ftp_keeps(struct ftp_text *t, struct service *s) { return t->bare; }
static __always_inline void ftp_make(struct ftp_text *t, struct service *s) { ftp_make_bare(t, t->port); }
static __always_inline void ftp_make_local(struct ftp_text *t, __u32 *addr, __u32 port) { ftp_make_extended(t, addr, port); }
#define FTP_TAKE_PLACE FTP_TAKE6
static __always_inline int ftp_onward(struct __sk_buff *skb, struct verdict *v) { return tc_onward6(skb, v); }
static __always_inline int ftp_back_to_client(struct __sk_buff *skb, struct verdict *v) { return tc_reply6(skb, v); }
static __always_inline int ftp_leave(struct __sk_buff *skb, struct verdict *v, bool layer3) { return tc_leave6(skb, v, layer3); }
#else
static __always_inline enum parsed ftp_parse(struct __sk_buff *skb, struct packet *p, __u32 at) { return tc_parse(skb, p, at); }
static __always_inline bool ftp_is_source(struct ftp_text *t, struct packet *p) { return ftp_address(t) == p->saddr; }
/* The server's own address, or the virtual one: of another host the director knows nothing. */
static __always_inline bool ftp_is_known(struct ftp_text *t, struct service *s, struct dest *d) {
  return t->bare || ftp_address(t) == s->addr[0] || ftp_address(t) == d->addr[0];
}
/* Does the reply stay as it is? */
static __always_inline bool ftp_keeps(struct ftp_text *t, struct service *s) {
  return t->bare || (t->line == FTP_PASV && ftp_address(t) == s->addr[0]);
}
static __always_inline void ftp_make(struct ftp_text *t, struct service *s) {
  if (t->line == FTP_PASV) ftp_make_plain(t, s->addr[0], t->port);
  else ftp_make_bare(t, t->port);
}
static __always_inline void ftp_make_local(struct ftp_text *t, __u32 *addr, __u32 port) {
  if (t->line == FTP_PORT_LINE) ftp_make_plain(t, addr[0], port);
  else ftp_make_extended(t, addr, port);
}
#define FTP_TAKE_PLACE FTP_TAKE
static __always_inline int ftp_onward(struct __sk_buff *skb, struct verdict *v) { return tc_onward(skb, v); }
static __always_inline int ftp_back_to_client(struct __sk_buff *skb, struct verdict *v) { return tc_reply(skb, v); }
static __always_inline int ftp_leave(struct __sk_buff *skb, struct verdict *v, bool layer3) { return tc_leave(skb, v, layer3); }
#endif

/* Puts the text that was made into the place of the endpoint's in the packet, and all lengths and checksums right. `at`: where the IP header begins. 0 or
 * an error. */
__noinline int ftp_replace(struct __sk_buff *skb, __u32 at) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return -1;
  CHECKED(scratch);
  struct ftp_text *t = &scratch->ftp_text;
  struct packet *p = &scratch->packet;
  __u32 data_at = t->data_at, check_at = at + p->header + TCP_CHECK_IN, made = t->made, behind = t->size - t->ends, size = t->size + made - (t->ends - t->from);
  __s32 more = size - t->size;
  __s64 sum = bpf_csum_diff((__be32 *)t->text, FTP_TEXT_ROOM, 0, 0, 0);
  if (sum < 0 || (more && bpf_skb_change_tail(skb, at + p->length + more, 0))) return -1;
  if (behind) {
    barrier_var(behind);
    behind = ((behind - 1) & (FTP_TEXT - 1)) + 1; /* no change, as in message-sum.h */
    if (bpf_skb_store_bytes(skb, data_at + t->from + made, t->text + (t->ends & (FTP_TEXT - 1)), behind, 0)) return -1;
  }
  barrier_var(made);
  made = ((made - 1) & (FTP_OUT_ROOM - 1)) + 1;
  if (bpf_skb_store_bytes(skb, data_at + t->from, t->out_text, made, 0)) return -1;
  __builtin_memset(t->text, 0, FTP_TEXT_ROOM);
  barrier_var(size);
  size = ((size - 1) & (FTP_TEXT_ROOM - 1)) + 1;
  if (bpf_skb_load_bytes(skb, data_at, t->text, size)) return -1;
  sum = bpf_csum_diff(0, 0, (__be32 *)t->text, FTP_TEXT_ROOM, sum);
  if (sum < 0 || bpf_l4_csum_replace(skb, check_at, 0, sum, 0)) return -1;
  return segment_length_store(skb, at, p->header, p->length, p->length + more);
}

/* A client's line: `expected`. 0, or the reason to drop its packet. */
static __always_inline int ftp_command(struct ftp_text *t, struct packet *p, struct service *s, struct dest *d) {
  if (t->line == FTP_PASV || t->line == FTP_EPSV) return ftp_arm(t, t->line);
  if (!ftp_endpoint(t) || !ftp_is_source(t, p)) return 0; /* to itself alone */
  ftp_arm(t, FTP_NONE);
  ftp_data_tuple(t, p, s, bpf_ntohs(s->port) - 1, bpf_ntohs(d->port) - 1);
  t->expected = conn_key(p->saddr, bpf_htons(t->port), d->service);
  t->takes = true;
  return 0;
}

/* A server's line: `expected` and `answers`, where it is the reply that is waited for, or the same once more. */
static __always_inline void ftp_answer(struct ftp_text *t, struct packet *p, struct service *s, struct dest *d) {
  struct ftp_stream *stream = ftp_stream_of(t);
  __u32 seq = t->seq + t->begins;
  if (!stream || !(stream->armed == t->line || (stream->replied == t->line && stream->reply_seq == seq))) return;
  if (!ftp_endpoint(t) || t->port < PRIVILEGED_PORTS || !ftp_is_known(t, s, d)) return; /* no server waits for data there: the text is forged */
  ftp_data_tuple(t, p, s, t->port, t->port);
  t->expected = conn_key(p->daddr, NO_CLIENT_PORT, d->service);
  t->answers = true;
}

/* The reply that was read gets the virtual address; one that has it, or none, stays. 0, or the reason to drop it. A global function: verified once. */
__noinline int ftp_reply(struct __sk_buff *skb, __u32 service, __u32 at) {
  struct scratch *scratch = the_scratch();
  struct service *s = service_at(service);
  if (!scratch || !s) return R_REDIRECT_FAILED;
  CHECKED(scratch);
  CHECKED(s);
  struct ftp_text *t = &scratch->ftp_text;
  struct ftp_stream *stream = ftp_stream_of(t);
  if (!stream) return R_FTP_STREAMS;
  bool keeps = ftp_keeps(t, s);
  __u32 length = t->ends - t->from;
  t->made = length;
  if (!keeps) ftp_make(t, s);
  if (!ftp_replied(t, stream, t->seq + t->begins, t->made - length)) return R_BUSY;
  return !keeps && ftp_replace(skb, at) ? R_REDIRECT_FAILED : 0;
}

/* Reads the data of a proven connection's segment. 0, or the reason to drop it. A global function: verified once. */
__noinline int ftp_read(struct __sk_buff *skb, __u32 dest, __u32 at) {
  struct scratch *scratch = the_scratch();
  struct dest *d = dest_at(dest);
  struct service *s = d ? service_at(d->service) : 0;
  __u8 words;
  if (!scratch || !s) return R_REDIRECT_FAILED;
  CHECKED(scratch);
  CHECKED(d);
  CHECKED(s);
  struct packet *p = &scratch->packet;
  struct ftp_text *t = &scratch->ftp_text;
  if (bpf_skb_load_bytes(skb, at + p->header + TCP_WORDS_IN, &words, 1)) return R_REDIRECT_FAILED;
  __u32 headers = p->header + (words >> 4) * 4, size = p->length - headers;
  if (p->length <= headers || size > FTP_TEXT) return 0;
  barrier_var(size);
  size = ((size - 1) & (FTP_TEXT - 1)) + 1; /* no change, as in message-sum.h */
  __builtin_memset(t->text, 0, FTP_TEXT_ROOM);
  if (bpf_skb_load_bytes(skb, at + headers, t->text, size)) return R_REDIRECT_FAILED;
  t->size = size;
  t->data_at = at + headers;
  t->line = FTP_NONE;
  bpf_loop(FTP_TEXT, ftp_line_step, &t, 0);
  if (t->line == FTP_NONE) return 0;
  if (!t->out) return ftp_command(t, p, s, d);
  ftp_answer(t, p, s, d);
  return 0;
}

/* The lines of a packet. 0, or the reason to drop it. */
static __always_inline int ftp_lines(struct __sk_buff *skb, __u32 dest, __u32 at) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return R_REDIRECT_FAILED;
  CHECKED(scratch);
  struct ftp_text *t = &scratch->ftp_text;
  int failed = ftp_read(skb, dest, at);
  if (!failed && t->expected) failed = ftp_put(t->expected, dest);
  return !failed && t->answers ? ftp_reply(skb, t->key.service, at) : failed;
}

/* The numbers and the lines of a packet. 0, or the reason to drop it. */
__noinline int ftp_change(struct __sk_buff *skb, __u32 dest, __u32 how, __u32 until) {
  struct scratch *scratch = the_scratch();
  struct dest *d = dest_at(dest);
  struct service *s = d ? service_at(d->service) : 0;
  if (!scratch || !s) return R_REDIRECT_FAILED;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  struct ftp_text *t = &scratch->ftp_text;
  __u32 at = how & FTP_LAYER3 ? 0 : ETH_LEN;
  t->out = how & FTP_OUT;
  ftp_key_of(t, p, s, d->service, t->out);
  /* Of a connection that is established here its server alone shows that it begins again, as after both sides have restarted: a SYN may be forged. */
  bool again = p->flags & FLAG_SYN && (t->out || !(how & FTP_ESTABLISHED));
  if (how & FTP_BEGINS || again) {
    bpf_map_delete_elem(&ftp_streams, &t->key);
    bpf_map_delete_elem(&ftp_commands, &t->key);
  }
  t->until = until;
  t->expected = 0;
  t->answers = t->takes = false;
  int failed = ftp_shift(skb, at + p->header, t->out);
  if (!failed && d->flags & D_FULLNAT) failed = ftp_command_shift(skb, at + p->header, t->out);
  if (failed || !(how & FTP_ESTABLISHED)) return failed;
  if (t->out) ftp_line_look(skb, at);
  if (how & FTP_PROVEN && !skb->gso_size) failed = ftp_lines(skb, dest, at);
  if (!failed && t->out) ftp_line_note(t);
  return failed;
}

/* Sends the packet in the scratch space on, as the program would have that came before. */
__noinline int ftp_send(struct __sk_buff *skb, __u32 dest, __u32 how) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  struct dest *d = dest_at(dest);
  struct service *s = d ? service_at(d->service) : 0;
  if (!scratch || !c || !s) return tc_drop(R_REDIRECT_FAILED);
  CHECKED(scratch);
  CHECKED(d);
  CHECKED(s);
  struct verdict v = {.p = &scratch->packet, .c = c, .now = clock_now(), .service = d->service, .dest = dest, .d = d, .known = true};
  v.f.value = (__u64)M_MASQ << V_METHOD_SHIFT;
  ftp_tuple(v.p, how & FTP_OUT, s, bpf_ntohs(s->port), bpf_ntohs(d->port));
  if (how & FTP_LEAVING) return ftp_leave(skb, &v, how & FTP_LAYER3);
  if (how & FTP_OUT) return ftp_back_to_client(skb, &v);
  int done = ftp_onward(skb, &v);
  return done == TC_FULLNAT ? tc_drop(R_NO_ROUTE) : done; /* its address has left the host, and the text has been read for one that had not */
}

/* The helper is done with a client's packet, which goes on to its server by FULLNAT. Each word for itself: the verifier takes no wider stores. */
static __always_inline int ftp_leaves_to_fullnat(struct __sk_buff *skb) {
  WRITE(skb->cb[0], 0);
  WRITE(skb->cb[1], 0);
  WRITE(skb->cb[2], 0);
  WRITE(skb->cb[FTP_SEQ_CB], 0);
  return tc_enter_fullnat(skb, FULLNAT_REQUEST);
}

/* A client's packet goes on to its server by FULLNAT; one with a line that names its endpoint once that has a local port. */
static __always_inline int ftp_to_fullnat(struct __sk_buff *skb, struct ftp_text *t) {
  struct fullnat_work *work = the_fullnat_work();
  if (!work) return tc_drop(R_REDIRECT_FAILED);
  if (!t->takes) return ftp_leaves_to_fullnat(skb);
  skb->cb[FTP_SEQ_CB] = t->client_seq;
  work->vport = t->port;
  bpf_tail_call_static(skb, &fullnat_ftp, FTP_TAKE_PLACE);
  return tc_drop(R_REDIRECT_FAILED);
}

/* Puts the local endpoint into the place of the client's. The line is read once more: the programs of another build may have read it, while these take
 * their place. 0, or the reason to drop the packet. A global function: verified once. */
__noinline int ftp_localise(struct __sk_buff *skb, __u32 dest, __u32 until, __u32 seq) {
  struct scratch *scratch = the_scratch();
  struct fullnat_work *work = the_fullnat_work();
  struct dest *d = dest_at(dest);
  struct service *s = d ? service_at(d->service) : 0;
  if (!scratch || !work || !s) return R_REDIRECT_FAILED;
  CHECKED(scratch);
  CHECKED(work);
  struct ftp_text *t = &scratch->ftp_text;
  if (!work->vport) return 0;
  t->out = t->takes = false;
  ftp_key_of(t, &scratch->packet, s, d->service, false);
  t->until = until;
  int failed = ftp_read(skb, dest, ETH_LEN);
  if (failed || !t->takes) return R_REDIRECT_FAILED;
  ftp_make_local(t, work->local, work->vport);
  failed = ftp_commanded(t, seq + t->begins, t->made - (t->ends - t->from));
  if (failed) return failed;
  return ftp_replace(skb, ETH_LEN) ? R_REDIRECT_FAILED : 0;
}

/* A client's line comes back: in the work are the local address and port that its server gets, or no port, where it stays. */
SEC("tc")
int weir_tc_ftp_taken(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return TC_ACT_SHOT;
  CHECKED(scratch);
  if (ftp_parse(skb, &scratch->packet, ETH_LEN) != P_OK) return tc_drop(R_REDIRECT_FAILED);
  int failed = ftp_localise(skb, skb->cb[0], skb->cb[2], skb->cb[FTP_SEQ_CB]);
  if (failed) return tc_drop(failed);
  return ftp_leaves_to_fullnat(skb);
}

SEC("tc")
int weir_tc_ftp(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return TC_ACT_SHOT;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  /* What was passed on is read from there each time: kept, it would be a third of this frame, which is below all that sends. */
  if (ftp_parse(skb, p, skb->cb[1] & FTP_LAYER3 ? 0 : ETH_LEN) != P_OK || p->protocol != IPPROTO_TCP) return tc_drop(R_REDIRECT_FAILED);
  int failed = ftp_change(skb, skb->cb[0], skb->cb[1], skb->cb[2]);
  if (failed) return tc_drop(failed);
  if (skb->cb[1] & FTP_BY_FLOW) return ftp_to_fullnat(skb, &scratch->ftp_text);
  if (ftp_parse(skb, p, skb->cb[1] & FTP_LAYER3 ? 0 : ETH_LEN) != P_OK) return tc_drop(R_REDIRECT_FAILED);
  __u32 dest = skb->cb[0], how = skb->cb[1];
  skb->cb[0] = skb->cb[1] = skb->cb[2] = 0;
  return ftp_send(skb, dest, how);
}

#endif
