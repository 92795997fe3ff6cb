/* addon.c - the addon's entry: exports every call to JavaScript. */
#include "addon.h"

NAPI_MODULE_INIT() {
  const Export *const tables[] = {socket_exports,  message_exports, poll_exports,    epoll_exports,
                                  timer_exports,   netns_exports,   process_exports, spawn_exports,
                                  object_exports,  map_exports,     attach_exports,  program_exports, reactor_exports};
  log_install();
  for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
    for (const Export *e = tables[t]; e->name; e++) {
      napi_value f;
      if (napi_create_function(env, e->name, NAPI_AUTO_LENGTH, e->call, NULL, &f) != napi_ok ||
          napi_set_named_property(env, exports, e->name, f) != napi_ok)
        return NULL;
    }
  }
  return exports;
}
