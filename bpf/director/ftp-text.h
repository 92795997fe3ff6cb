/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads the lines of a control connection of FTP that name a data connection (RFC 959, RFC 2428):
 *
 *   client   PASV CRLF | EPSV [SP family] CR | PORT SP h,h,h,h,p,p | EPRT SP d family d address d port d
 *   server   227 … h,h,h,h,p,p                | 229 …(d [family] d [address] d port d
 *
 * Over IPv6 those with h,h,h,h,p,p do not count. Of a segment the first such line counts, and of segments those of up to FTP_TEXT bytes: a sender
 * of other ones gets no data connection. What a server's segment begins with is a line only where it has ended the one before: a server may repeat
 * its client's text, and the client chooses the size of segments. No character is read more than twice, whatever the text is. */
#ifndef WEIR_FTP_TEXT_H
#define WEIR_FTP_TEXT_H

#define FTP_CAPITALS 0xdfdfdfdfu
#define FTP_VERB(a, b, c, d) ((__u32)(a) | (__u32)(b) << 8 | (__u32)(c) << 16 | (__u32)(d) << 24)
#define FTP_VERB_LENGTH 4

enum ftp_state { FTP_SKIP, FTP_DELIMITER, FTP_FIELDS, FTP_READ, FTP_BAD };

static __always_inline __u8 ftp_byte(struct ftp_text *t, __u32 at) { return t->text[at & (FTP_TEXT_ROOM - 1)]; }
static __always_inline bool ftp_is_digit(__u8 c) { return c >= '0' && c <= '9'; }

/* What the line that begins here is. */
static __always_inline enum ftp_line ftp_line_at(struct ftp_text *t, __u32 at) {
  __u32 verb = ftp_byte(t, at) | ftp_byte(t, at + 1) << 8 | ftp_byte(t, at + 2) << 16 | (__u32)ftp_byte(t, at + 3) << 24;
  __u8 next = ftp_byte(t, at + 4);
  if (t->out && verb == FTP_VERB('2', '2', '9', ' ')) return FTP_EPSV;
  if (t->out) return FTP_FAMILY == '1' && verb == FTP_VERB('2', '2', '7', ' ') ? FTP_PASV : FTP_NONE;
  verb &= FTP_CAPITALS;
  if (FTP_FAMILY == '1' && verb == FTP_VERB('P', 'A', 'S', 'V')) return next == '\r' && ftp_byte(t, at + 5) == '\n' ? FTP_PASV : FTP_NONE;
  if (FTP_FAMILY == '1' && verb == FTP_VERB('P', 'O', 'R', 'T')) return next == ' ' ? FTP_PORT_LINE : FTP_NONE;
  if (verb == FTP_VERB('E', 'P', 'R', 'T')) return next == ' ' ? FTP_EPRT : FTP_NONE;
  if (verb != FTP_VERB('E', 'P', 'S', 'V')) return FTP_NONE;
  return next == '\r' || (next == ' ' && ftp_byte(t, at + 5) == FTP_FAMILY && ftp_byte(t, at + 6) == '\r') ? FTP_EPSV : FTP_NONE;
}

static long ftp_line_step(__u64 i, void *ctx) {
  struct ftp_text *t = *(struct ftp_text **)ctx;
  if (i >= t->size) return 1;
  if (i ? ftp_byte(t, i - 1) != '\n' : t->out && !t->begins_line) return 0;
  enum ftp_line line = ftp_line_at(t, i);
  if (line == FTP_NONE) return 0;
  t->line = line;
  t->begins = i;
  return 1;
}

/* One more digit of a number. */
static __always_inline void ftp_digit(struct ftp_text *t, __u8 c, __u32 max) {
  __u32 value = t->value * 10 + (c - '0');
  if (value > max || t->digits >= 5) t->state = FTP_BAD;
  t->value = value;
  t->digits++;
}
static __always_inline void ftp_number_ends(struct ftp_text *t) {
  if (!t->digits || t->numbers >= 6) t->state = FTP_BAD;
  else t->number[t->numbers & 7] = t->value;
  t->numbers++;
  t->value = t->digits = 0;
}

/* h,h,h,h,p,p: ends before the first other character. */
static __always_inline void ftp_plain(struct ftp_text *t, __u8 c, __u32 at) {
  if (ftp_is_digit(c)) return ftp_digit(t, c, 255);
  ftp_number_ends(t);
  if (t->state == FTP_BAD) return;
  if (t->numbers < 6) {
    if (c != ',') t->state = FTP_BAD;
    return;
  }
  t->ends = at;
  t->state = FTP_READ;
  t->port = t->number[4] << 8 | (t->number[5] & 255);
}

/* d family d address d port d: of the family one digit or, in a reply, none; then the address is missing, too. */
static __always_inline void ftp_field_ends(struct ftp_text *t, __u32 at) {
  if (t->field == 0) {
    t->bare = !t->digits;
    if (t->bare ? !t->out : t->value != FTP_FAMILY - '0') t->state = FTP_BAD;
    t->value = t->digits = 0;
  } else if (t->field == 1) {
    if (FTP_FAMILY == '1' && !t->bare) ftp_number_ends(t);
    if (t->bare ? t->length != 0 : FTP_FAMILY == '1' && t->numbers != 4) t->state = FTP_BAD;
    t->value = t->digits = 0;
  } else {
    t->port = t->value;
    t->ends = at + 1;
    t->state = t->digits && t->state != FTP_BAD ? FTP_READ : FTP_BAD;
  }
  t->field++;
}

static __always_inline void ftp_extended(struct ftp_text *t, __u8 c, __u32 at) {
  if (c == t->delimiter) return ftp_field_ends(t, at);
  if (t->field == 1) t->length++;
  if (t->field == 1 && FTP_FAMILY == '2' && !t->bare) return; /* of IPv6 the address is not read: the client's own counts */
  if (ftp_is_digit(c)) return ftp_digit(t, c, t->field == 0 ? 9 : t->field == 1 ? 255 : 65535);
  if (t->field == 1 && c == '.' && t->numbers < 3) return ftp_number_ends(t);
  t->state = FTP_BAD;
}

static long ftp_char_step(__u64 i, void *ctx) {
  struct ftp_text *t = *(struct ftp_text **)ctx;
  __u32 at = t->at;
  if (at >= t->size) return 1;
  __u8 c = ftp_byte(t, at);
  bool extended = t->line == FTP_EPSV || t->line == FTP_EPRT;
  t->at = at + 1;
  if (c == '\n' && t->state != FTP_FIELDS) return 1;
  if (t->state == FTP_SKIP) {
    if (extended && t->out) { /* up to the parenthesis */
      if (c == '(') t->state = FTP_DELIMITER;
      return 0;
    }
    if (t->out ? !ftp_is_digit(c) : c == ' ') return 0;
    t->state = extended ? FTP_DELIMITER : FTP_FIELDS;
    t->from = at;
  }
  if (t->state == FTP_DELIMITER) {
    if (c < 33 || c > 126 || ftp_is_digit(c)) return 1;
    t->delimiter = c;
    t->from = at;
    t->state = FTP_FIELDS;
    return 0;
  }
  if (extended) ftp_extended(t, c, at);
  else ftp_plain(t, c, at);
  return t->state != FTP_FIELDS;
}

/* Reads the endpoint in the line that was found: address and port of what is between `from` and `ends`. False: it has none. */
static __always_inline bool ftp_endpoint(struct ftp_text *t) {
  t->state = FTP_SKIP;
  t->at = t->begins + FTP_VERB_LENGTH;
  t->value = t->digits = t->numbers = t->field = t->length = t->port = 0;
  t->bare = false;
  bpf_loop(FTP_TEXT, ftp_char_step, &t, 0);
  return t->state == FTP_READ && t->port && t->from < t->ends;
}
/* The address of it, in network order; IPv4 alone. */
static __always_inline __u32 ftp_address(struct ftp_text *t) {
  return (t->number[0] & 255) | (t->number[1] & 255) << 8 | (t->number[2] & 255) << 16 | (t->number[3] & 255) << 24;
}

static __always_inline void ftp_put_char(struct ftp_text *t, __u8 c) {
  __u32 at = t->made;
  t->out_text[at & (FTP_OUT_ROOM - 1)] = c;
  t->made = at + 1;
}
/* A number of up to five digits, without zeros in front. */
__noinline int ftp_put_number(__u32 number) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return -1;
  CHECKED(scratch);
  struct ftp_text *t = &scratch->ftp_text;
  bool begun = false;
  __u32 unit = 10000;
#pragma clang loop unroll(full)
  for (int i = 0; i < 5; i++) {
    __u32 digit = number / unit % 10;
    begun |= digit || i == 4;
    if (begun) ftp_put_char(t, '0' + digit);
    unit /= 10;
  }
  return 0;
}

