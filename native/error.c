/* error.c - failures as JavaScript errors, with libbpf's messages. */
#include "addon.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_ROOM 16384
#define KERNEL_ENOTSUPP 524 /* bpf(2) returns it; libc has no name for it */
#define LIBBPF_FIRST 4000   /* libbpf's own numbers: the file cannot be loaded; the log has the reason */
#define LIBBPF_LAST 4999

/* The tail of what libbpf printed on this thread since log_clear(). */
static _Thread_local char log_text[LOG_ROOM];
static _Thread_local size_t log_size;

static const char *name_of(int err) {
  const char *name = err == KERNEL_ENOTSUPP ? "ENOTSUPP" : strerrorname_np(err);
  return name ? name : "EUNKNOWN";
}

static const char *words_of(int err) {
  const char *words = err == KERNEL_ENOTSUPP ? "Not supported by the kernel" : strerrordesc_np(err);
  return words ? words : "Unknown error";
}

napi_value number(napi_env env, int64_t n) {
  napi_value v;
  return napi_create_int64(env, n, &v) == napi_ok ? v : NULL;
}

void set_number(napi_env env, napi_value object, const char *name, int64_t n) {
  napi_value v = number(env, n);
  if (v) napi_set_named_property(env, object, name, v);
}

static void throw_error(napi_env env, const char *syscall, int err, const char *log) {
  napi_value error, message, code, v;
  char text[192];
  if (err == EBADFD) err = EBADF; /* bpf(2) has another code for a bad descriptor */
  if (err >= LIBBPF_FIRST && err <= LIBBPF_LAST) err = ENOEXEC;
  snprintf(text, sizeof text, "%s: %s, %s", name_of(err), words_of(err), syscall);
  if (napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &message) != napi_ok ||
      napi_create_string_utf8(env, name_of(err), NAPI_AUTO_LENGTH, &code) != napi_ok ||
      napi_create_error(env, code, message, &error) != napi_ok)
    return;
  set_number(env, error, "errno", err);
  if (napi_create_string_utf8(env, words_of(err), NAPI_AUTO_LENGTH, &v) == napi_ok)
    napi_set_named_property(env, error, "reason", v);
  if (napi_create_string_utf8(env, syscall, NAPI_AUTO_LENGTH, &v) == napi_ok)
    napi_set_named_property(env, error, "syscall", v);
  if (log && napi_create_string_utf8(env, log, NAPI_AUTO_LENGTH, &v) == napi_ok)
    napi_set_named_property(env, error, "log", v);
  napi_throw(env, error);
}

napi_value fail(napi_env env, const char *syscall, int err) {
  throw_error(env, syscall, err, NULL);
  return NULL;
}

napi_value fail_with_log(napi_env env, const char *syscall, int err) {
  const char *start = log_text;
  if (log_size == LOG_ROOM - 1) { /* the head was cut: begin with a whole line */
    const char *line = strchr(log_text, '\n');
    if (line && line[1]) start = line + 1;
  }
  throw_error(env, syscall, err, log_size ? start : NULL);
  log_clear();
  return NULL;
}

void log_clear(void) {
  log_size = 0;
  log_text[0] = 0;
}

static void log_append(const char *text, size_t size) {
  const size_t most = LOG_ROOM - 1;
  if (size > most) {
    text += size - most;
    size = most;
  }
  size_t keep = log_size + size > most ? most - size : log_size;
  memmove(log_text, log_text + log_size - keep, keep);
  memcpy(log_text + keep, text, size);
  log_size = keep + size;
  log_text[log_size] = 0;
}

__attribute__((format(printf, 2, 0))) static int log_print(enum libbpf_print_level level, const char *format,
                                                           va_list args) {
  char *text;
  if (level != LIBBPF_WARN) return 0;
  int size = vasprintf(&text, format, args);
  if (size < 0) return 0;
  log_append(text, (size_t)size);
  free(text);
  return size;
}

void log_install(void) { libbpf_set_print(log_print); }
