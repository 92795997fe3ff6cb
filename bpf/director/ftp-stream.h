/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The numbers of a control connection's bytes, where a reply got another length: of the server's segments, and of what its client acknowledges. */
#ifndef WEIR_FTP_STREAM_H
#define WEIR_FTP_STREAM_H

/* What the server's last segment did to its line. */
enum ftp_last { FTP_LINES_UNKNOWN, FTP_LINE_ENDED, FTP_LINE_GOES_ON };

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, FTP_STREAMS);
  __type(key, struct ftp_key);
  __type(value, struct ftp_stream);
} ftp_streams SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, FTP_STREAMS);
  __type(key, struct ftp_key);
  __type(value, struct ftp_command);
} ftp_commands SEC(".maps");

/* The key of a packet's connection goes into the scratch space. */
static __always_inline void ftp_key_of(struct ftp_text *t, struct packet *p, struct service *s, __u32 service, bool out) {
  t->key = (struct ftp_key){.cport = out ? p->dport : p->sport, .vport = s->port, .service = service};
#ifdef IPV6
  address_copy(t->key.caddr, out ? p->daddr6 : p->saddr6);
  address_copy(t->key.vaddr, s->addr);
#else
  t->key.caddr[0] = out ? p->daddr : p->saddr;
  t->key.vaddr[0] = s->addr[0];
#endif
}
static __always_inline struct ftp_stream *ftp_stream_of(struct ftp_text *t) { return bpf_map_lookup_elem(&ftp_streams, &t->key); }
/* Of the locks of the client's connections: no other one is taken while it is held. */
static __always_inline __u32 ftp_lock(struct ftp_text *t) {
  __u32 client = t->key.caddr[0] ^ t->key.caddr[1] ^ t->key.caddr[2] ^ t->key.caddr[3];
  return keyed_hash((__u64)client | (__u64)t->key.cport << K_PORT_SHIFT) & (LOCKS - 1);
}

static __always_inline struct tcp_numbers ftp_numbers(struct ftp_text *t) {
  return (struct tcp_numbers){.init_seq = t->stream.init_seq, .delta = t->stream.delta, .previous_delta = t->stream.previous_delta};
}

/* Reads the numbers of a packet, and shifts them. `l4`: where its TCP header begins. 0, or the reason to drop it. A global function: verified once. */
__noinline int ftp_shift(struct __sk_buff *skb, __u32 l4, bool out) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return R_REDIRECT_FAILED;
  CHECKED(scratch);
  struct ftp_text *t = &scratch->ftp_text;
  __u32 number;
  if (bpf_skb_load_bytes(skb, l4 + (out ? TCP_SEQ_IN : TCP_ACK_IN), &number, 4)) return R_REDIRECT_FAILED;
  t->seq = number = bpf_ntohl(number);
  struct ftp_stream *s = ftp_stream_of(t);
  if (!s) return 0;
  WRITE(s->until, t->until);
  if (!lock_take(ftp_lock(t))) return R_BUSY;
  t->stream = *s;
  lock_give(ftp_lock(t));
  if (!(t->stream.delta | t->stream.previous_delta)) return 0;
  struct tcp_numbers n = ftp_numbers(t);
  if (out) return number_store(skb, l4, TCP_SEQ_IN, number, number_forth(&n, number)) ? R_REDIRECT_FAILED : 0;
  if (!(scratch->packet.flags & FLAG_ACK)) return 0;
  if (number_store(skb, l4, TCP_ACK_IN, number, number_back(&n, number))) return R_REDIRECT_FAILED;
  scratch->tcp_options.numbers = n;
  return tcp_sack_back(skb, l4) ? R_REDIRECT_FAILED : 0;
}

/* FULLNAT: shifts the numbers of what the client sends, and of what its server acknowledges. As ftp_shift(), which comes before it where the packet is the
 * client's, and reads its key. */
__noinline int ftp_command_shift(struct __sk_buff *skb, __u32 l4, bool out) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return R_REDIRECT_FAILED;
  CHECKED(scratch);
  struct ftp_text *t = &scratch->ftp_text;
  __u32 number;
  if (bpf_skb_load_bytes(skb, l4 + (out ? TCP_ACK_IN : TCP_SEQ_IN), &number, 4)) return R_REDIRECT_FAILED;
  number = bpf_ntohl(number);
  if (!out) t->client_seq = number;
  struct ftp_command *c = bpf_map_lookup_elem(&ftp_commands, &t->key);
  if (!c) return 0;
  WRITE(c->until, t->until);
  if (!out && scratch->packet.flags & FLAG_SYN) return 0; /* its number is new: no text stands before it */
  if (!lock_take(ftp_lock(t))) return R_BUSY;
  struct tcp_numbers n = {.init_seq = c->init_seq, .delta = c->delta, .previous_delta = c->previous_delta};
  lock_give(ftp_lock(t));
  if (!out) return number_store(skb, l4, TCP_SEQ_IN, number, number_forth(&n, number)) ? R_REDIRECT_FAILED : 0;
  if (!(scratch->packet.flags & FLAG_ACK)) return 0;
  if (number_store(skb, l4, TCP_ACK_IN, number, number_back(&n, number))) return R_REDIRECT_FAILED;
  scratch->tcp_options.numbers = n;
  return tcp_sack_back(skb, l4) ? R_REDIRECT_FAILED : 0;
}

