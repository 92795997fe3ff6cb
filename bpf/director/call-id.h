/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads the Call-ID of a SIP message (RFC 3261, 20.8 and 25.1), for tc's new connections of a service with --pe sip.
 *
 *   line end, "Call-ID" or "i" in any case, blanks, ":", blanks or a folded line, word ["@" word], line end
 *
 * A line ends with CR or LF or both (RFC 2543). The first line is no header. A header of another form is passed over. The names are looked for
 * by eight bytes at a time; what follows them, character by character, CALL_STEPS of a message at most: so no datagram costs much more than
 * another one. */
#ifndef WEIR_CALL_ID_H
#define WEIR_CALL_ID_H

#ifdef SCTP
static __always_inline bool call_read(struct __sk_buff *skb, __u32 at) { return false; }
#else

#define UDP_HEADER 8
#define WORD_BYTES 8
#define EACH_BYTE(c) ((__u64)(c) * 0x0101010101010101ull)
#define TOP_BITS EACH_BYTE(0x80)
#define SMALL_LETTER 0x20 /* the bit that a small letter has and a capital has not */
#define NAME_LETTERS 0x64692d6c6c6163ull /* "call-id", the first letter in the lowest byte */
#define NAME_SMALL 0x20200020202020ull   /* of the letters among them */
#define NAME_BYTES 0xffffffffffffffull
#define NAME_LENGTH 7
#define NAMES_IN_WORD 3 /* "c", "a" and a line end between them */
/* A character of a word, as RFC 3261 has it: a bit for each of 0 to 63, and of 64 to 127. */
#define WORD_LOW 0xd7ffefa600000000ull
#define WORD_HIGH 0x6fffffffbffffffeull

enum call_state {
  CALL_SEARCH, /* for a line that begins with the name */
  CALL_COLON,  /* behind the name */
  CALL_BLANK,  /* behind the colon */
  CALL_FOLDED, /* a line ended there, and the next one may go on with it */
  CALL_VALUE,
  CALL_FOUND,
};

static __always_inline bool is_word(__u8 c) { return c < 128 && (c & 64 ? WORD_HIGH : WORD_LOW) >> (c & 63) & 1; }

/* The top bit of each byte that is `c`. */
static __always_inline __u64 bytes_like(__u64 bytes, __u8 c) {
  __u64 other = bytes ^ EACH_BYTE(c);
  return ~(((other & ~TOP_BITS) + ~TOP_BITS) | other) & TOP_BITS;
}
static __always_inline __u64 line_ends(__u64 bytes) { return bytes_like(bytes, '\r') | bytes_like(bytes, '\n'); }
static __always_inline __u64 letters_like(__u64 bytes, __u8 c) { return bytes_like(bytes | EACH_BYTE(SMALL_LETTER), c); }

/* Eight bytes of the message; behind its end they are 0. x86-64 needs no alignment. */
static __always_inline __u64 call_word(struct call_scan *s, __u32 at) { return READ(*(__u64 *)(s->message + (at & (CALL_SEARCHED - 1)))); }

/* The first of the bytes whose top bit is set. */
static __always_inline __u32 first_byte(__u64 top_bits) { return ((top_bits & -top_bits) >> 7) * 0x0001020304050607ull >> 56 & (WORD_BYTES - 1); }

