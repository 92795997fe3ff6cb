/* args.c - JavaScript arguments into C values; a value that does not fit exactly is refused, never converted. */
#include "addon.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void args_read(Args *a, napi_env env, napi_callback_info info, const char *call) {
  a->env = env;
  a->call = call;
  a->argc = ARGS_MAX;
  a->bad = false;
  a->why[0] = 0;
  if (napi_get_cb_info(env, info, &a->argc, a->argv, NULL, NULL) != napi_ok) {
    a->argc = 0;
    args_reject(a, "unreadable arguments");
  }
  if (a->argc > ARGS_MAX) a->argc = ARGS_MAX;
}

void args_reject(Args *a, const char *why) {
  if (a->bad) return; /* only the first reason is reported */
  a->bad = true;
  snprintf(a->why, sizeof a->why, "%s", why);
}

static void reject_at(Args *a, size_t i, const char *wanted) {
  char text[64];
  snprintf(text, sizeof text, "argument %zu: %s", i + 1, wanted);
  args_reject(a, text);
}

bool args_bad(Args *a) {
  if (!a->bad) return false;
  char text[160];
  napi_value message, error, v;
  snprintf(text, sizeof text, "EINVAL: %s, %s", a->why, a->call);
  if (napi_create_string_utf8(a->env, text, NAPI_AUTO_LENGTH, &message) != napi_ok ||
      napi_create_string_utf8(a->env, "EINVAL", NAPI_AUTO_LENGTH, &v) != napi_ok ||
      napi_create_error(a->env, v, message, &error) != napi_ok)
    return true;
  set_number(a->env, error, "errno", EINVAL);
  if (napi_create_string_utf8(a->env, a->call, NAPI_AUTO_LENGTH, &v) == napi_ok)
    napi_set_named_property(a->env, error, "syscall", v);
  napi_throw(a->env, error);
  return true;
}

static bool absent(napi_env env, napi_value v) {
  napi_valuetype type;
  return napi_typeof(env, v, &type) != napi_ok || type == napi_undefined || type == napi_null;
}

bool args_given(const Args *a, size_t i) { return i < a->argc && !absent(a->env, a->argv[i]); }

/* A whole number that a double holds exactly, within [min, max]. */
static bool to_int(napi_env env, napi_value v, int64_t min, int64_t max, int64_t *out) {
  double d;
  if (napi_get_value_double(env, v, &d) != napi_ok) return false;
  if (!isfinite(d) || d != trunc(d) || fabs(d) > 9007199254740991.0) return false;
  if ((int64_t)d < min || (int64_t)d > max) return false;
  *out = (int64_t)d;
  return true;
}

static bool to_bytes(napi_env env, napi_value v, Bytes *out) {
  bool is_view = false;
  napi_typedarray_type type;
  void *data;
  if (napi_is_typedarray(env, v, &is_view) != napi_ok || !is_view) return false;
  if (napi_get_typedarray_info(env, v, &type, &out->size, &data, NULL, NULL) != napi_ok) return false;
  out->at = data;
  if (!data) out->size = 0; /* a detached buffer */
  return type == napi_uint8_array;
}

int64_t arg_int(Args *a, size_t i, int64_t min, int64_t max) {
  int64_t n = min;
  if (i >= a->argc || !to_int(a->env, a->argv[i], min, max, &n)) reject_at(a, i, "not an integer in range");
  return n;
}

int arg_fd(Args *a, size_t i) { return (int)arg_int(a, i, INT_MIN, INT_MAX); }

int arg_nsfd(Args *a, size_t i) { return args_given(a, i) ? (int)arg_int(a, i, -1, INT_MAX) : -1; }

uint32_t arg_flags(Args *a, size_t i) { return args_given(a, i) ? (uint32_t)arg_int(a, i, 0, UINT32_MAX) : 0; }

bool arg_bool(Args *a, size_t i) {
  bool b = false;
  if (i >= a->argc || napi_get_value_bool(a->env, a->argv[i], &b) != napi_ok) reject_at(a, i, "not a boolean");
  return b;
}

Bytes arg_bytes(Args *a, size_t i) {
  Bytes b = {NULL, 0};
  if (i >= a->argc || !to_bytes(a->env, a->argv[i], &b)) {
    reject_at(a, i, "not a Uint8Array");
    return (Bytes){NULL, 0};
  }
  return b;
}

Bytes arg_bytes_maybe(Args *a, size_t i) { return args_given(a, i) ? arg_bytes(a, i) : (Bytes){NULL, 0}; }

void arg_text(Args *a, size_t i, char *into, size_t room) {
  size_t size = 0, copied = 0;
  into[0] = 0;
  if (i >= a->argc || napi_get_value_string_utf8(a->env, a->argv[i], NULL, 0, &size) != napi_ok) {
    reject_at(a, i, "not a string");
    return;
  }
  if (size >= room) {
    reject_at(a, i, "too long");
    return;
  }
  if (napi_get_value_string_utf8(a->env, a->argv[i], into, room, &copied) != napi_ok || strlen(into) != copied)
    reject_at(a, i, "has a NUL byte");
}

void *arg_handle(Args *a, size_t i, const napi_type_tag *tag, const char *wanted) {
  napi_valuetype type;
  bool ours = false;
  void *data = NULL;
  /* the type first: asking null for its tag would leave a TypeError pending */
  if (i >= a->argc || napi_typeof(a->env, a->argv[i], &type) != napi_ok || type != napi_object ||
      napi_check_object_type_tag(a->env, a->argv[i], tag, &ours) != napi_ok || !ours ||
      napi_unwrap(a->env, a->argv[i], &data) != napi_ok)
    reject_at(a, i, wanted);
  return data;
}

/* A getter that throws leaves its own exception pending: cleared, EINVAL. */
napi_value arg_field(Args *a, size_t i, const char *name) {
  napi_valuetype type;
  napi_value v;
  if (i >= a->argc || napi_typeof(a->env, a->argv[i], &type) != napi_ok || type != napi_object) {
    reject_at(a, i, "not an object");
    return NULL;
  }
  if (napi_get_named_property(a->env, a->argv[i], name, &v) != napi_ok) {
    napi_get_and_clear_last_exception(a->env, &v);
    reject_at(a, i, "unreadable field");
    return NULL;
  }
  return absent(a->env, v) ? NULL : v;
}

int64_t field_int(Args *a, napi_value field, const char *name, int64_t min, int64_t max, int64_t other) {
  int64_t n = other;
  if (field && !to_int(a->env, field, min, max, &n)) {
    char text[64];
    snprintf(text, sizeof text, "%s: not an integer in range", name);
    args_reject(a, text);
  }
  return n;
}

Bytes field_bytes(Args *a, napi_value field, const char *name) {
  Bytes b = {NULL, 0};
  if (field && !to_bytes(a->env, field, &b)) {
    char text[64];
    snprintf(text, sizeof text, "%s: not a Uint8Array", name);
    args_reject(a, text);
    return (Bytes){NULL, 0};
  }
  return b;
}