/* The client's line at `seq` becomes longer by `more` bytes. 0, or the reason to drop it. */
static __always_inline int ftp_commanded(struct ftp_text *t, __u32 seq, __s32 more) {
  struct ftp_command *c = bpf_map_lookup_elem(&ftp_commands, &t->key);
  if (!c && more) {
    struct ftp_command first = {.until = t->until};
    bpf_map_update_elem(&ftp_commands, &t->key, &first, BPF_NOEXIST); /* another CPU may be faster */
    c = bpf_map_lookup_elem(&ftp_commands, &t->key);
    if (!c) return R_FTP_STREAMS;
  }
  if (!c || !more) return 0;
  if (!lock_take(ftp_lock(t))) return R_BUSY;
  if (!(c->delta | c->previous_delta) || is_behind(seq, c->init_seq)) {
    c->previous_delta = c->delta;
    c->delta += more;
    c->init_seq = seq;
  }
  lock_give(ftp_lock(t));
  return 0;
}

/* That of the connection, made where it has none. 0: the table is full. */
static __always_inline struct ftp_stream *ftp_stream_made(struct ftp_text *t) {
  struct ftp_stream *s = ftp_stream_of(t);
  if (likely(s)) return s;
  t->stream = (struct ftp_stream){.until = t->until};
  bpf_map_update_elem(&ftp_streams, &t->key, &t->stream, BPF_NOEXIST); /* another CPU may be faster */
  return ftp_stream_of(t);
}

/* The client has asked for a passive connection, or not for one (FTP_NONE). 0, or the reason to drop its packet. */
static __always_inline int ftp_arm(struct ftp_text *t, enum ftp_line line) {
  struct ftp_stream *s = line == FTP_NONE ? ftp_stream_of(t) : ftp_stream_made(t);
  if (!s) return line == FTP_NONE ? 0 : R_FTP_STREAMS;
  WRITE(s->armed, line);
  return 0;
}

/* Does the server's segment begin a line? It does behind one that has ended a line; and the last reply that was changed, when it comes again, does. So does
 * the first one here, as of a connection that another director had. Behind bytes that are missing none does: a client could have them lost. */
static __always_inline bool ftp_begins_line(struct ftp_text *t) {
  struct ftp_stream *s = ftp_stream_of(t);
  __u8 lines = s ? READ(s->lines) : FTP_LINES_UNKNOWN;
  if (lines == FTP_LINES_UNKNOWN) return true;
  if (READ(s->line) == t->seq) return lines == FTP_LINE_ENDED;
  return READ(s->replied) && READ(s->reply_seq) == t->seq;
}

/* Looks where a segment of the server's stands among its lines, before it is changed. A global function: verified once. */
__noinline int ftp_line_look(struct __sk_buff *skb, __u32 at) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return 0;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  struct ftp_text *t = &scratch->ftp_text;
  __u8 words, last;
  t->begins_line = ftp_begins_line(t);
  t->ends_line = false;
  t->next_line = t->seq;
  if (bpf_skb_load_bytes(skb, at + p->header + TCP_WORDS_IN, &words, 1)) return 0;
  __u32 headers = p->header + (words >> 4) * 4;
  if (p->length <= headers || bpf_skb_load_bytes(skb, at + p->length - 1, &last, 1)) return 0;
  t->ends_line = last == '\n';
  t->next_line = t->seq + p->length - headers;
  return 0;
}

/* A segment of the server's goes on: what comes next is behind it, and is a line, if it ended one. The first one is noted, too, whatever it ends: a client that
 * chooses the size of segments must not keep it unknown. */
static __always_inline void ftp_line_note(struct ftp_text *t) {
  if (t->next_line == t->seq) return;
  struct ftp_stream *s = ftp_stream_made(t);
  if (!s || (READ(s->lines) && !is_behind(t->next_line, READ(s->line)))) return;
  WRITE(s->line, t->next_line);
  barrier();
  WRITE(s->lines, t->ends_line ? FTP_LINE_ENDED : FTP_LINE_GOES_ON);
}

/* The server's reply at `seq` has been read, and has become longer by `more` bytes. False: a lock was not free. */
static __always_inline bool ftp_replied(struct ftp_text *t, struct ftp_stream *s, __u32 seq, __s32 more) {
  if (!lock_take(ftp_lock(t))) return false;
  bool first = !(s->delta | s->previous_delta);
  if (more && (first || is_behind(seq, s->init_seq))) {
    s->previous_delta = s->delta;
    s->delta += more;
    s->init_seq = seq;
  }
  s->reply_seq = seq;
  s->replied = t->line;
  s->armed = FTP_NONE;
  lock_give(ftp_lock(t));
  return true;
}

/* ---- the timer's part: every 20 s it removes those whose connections have ended. */
#define FTP_SWEEP_TICKS 200
struct ftp_sweep {
  __u32 before; /* connections that expired until then have ended */
};
struct bpf_map;
static long ftp_sweep_stream(struct bpf_map *map, struct ftp_key *key, struct ftp_stream *s, struct ftp_sweep *w) {
  struct ftp_key k = *key;
  if ((__s32)(READ(s->until) - w->before) < 0) bpf_map_delete_elem(&ftp_streams, &k);
  return 0;
}
static long ftp_sweep_command(struct bpf_map *map, struct ftp_key *key, struct ftp_command *c, struct ftp_sweep *w) {
  struct ftp_key k = *key;
  if ((__s32)(READ(c->until) - w->before) < 0) bpf_map_delete_elem(&ftp_commands, &k);
  return 0;
}
static __always_inline void ftp_streams_sweep(struct conf *c) {
  struct ftp_sweep w = {.before = clock_now() - units_of(c, FTP_GRACE_SECONDS)};
  bpf_for_each_map_elem(&ftp_streams, ftp_sweep_stream, &w, 0);
  bpf_for_each_map_elem(&ftp_commands, ftp_sweep_command, &w, 0);
}

#endif
