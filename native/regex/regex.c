/* regex.c - PCRE2 for health checks, an addon of its own: only a checker with an expression loads it.
 *
 * compile(pattern, options): an expression. match(expression, bytes, from): where it matches, -1: nowhere. Texts are bytes. Both throw
 * an Error with PCRE2's words; match throws too when an expression and a text together take too many steps.
 */
#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* A page of a megabyte and an ordinary expression need some ten thousand steps; this many take about half a second. */
#define STEPS_MAX 10000000
#define DEPTH_KIB_MAX 20480

typedef struct {
  pcre2_code *code;
  pcre2_match_data *found;
  pcre2_match_context *limits;
} Expression;

static const napi_type_tag tag = {0x51c3e7a98b2d4f06, 0xa4408e1fd96b7c35};

static napi_value throw_text(napi_env env, const char *text) {
  napi_throw_error(env, NULL, text);
  return NULL;
}

static napi_value throw_code(napi_env env, int code, size_t at) {
  char words[160], text[224];
  if (pcre2_get_error_message(code, (PCRE2_UCHAR *)words, sizeof words) < 0) snprintf(words, sizeof words, "error %d", code);
  if (at == SIZE_MAX) snprintf(text, sizeof text, "%s", words);
  else snprintf(text, sizeof text, "%s at character %zu", words, at);
  return throw_text(env, text);
}

static void finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  Expression *e = data;
  pcre2_match_context_free(e->limits);
  pcre2_match_data_free(e->found);
  pcre2_code_free(e->code);
  free(e);
}

/* The bytes of a Uint8Array. */
static bool bytes_of(napi_env env, napi_value value, uint8_t **at, size_t *size) {
  bool is = false;
  napi_typedarray_type type;
  return napi_is_typedarray(env, value, &is) == napi_ok && is &&
         napi_get_typedarray_info(env, value, &type, size, (void **)at, NULL, NULL) == napi_ok && type == napi_uint8_array;
}

static napi_value js_compile(napi_env env, napi_callback_info info) {
  size_t argc = 2, size;
  napi_value argv[2], out;
  uint8_t *pattern;
  uint32_t options;
  if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc < 2 || !bytes_of(env, argv[0], &pattern, &size) ||
      napi_get_value_uint32(env, argv[1], &options) != napi_ok)
    return throw_text(env, "compile(pattern, options)");
  int code;
  PCRE2_SIZE at;
  Expression *e = calloc(1, sizeof *e);
  if (!e) return throw_text(env, "no memory");
  static const uint8_t none;
  e->code = pcre2_compile(size ? pattern : &none, size, options, &code, &at, NULL);
  if (!e->code) {
    free(e);
    return throw_code(env, code, at);
  }
  e->found = pcre2_match_data_create_from_pattern(e->code, NULL);
  e->limits = pcre2_match_context_create(NULL);
  if (e->found && e->limits) {
    pcre2_set_match_limit(e->limits, STEPS_MAX);
    pcre2_set_heap_limit(e->limits, DEPTH_KIB_MAX);
    if (napi_create_object(env, &out) == napi_ok && napi_type_tag_object(env, out, &tag) == napi_ok &&
        napi_wrap(env, out, e, finalize, NULL, NULL) == napi_ok)
      return out;
  }
  finalize(env, e, NULL);
  return throw_text(env, "no memory");
}

static napi_value js_match(napi_env env, napi_callback_info info) {
  size_t argc = 3, size;
  napi_value argv[3], out;
  uint8_t *text;
  int64_t from;
  bool ours = false;
  void *data;
  if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc < 3 ||
      napi_check_object_type_tag(env, argv[0], &tag, &ours) != napi_ok || !ours || napi_unwrap(env, argv[0], &data) != napi_ok ||
      !bytes_of(env, argv[1], &text, &size) || napi_get_value_int64(env, argv[2], &from) != napi_ok || from < 0)
    return throw_text(env, "match(expression, bytes, from)");
  Expression *e = data;
  static const uint8_t none;
  int code = (uint64_t)from > size
                 ? PCRE2_ERROR_NOMATCH
                 : pcre2_match(e->code, size ? text : &none, size, (PCRE2_SIZE)from, 0, e->found, e->limits);
  if (code < 0 && code != PCRE2_ERROR_NOMATCH) return throw_code(env, code, SIZE_MAX);
  int64_t at = code == PCRE2_ERROR_NOMATCH ? -1 : (int64_t)pcre2_get_ovector_pointer(e->found)[0];
  return napi_create_int64(env, at, &out) == napi_ok ? out : NULL;
}

NAPI_MODULE_INIT() {
  const struct {
    const char *name;
    napi_callback call;
  } calls[] = {{"compile", js_compile}, {"match", js_match}};
  for (size_t n = 0; n < sizeof calls / sizeof *calls; n++) {
    napi_value f;
    if (napi_create_function(env, calls[n].name, NAPI_AUTO_LENGTH, calls[n].call, NULL, &f) != napi_ok ||
        napi_set_named_property(env, exports, calls[n].name, f) != napi_ok)
      return NULL;
  }
  return exports;
}
