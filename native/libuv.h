/* libuv.h - the few calls of libuv that readiness needs, declared here because Node-API's own headers leave libuv
 * out. All of them are in libuv's stable 1.x ABI (handles opaque, sizes asked at run time), exported by every node.
 */
#ifndef WEIR_LIBUV_H
#define WEIR_LIBUV_H

#include <stddef.h>

typedef struct uv_loop_s uv_loop_t;
typedef struct uv_handle_s uv_handle_t;
typedef struct uv_poll_s uv_poll_t;
typedef void (*uv_poll_cb)(uv_poll_t *handle, int status, int events);
typedef void (*uv_close_cb)(uv_handle_t *handle);

enum { UV_POLL = 8 };                                                              /* uv_handle_type */
enum { UV_READABLE = 1, UV_WRITABLE = 2, UV_DISCONNECT = 4, UV_PRIORITIZED = 8 }; /* uv_poll_event */

size_t uv_handle_size(int type);
void *uv_handle_get_data(const uv_handle_t *handle);
void uv_handle_set_data(uv_handle_t *handle, void *data);
int uv_poll_init(uv_loop_t *loop, uv_poll_t *handle, int fd);
int uv_poll_start(uv_poll_t *handle, int events, uv_poll_cb callback);
int uv_poll_stop(uv_poll_t *handle);
void uv_close(uv_handle_t *handle, uv_close_cb callback);

#endif