/* Looks at the lines that begin in the next eight bytes. `at` is behind the first byte of the message. */
static __always_inline void call_search(struct call_scan *s, __u32 at) {
  s->at = at + WORD_BYTES;
  __u64 begins = line_ends(call_word(s, at - 1));
  if (likely(!begins)) return;
  /* In the scratch space, since the stack has no room for more registers. */
  WRITE(s->begins, begins & letters_like(call_word(s, at), 'i'));
  __u64 whole = begins & letters_like(call_word(s, at), 'c');
  whole &= letters_like(call_word(s, at + 1), 'a');
  __u64 next = call_word(s, at + 1);
  __u64 named = READ(s->begins) & (bytes_like(next, ':') | bytes_like(next, ' ') | bytes_like(next, '\t'));
#pragma clang loop unroll(full)
  for (int n = 0; n < NAMES_IN_WORD; n++) {
    __u64 name = call_word(s, at + first_byte(whole)) | NAME_SMALL;
    if (whole && (name & NAME_BYTES) == NAME_LETTERS) named |= whole & -whole;
    whole &= whole - 1;
  }
  if (likely(!named)) return;
  at += first_byte(named);
  s->at = at + ((__u8)(call_word(s, at) | SMALL_LETTER) == 'i' ? 1 : NAME_LENGTH);
  s->state = CALL_COLON;
}

static __always_inline enum call_state call_value(struct call_scan *s, __u8 c) {
  if (is_word(c)) s->open = false;
  else if (c == '@' && !s->domain) s->domain = s->open = true;
  else return CALL_SEARCH;
  s->length++;
  return s->length > CALL_ID_MAX ? CALL_SEARCH : CALL_VALUE;
}

/* The state after a character that ends no line. */
static __always_inline enum call_state call_after(struct call_scan *s, enum call_state state, __u8 c, __u32 at) {
  bool blank = c == ' ' || c == '\t';
  switch (state) {
  case CALL_COLON:
    return c == ':' ? CALL_BLANK : blank ? CALL_COLON : CALL_SEARCH;
  case CALL_FOLDED:
    if (!blank) s->at = at; /* the line begins with it */
    return blank ? CALL_BLANK : CALL_SEARCH;
  case CALL_BLANK:
    if (blank || !is_word(c)) return blank ? CALL_BLANK : CALL_SEARCH;
    s->from = at;
    s->length = 1;
    s->domain = s->open = false;
    return CALL_VALUE;
  default:
    return call_value(s, c);
  }
}

static __always_inline void call_go_on(struct call_scan *s, __u32 at) {
  __u8 c = s->message[at & (CALL_SEARCHED - 1)];
  enum call_state state = s->state;
  s->at = at + 1;
  if (c != '\r' && c != '\n') s->state = call_after(s, state, c, at);
  else if (state == CALL_VALUE) s->state = s->open ? CALL_SEARCH : CALL_FOUND;
  else s->state = state == CALL_COLON ? CALL_SEARCH : CALL_FOLDED;
}

static long call_step(__u64 i, void *ctx) {
  struct call_scan *s = *(struct call_scan **)ctx;
  __u32 at = s->at;
  if (at >= s->size) return 1;
  if (s->state == CALL_SEARCH) {
    call_search(s, at);
    return 0;
  }
  if (!s->steps) return 1;
  s->steps--;
  call_go_on(s, at);
  return s->state == CALL_FOUND;
}

/* Reads the Call-ID of the packet in the scratch space into it. `at`: where the IP header begins. False: it has none. */
__noinline int call_read(struct __sk_buff *skb, __u32 at) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return false;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  struct call_scan *s = &scratch->call_scan;
  __u32 size = p->length - p->header - UDP_HEADER;
  at += p->header + UDP_HEADER;
  if (p->protocol != IPPROTO_UDP || p->length <= p->header + UDP_HEADER) return false;
  if (size > CALL_SEARCHED) size = CALL_SEARCHED;
  asm volatile("" : "+r"(size)); /* so that the verifier sees the bounds that follow */
  size = ((size - 1) & (CALL_SEARCHED - 1)) + 1;
  if (bpf_skb_load_bytes(skb, at, s->message, size)) return false;
  __builtin_memset(s->message + size, 0, CALL_BEHIND);
  s->size = size;
  s->at = 1;
  s->steps = CALL_STEPS;
  s->state = CALL_SEARCH;
  bpf_loop(CALL_SEARCHED / WORD_BYTES + 2 * CALL_STEPS, call_step, &s, 0);
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
