/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads the Call-ID of a SIP message (RFC 3261, 20.8 and 25.1), for tc's new connections of a service with --pe sip.
 *
 *   line end, "Call-ID" or "i" in any case, blanks, ":", blanks or a folded line, word ["@" word], line end
 *
 * A line ends with CR or LF or both (RFC 2543). The first line is no header. A header of another form is passed over. */
#ifndef WEIR_CALL_ID_H
#define WEIR_CALL_ID_H

#ifdef SCTP
static __always_inline bool call_read(struct __sk_buff *skb) { return false; }
#else

#define UDP_HEADER 8
#define NAME_LETTERS 0x64692d6c6c6163ull /* "call-id", the first letter in the lowest byte */
#define NAME_LENGTH 7
/* A character of a word, as RFC 3261 has it: a bit for each of 0 to 63, and of 64 to 127. */
#define WORD_LOW 0xd7ffefa600000000ull
#define WORD_HIGH 0x6fffffffbffffffeull

enum call_state {
  CALL_OTHER,  /* in a line that has no Call-ID */
  CALL_LINE,   /* a line begins */
  CALL_NAME,   /* in the name */
  CALL_COLON,  /* behind the name */
  CALL_BLANK,  /* behind the colon */
  CALL_FOLDED, /* a line ended there, and the next one may go on with it */
  CALL_VALUE,
  CALL_FOUND,
};

static __always_inline bool is_word(__u8 c) { return c < 128 && (c & 64 ? WORD_HIGH : WORD_LOW) >> (c & 63) & 1; }

static __always_inline enum call_state call_name(struct call_scan *s, __u8 c) {
  if (c != (NAME_LETTERS >> (s->length & 7) * 8 & 0xff)) return CALL_OTHER;
  s->length++;
  return s->length == NAME_LENGTH ? CALL_COLON : CALL_NAME;
}

static __always_inline enum call_state call_value(struct call_scan *s, __u8 c) {
  if (is_word(c)) s->open = false;
  else if (c == '@' && !s->domain) s->domain = s->open = true;
  else return CALL_OTHER;
  s->length++;
  return s->length > CALL_ID_MAX ? CALL_OTHER : CALL_VALUE;
}

/* The state after a character that ends no line. */
static __always_inline enum call_state call_after(struct call_scan *s, enum call_state state, __u8 c, __u32 at) {
  __u8 small = c | 0x20; /* of a letter */
  bool blank = c == ' ' || c == '\t';
  if (state == CALL_FOLDED) state = blank ? CALL_BLANK : CALL_LINE;
  switch (state) {
  case CALL_LINE:
    s->length = 0;
    return small == 'i' ? CALL_COLON : call_name(s, small);
  case CALL_NAME:
    return call_name(s, small);
  case CALL_COLON:
    return c == ':' ? CALL_BLANK : blank ? CALL_COLON : CALL_OTHER;
  case CALL_BLANK:
    if (blank || !is_word(c)) return blank ? CALL_BLANK : CALL_OTHER;
    s->from = at;
    s->length = 1;
    s->domain = s->open = false;
    return CALL_VALUE;
  case CALL_VALUE:
    return call_value(s, c);
  default:
    return CALL_OTHER;
  }
}

static long call_step(__u64 i, void *ctx) {
  struct call_scan *s = *(struct call_scan **)ctx;
  __u32 at = i & (CALL_SEARCHED - 1);
  __u8 c = s->message[at];
  enum call_state state = s->state;
  if (c != '\r' && c != '\n') {
    s->state = call_after(s, state, c, at);
    return 0;
  }
  bool found = state == CALL_VALUE && !s->open;
  s->state = found ? CALL_FOUND : state == CALL_BLANK || state == CALL_FOLDED ? CALL_FOLDED : CALL_LINE;
  return found;
}

/* Reads the Call-ID of the packet in the scratch space into it. False: it has none. */
__noinline int call_read(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return false;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  struct call_scan *s = &scratch->call_scan;
  __u32 at = ETH_LEN + p->header + UDP_HEADER, size = p->length - p->header - UDP_HEADER;
  if (p->protocol != IPPROTO_UDP || p->length <= p->header + UDP_HEADER) return false;
  if (size > CALL_SEARCHED) size = CALL_SEARCHED;
  asm volatile("" : "+r"(size)); /* so that the verifier sees the bounds that follow */
  size = ((size - 1) & (CALL_SEARCHED - 1)) + 1;
  if (bpf_skb_load_bytes(skb, at, s->message, size)) return false;
  s->state = CALL_OTHER;
  bpf_loop(size, call_step, &s, 0);
  if (s->state != CALL_FOUND) return false;
  __u32 length = s->length;
  asm volatile("" : "+r"(length));
  length = ((length - 1) & CALL_ID_MAX) + 1;
  __builtin_memset(scratch->call.id, 0, sizeof scratch->call.id);
  scratch->call.length = length;
  return !bpf_skb_load_bytes(skb, at + s->from, scratch->call.id, length);
}
#endif

#endif
