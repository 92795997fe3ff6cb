/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Content switching: what the first bytes of a connection of HTTP/1 ask for (of TLS: switch-hello.h). test/datapath/first-bytes.ts is the same in
 * TypeScript; a test compares both. What could be read in two ways is undecided: the proxy, which is strict, has it.
 *
 * RFC 9112: the path of the request line, and the field Host. The path is taken as it is where normalising would change nothing: no escapes, no //,
 * no /. in it. */
#ifndef WEIR_SWITCH_TEXT_H
#define WEIR_SWITCH_TEXT_H

enum text_state {
  TEXT_METHOD,
  TEXT_TARGET, /* its first byte */
  TEXT_PATH,
  TEXT_QUERY,
  TEXT_VERSION,
  TEXT_LINE, /* the first byte of a field's line */
  TEXT_NAME,
  TEXT_SKIP, /* to the line's end */
  TEXT_SPACE,
  TEXT_HOST,
  TEXT_PORT,
  TEXT_END, /* the line feed behind Host */
  TEXT_DECIDED,
  TEXT_UNDECIDED,
};
#define TEXT_METHOD_MAX 16

struct text_scan {
  __u32 state;
  __u32 count; /* bytes in this state, or of what it reads */
  __u32 before; /* the byte before */
  __u32 path;  /* bytes of the path so far */
};

static __always_inline __u32 version_byte(__u32 at) {
  return at == 0 ? 'H' : at == 3 ? 'P' : at == 4 ? '/' : at == 5 ? '1' : at == 6 ? '.' : at == 8 ? '\r' : at == 9 ? '\n' : 'T';
}
static __always_inline __u32 host_byte(__u32 at) { return at == 0 ? 'h' : at == 1 ? 'o' : at == 2 ? 's' : 't'; }
static __always_inline bool is_name_byte(__u32 c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_'; }

static __always_inline __u32 text_target(struct switch_scratch *w, struct text_scan *t, __u32 c) {
  if (c == ' ' || c == '?') {
    t->count = 0;
    return c == ' ' ? TEXT_VERSION : TEXT_QUERY;
  }
  if (c <= ' ' || c >= 0x7f || c == '%' || c == '#' || c == '\\' || (t->before == '/' && (c == '/' || c == '.'))) return TEXT_UNDECIDED;
  if (t->path < SWITCH_PATH) w->path.path[t->path & (SWITCH_PATH - 1)] = c;
  t->path++;
  return TEXT_PATH;
}

static __always_inline __u32 text_field(struct switch_scratch *w, struct text_scan *t, __u32 c) {
  __u32 low = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
  switch (t->state) {
    case TEXT_LINE:
      t->count = 1;
      return low == 'h' ? TEXT_NAME : c <= ' ' || c == ':' ? TEXT_UNDECIDED : TEXT_SKIP;
    case TEXT_NAME:
      if (t->count == 4 && c == ':') return TEXT_SPACE;
      return t->count < 4 && low == host_byte(t->count++) ? TEXT_NAME : c == '\r' || c == '\n' || !c ? TEXT_UNDECIDED : TEXT_SKIP;
    case TEXT_SKIP:
      if (c == '\n') return t->before == '\r' ? TEXT_LINE : TEXT_UNDECIDED;
      return t->before == '\r' || !c ? TEXT_UNDECIDED : TEXT_SKIP;
    case TEXT_SPACE:
      if (c == ' ' || c == '\t') return TEXT_SPACE;
      t->count = 0;
      break;
    case TEXT_HOST:
      if (c == ':') return t->count ? TEXT_PORT : TEXT_UNDECIDED;
      if (c == '\r') return t->count ? TEXT_END : TEXT_UNDECIDED;
      break;
    case TEXT_PORT:
      return c == '\r' ? TEXT_END : c >= '0' && c <= '9' ? TEXT_PORT : TEXT_UNDECIDED;
    default:
      return c == '\n' ? TEXT_DECIDED : TEXT_UNDECIDED;
  }
  if (!is_name_byte(low) || t->count >= SWITCH_NAME - 1) return TEXT_UNDECIDED;
  w->host.name[t->count & (SWITCH_NAME - 1)] = low;
  t->count++;
  return TEXT_HOST;
}

static __always_inline __u32 text_byte(struct switch_scratch *w, struct text_scan *t, __u32 c) {
  switch (t->state) {
    case TEXT_METHOD:
      if (c == ' ') return t->count ? TEXT_TARGET : TEXT_UNDECIDED;
      return c >= 'A' && c <= 'Z' && t->count++ < TEXT_METHOD_MAX ? TEXT_METHOD : TEXT_UNDECIDED;
    case TEXT_TARGET:
      t->before = 0;
      return c == '/' ? text_target(w, t, c) : TEXT_UNDECIDED;
    case TEXT_PATH:
      return text_target(w, t, c);
    case TEXT_QUERY:
      t->count = 0;
      return c == ' ' ? TEXT_VERSION : c < ' ' || c >= 0x7f || c == '#' ? TEXT_UNDECIDED : TEXT_QUERY;
    case TEXT_VERSION:
      if (t->count == 7 ? c != '0' && c != '1' : c != version_byte(t->count)) return TEXT_UNDECIDED;
      return t->count++ == 9 ? TEXT_LINE : TEXT_VERSION;
  }
  return text_field(w, t, c);
}

static long text_step(__u64 i, void *ctx) {
  struct text_scan *t = ctx;
  struct switch_scratch *w = the_switch();
  if (!w) return 1;
  CHECKED(w);
  __u32 c = w->text[i & (SWITCH_TEXT - 1)];
  t->state = text_byte(w, t, c);
  t->before = c;
  return t->state >= TEXT_DECIDED;
}

/* Reads `size` bytes of a request in the scratch space. Is it decided what they ask for? A global function: verified once. */
__noinline int text_of_http(__u32 size) {
  struct text_scan t = {};
  bpf_loop(size & (SWITCH_TEXT - 1), text_step, &t, 0);
  return t.state == TEXT_DECIDED;
}

#endif
