/* message.c - datagrams with control messages (cmsg(3)): hop limits, packet information. The bytes of the control
 * messages are parsed in TypeScript. */
#include "addon.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define CONTROL_ROOM 1024

/* sendmsg(fd, bytes, sockaddr | null, control | null): bytes sent */
static napi_value js_sendmsg(napi_env env, napi_callback_info info) {
  ARGS("sendmsg");
  int fd = arg_fd(&a, 0);
  Bytes bytes = arg_bytes(&a, 1), address = arg_bytes_maybe(&a, 2), control = arg_bytes_maybe(&a, 3);
  _Alignas(struct cmsghdr) uint8_t room[CONTROL_ROOM];
  if (control.size > sizeof room) args_reject(&a, "argument 4: too long");
  if (args_bad(&a)) return NULL;
  struct iovec part = {.iov_base = bytes.at, .iov_len = bytes.size};
  struct msghdr m = {.msg_name = address.at, .msg_namelen = (socklen_t)address.size, .msg_iov = &part, .msg_iovlen = 1};
  if (control.size) {
    memcpy(room, control.at, control.size);
    m.msg_control = room;
    m.msg_controllen = control.size;
  }
  ssize_t n = sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
  return n < 0 ? fail(env, "sendmsg", errno) : number(env, n);
}

/* recvmsg(fd, into, sockaddr | null, control): bytes read, -1: nothing waiting. What of `control` was not written is 0.
 * Descriptors that came along (SCM_RIGHTS) are not taken: no buffer for them is given to such sockets. */
static napi_value js_recvmsg(napi_env env, napi_callback_info info) {
  ARGS("recvmsg");
  int fd = arg_fd(&a, 0);
  Bytes into = arg_bytes(&a, 1), address = arg_bytes_maybe(&a, 2), control = arg_bytes(&a, 3);
  _Alignas(struct cmsghdr) uint8_t room[CONTROL_ROOM];
  if (control.size > sizeof room) args_reject(&a, "argument 4: too long");
  if (args_bad(&a)) return NULL;
  int domain = 0;
  socklen_t size = sizeof domain;
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0) return fail(env, "recvmsg", errno);
  if (domain == AF_UNIX) return fail(env, "recvmsg", EOPNOTSUPP);
  struct iovec part = {.iov_base = into.at, .iov_len = into.size};
  struct msghdr m = {.msg_name = address.at,
                     .msg_namelen = (socklen_t)address.size,
                     .msg_iov = &part,
                     .msg_iovlen = 1,
                     .msg_control = room,
                     .msg_controllen = control.size};
  memset(room, 0, sizeof room);
  ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return number(env, -1);
  if (n < 0) return fail(env, "recvmsg", errno);
  if (control.size) memcpy(control.at, room, control.size);
  return number(env, n);
}

const Export message_exports[] = {
    {"sendmsg", js_sendmsg},
    {"recvmsg", js_recvmsg},
    {NULL, NULL},
};