/* The text in the place of an endpoint's: that of the virtual one, or of a local one (FULLNAT). */
static __always_inline void ftp_put_octets(struct ftp_text *t, __u32 addr, __u8 between, __u8 behind) {
  for (int i = 0; i < 4; i++) {
    ftp_put_number(addr >> i * 8 & 255);
    ftp_put_char(t, i < 3 ? between : behind);
  }
}
static __always_inline void ftp_make_plain(struct ftp_text *t, __u32 addr, __u32 port) {
  t->made = 0;
  ftp_put_octets(t, addr, ',', ',');
  ftp_put_number(port >> 8);
  ftp_put_char(t, ',');
  ftp_put_number(port & 255);
}
static __always_inline void ftp_make_bare(struct ftp_text *t, __u32 port) {
  t->made = 0;
  for (int i = 0; i < 3; i++) ftp_put_char(t, '|');
  ftp_put_number(port);
  ftp_put_char(t, '|');
}

#ifdef IPV6
/* Sixteen bits in hexadecimal digits, without zeros in front. */
__noinline int ftp_put_hex(__u32 number) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return -1;
  CHECKED(scratch);
  struct ftp_text *t = &scratch->ftp_text;
  bool begun = false;
#pragma clang loop unroll(full)
  for (int i = 3; i >= 0; i--) {
    __u32 digit = number >> 4 * i & 15;
    begun |= digit || !i;
    if (begun) ftp_put_char(t, digit < 10 ? '0' + digit : 'a' + digit - 10);
  }
  return 0;
}

