/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Content switching: the name that a ClientHello asks for (RFC 8446, 4.1.2; RFC 6066, 3). It may be cut into several records (RFC 8446, 5.1). Of one that
 * is longer than the first segment the name must be in that: else it is undecided. So is one with two names, or with extensions that do not fit.
 * test/datapath/first-bytes.ts is the same in TypeScript. */
#ifndef WEIR_SWITCH_HELLO_H
#define WEIR_SWITCH_HELLO_H

#define RECORD_HEADER 5
#define RECORD_HANDSHAKE 22
#define RECORD_MAX 16384
#define HELLO_RECORDS_MAX 32
#define HELLO_EXTENSIONS_MAX 40
#define HELLO_SERVER_NAME 0

static __always_inline __u32 text_at(struct switch_scratch *w, __u32 at) { return w->text[at & (SWITCH_TEXT - 1)]; }
static __always_inline __u32 hello_at(struct switch_scratch *w, __u32 at) { return w->hello[at & (SWITCH_TEXT - 1)]; }
static __always_inline __u32 hello_word(struct switch_scratch *w, __u32 at) { return hello_at(w, at) << 8 | hello_at(w, at + 1); }

/* Puts the content of one more record behind those before it. */
static long hello_record(__u64 i, void *ctx) {
  struct switch_scratch *w = the_switch();
  if (!w) return 1;
  CHECKED(w);
  struct hello_scan *h = &w->hello_scan;
  __u32 at = h->at, left = h->size - at;
  if (at >= h->size || left <= RECORD_HEADER) return 1;
  __u32 length = text_at(w, at + 3) << 8 | text_at(w, at + 4), part = left - RECORD_HEADER, to = h->gathered;
  if (text_at(w, at) != RECORD_HANDSHAKE || text_at(w, at + 1) != 3 || !length || length > RECORD_MAX) {
    h->wrong = true;
    return 1;
  }
  if (part > length) part = length;
  if (to + part > SWITCH_HELD) return 1;
  barrier_var(part);
  part = ((part - 1) & (SWITCH_TEXT - 1)) + 1; /* no change */
  if (bpf_probe_read_kernel(w->hello + (to & (SWITCH_TEXT - 1)), part, w->text + ((at + RECORD_HEADER) & (SWITCH_TEXT - 1)))) return 1;
  h->gathered = to + part;
  h->at = at + RECORD_HEADER + length;
  if (h->gathered < 4) return 0;
  return h->gathered >= 4 + (hello_at(w, 1) << 16 | hello_word(w, 2)); /* it is whole */
}

static long hello_extension(__u64 i, void *ctx) {
  struct switch_scratch *w = the_switch();
  if (!w) return 1;
  CHECKED(w);
  struct hello_scan *h = &w->hello_scan;
  __u32 at = h->at;
  if (at + 4 > h->end || at + 4 > h->gathered) return 1;
  __u32 kind = hello_word(w, at), length = hello_word(w, at + 2);
  h->at = at + 4 + length;
  h->wrong = h->at > h->end;
  if (kind != HELLO_SERVER_NAME) return h->wrong;
  /* list length, type host_name, length, name: one name alone */
  __u32 list = hello_word(w, at + 4), name = hello_word(w, at + 7);
  if (h->name || h->at > h->gathered || length < 5 || list != length - 2 || hello_at(w, at + 6) || name != list - 3) h->wrong = true;
  h->name = at + 9;
  h->length = name;
  return h->wrong;
}

static long hello_name_byte(__u64 i, void *ctx) {
  struct switch_scratch *w = the_switch();
  if (!w) return 1;
  CHECKED(w);
  __u32 c = hello_at(w, w->hello_scan.name + i);
  if (c >= 'A' && c <= 'Z') c |= 0x20;
  if (!is_name_byte(c)) {
    w->hello_scan.name = 0;
    return 1;
  }
  w->host.name[i & (SWITCH_NAME - 1)] = c;
  return 0;
}

/* Reads `size` bytes of a connection of TLS in the scratch space. Is the name in them? A global function: verified once. */
__noinline int text_of_tls(__u32 size) {
  struct switch_scratch *w = the_switch();
  if (!w || size > SWITCH_HELD) return 0;
  CHECKED(w);
  struct hello_scan *h = &w->hello_scan;
  __builtin_memset(h, 0, sizeof *h);
  h->size = size;
  bpf_loop(HELLO_RECORDS_MAX, hello_record, 0, 0);
  /* type, length, version and 32 of chance; then the session, the suites, the compressions, and the extensions up to its end */
  __u32 whole = 4 + (hello_at(w, 1) << 16 | hello_word(w, 2)), there = h->gathered, at = 38;
  if (h->wrong || there < 41 || hello_at(w, 0) != 1) return 0;
  at += 1 + hello_at(w, at);
  if (at + 2 > there) return 0;
  at += 2 + hello_word(w, at);
  if (at + 1 > there) return 0;
  at += 1 + hello_at(w, at);
  if (at + 2 > there) return 0;
  h->at = at + 2;
  h->end = at + 2 + hello_word(w, at);
  if (h->end != whole) return 0;
  bpf_loop(HELLO_EXTENSIONS_MAX, hello_extension, 0, 0);
  if (h->wrong || !h->name || !h->length || h->length >= SWITCH_NAME) return 0;
  bpf_loop(h->length & (SWITCH_NAME - 1), hello_name_byte, 0, 0);
  return h->name != 0;
}

#endif
