/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Content switching: what the first bytes of a connection of HTTP/1 ask for (of TLS: switch-hello.h). test/datapath/first-bytes.ts is the same in
 * TypeScript; a test compares both. What could be read in two ways is undecided: the proxy, which is strict, has it.
 *
 * RFC 9112: the path of the request line, and the field Host, which is there once. So the whole head is read: one that the first bytes end in is
 * undecided, and one with a field that is none. The path is taken as it is where normalising would change nothing: no escapes, no //, no /. in it. */
#ifndef WEIR_SWITCH_TEXT_H
#define WEIR_SWITCH_TEXT_H

enum text_state {
  TEXT_METHOD,
  TEXT_TARGET, /* its first byte */
  TEXT_PATH,
  TEXT_QUERY,
  TEXT_VERSION,
  TEXT_LINE, /* the first byte of a field's line, or the carriage return of the empty one */
  TEXT_NAME,
  TEXT_VALUE, /* of any field but Host */
  TEXT_SPACE, /* before Host's */
  TEXT_HOST,
  TEXT_PORT,
  TEXT_FEED, /* the line feed behind a field, */
  TEXT_LAST, /* and behind all of them */
  TEXT_DECIDED,
  TEXT_UNDECIDED,
};
#define TEXT_METHOD_MAX 16
#define TEXT_HOST_NAME 4  /* bytes of the name Host */
#define TEXT_PORT_MAX 5

struct text_scan {
  struct switch_scratch *w;
  __u32 at;
  __u32 size;
  __u32 state;
  __u32 count; /* bytes in this state, or of what it reads */
  __u32 before; /* the byte before */
  __u32 path;  /* bytes of the path so far */
  __u32 hosts; /* fields of that name */
};

static __always_inline __u32 version_byte(__u32 at) {
  return at == 0 ? 'H' : at == 3 ? 'P' : at == 4 ? '/' : at == 5 ? '1' : at == 6 ? '.' : at == 8 ? '\r' : at == 9 ? '\n' : 'T';
}
static __always_inline __u32 host_byte(__u32 at) { return at == 0 ? 'h' : at == 1 ? 'o' : at == 2 ? 's' : 't'; }

/* tchar of RFC 9110, 5.6.2, by bits: of bytes below 64, and from there on. */
#define TOKENS_LOW 0x03ff6cfa00000000ull
#define TOKENS_HIGH 0x57ffffffc7fffffeull
static __always_inline bool is_token_byte(__u32 c) { return c < 128 && (c < 64 ? TOKENS_LOW : TOKENS_HIGH) >> (c & 63) & 1; }
static __always_inline bool is_value_byte(__u32 c) { return (c >= ' ' && c != 0x7f) || c == '\t'; }
/* Are these eight bytes all above the controls and none of them DEL? Each expression finds a byte that is (Bit Twiddling Hacks, "has less"). */
#define EACH(byte) (0x0101010101010101ull * (byte))
static __always_inline bool are_value_bytes(__u64 x) {
  __u64 del = x ^ EACH(0x7f);
  return !(((x - EACH(' ')) & ~x & EACH(0x80)) | ((del - EACH(1)) & ~del & EACH(0x80)));
}
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

/* Of a field's name, from its first byte on. `count`: how many bytes are those of Host; above that it is another one. */
static __always_inline __u32 text_name(struct text_scan *t, __u32 c, __u32 low) {
  if (c == ':' && t->state == TEXT_NAME) {
    if (t->count != TEXT_HOST_NAME) return TEXT_VALUE;
    return t->hosts++ ? TEXT_UNDECIDED : TEXT_SPACE;
  }
  if (t->state == TEXT_LINE) t->count = 0;
  t->count = t->count < TEXT_HOST_NAME && low == host_byte(t->count) ? t->count + 1 : TEXT_HOST_NAME + 1;
  return is_token_byte(c) ? TEXT_NAME : TEXT_UNDECIDED;
}

static __always_inline __u32 text_field(struct switch_scratch *w, struct text_scan *t, __u32 c) {
  __u32 low = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
  switch (t->state) {
    case TEXT_LINE:
      if (c == '\r') return t->hosts ? TEXT_LAST : TEXT_UNDECIDED;
      return text_name(t, c, low);
    case TEXT_NAME:
      return text_name(t, c, low);
    case TEXT_VALUE:
      return c == '\r' ? TEXT_FEED : is_value_byte(c) ? TEXT_VALUE : TEXT_UNDECIDED;
    case TEXT_SPACE:
      if (c == ' ' || c == '\t') return TEXT_SPACE;
      t->count = 0;
      break;
    case TEXT_HOST:
      if (c != ':' && c != '\r') break;
      if (!t->count || t->before == '.') return TEXT_UNDECIDED; /* a dot at its end does not count for the proxy */
      t->count = 0;
      return c == ':' ? TEXT_PORT : TEXT_FEED;
    case TEXT_PORT:
      if (c == '\r') return TEXT_FEED;
      return c >= '0' && c <= '9' && t->count++ < TEXT_PORT_MAX ? TEXT_PORT : TEXT_UNDECIDED;
    case TEXT_FEED:
      return c == '\n' ? TEXT_LINE : TEXT_UNDECIDED;
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

/* The next byte, or eight of a value. */
static long text_step(__u64 i, void *ctx) {
  struct text_scan *t = ctx;
  struct switch_scratch *w = t->w;
  __u32 at = t->at;
  if (!w || at >= t->size) return 1;
  CHECKED(w);
  __u8 *next = w->text + (at & (SWITCH_TEXT - 1));
  if (t->state == TEXT_VALUE && at + 8 <= t->size && are_value_bytes(*(__u64 *)next)) {
    t->at = at + 8;
    return 0;
  }
  __u32 c = *next;
  t->state = text_byte(w, t, c);
  t->before = c;
  t->at = at + 1;
  return t->state >= TEXT_DECIDED;
}

/* Reads `size` bytes of a request in the scratch space. Is it decided what they ask for? A global function: verified once. */
__noinline int text_of_http(__u32 size) {
  struct text_scan t = {.w = the_switch(), .size = size & (SWITCH_TEXT - 1)};
  if (!t.w) return 0;
  bpf_loop(t.size, text_step, &t, 0);
  return t.state == TEXT_DECIDED;
}

#endif