/* The group of an address, from the left. */
static __always_inline __u32 ftp_group(__u32 *addr, __u32 i) { return bpf_ntohs(i & 1 ? addr[i / 2] >> 16 : addr[i / 2] & 0xffff); }

/* As RFC 5952 writes it, since there are servers that compare texts: the first of the longest runs of zeros, from two on, is left out. */
static __always_inline void ftp_put_address6(struct ftp_text *t, __u32 *addr) {
  __u32 zeros = 0, begins = 8, ends = 8, runs;
  for (int i = 0; i < 8; i++) zeros |= ftp_group(addr, i) ? 0 : 1 << i;
  runs = zeros;
#pragma clang loop unroll(full)
  for (int length = 2; length <= 8; length++) {
    runs &= zeros >> (length - 1); /* where a run of that length begins */
    if (!runs) break;
    begins = 0;
#pragma clang loop unroll(full)
    for (int i = 7; i >= 0; i--) begins = runs & 1 << i ? i : begins;
    ends = begins + length;
  }
  for (int i = 0; i < 8; i++) {
    bool left_out = i >= begins && i < ends;
    if (left_out && i != begins) continue;
    if (i ? i != ends : left_out) ftp_put_char(t, ':');
    if (left_out) ftp_put_char(t, ':');
    else ftp_put_hex(ftp_group(addr, i));
  }
}
#endif
/* d family d address d port d */
static __always_inline void ftp_make_extended(struct ftp_text *t, __u32 *addr, __u32 port) {
  t->made = 0;
  ftp_put_char(t, '|');
  ftp_put_char(t, FTP_FAMILY);
  ftp_put_char(t, '|');
#ifdef IPV6
  ftp_put_address6(t, addr);
  ftp_put_char(t, '|');
#else
  ftp_put_octets(t, addr[0], '.', '|');
#endif
  ftp_put_number(port);
  ftp_put_char(t, '|');
}

#endif
