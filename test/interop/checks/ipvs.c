// Stands in for the kernel's IPVS towards Debian's keepalived, where the kernel has none: loaded before it (LD_PRELOAD), it answers what
// keepalived sends to the generic netlink family "IPVS" by libnl, and writes each request as one line to standard error, between
// keepalived's own log lines: `IPVS <command> <attributes in hex>`. Every change is acknowledged: whether a kernel would have
// accepted it is the reader's to examine. Nothing else of libnl is touched.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct nl_sock;
struct nl_msg;
struct sockaddr_nl;
typedef int (*message_callback)(struct nl_msg *, void *);
typedef int (*error_callback)(struct sockaddr_nl *, struct nlmsgerr *, void *);

// Numbers of libnl's <netlink/handlers.h>, whose header belongs to a package that a test should not need.
enum { CALLBACK_VALID = 0, CALLBACK_ACK = 4, CALLBACKS = 16 };
// The kernel gives numbers from 16 on, one after the other: it has no family with this one.
enum { FAMILY = 0xfff0 };

struct nlmsghdr *nlmsg_hdr(struct nl_msg *);
struct nl_msg *nlmsg_alloc(void);
void nlmsg_free(struct nl_msg *);
void *genlmsg_put(struct nl_msg *, uint32_t, uint32_t, int, int, int, uint8_t, uint8_t);
int nla_put(struct nl_msg *, int, int, const void *);

static struct nl_sock *ipvs;
static int pending = -1;
static struct { message_callback call; void *argument; } callbacks[CALLBACKS];

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

// Programs that keepalived starts are none of ours.
__attribute__((constructor)) static void begin(void) { unsetenv("LD_PRELOAD"); }

int genl_ctrl_resolve(struct nl_sock *sock, const char *name)
{
	if (strcmp(name, IPVS_GENL_NAME) != 0) return NEXT(genl_ctrl_resolve)(sock, name);
	ipvs = sock;
	return FAMILY;
}

int nl_socket_modify_cb(struct nl_sock *sock, unsigned type, unsigned kind, message_callback call, void *argument)
{
	if (sock == ipvs && type < CALLBACKS) {
		callbacks[type].call = call;
		callbacks[type].argument = argument;
	}
	return NEXT(nl_socket_modify_cb)(sock, type, kind, call, argument);
}

int nl_send_auto(struct nl_sock *sock, struct nl_msg *message)
{
	const struct nlmsghdr *header = nlmsg_hdr(message);
	if (sock != ipvs || header->nlmsg_type != FAMILY) return NEXT(nl_send_auto)(sock, message);
	const unsigned char *bytes = NLMSG_DATA(header);
	size_t length = header->nlmsg_len - NLMSG_HDRLEN;
	pending = bytes[0];
	char line[8192];
	int end = snprintf(line, sizeof line, "IPVS %d ", pending);
	for (size_t at = GENL_HDRLEN; at < length && (size_t)end + 4 < sizeof line; at++) end += sprintf(line + end, "%02x", bytes[at]);
	line[end++] = '\n';
	// One write, so that no line of another process stands inside.
	if (write(STDERR_FILENO, line, end) != end) abort();
	return header->nlmsg_len;
}

static void put(struct nl_msg *message, int attribute, uint32_t value) { nla_put(message, attribute, sizeof value, &value); }

// The kernel's defaults, for those two requests that have an answer.
static void answer(int command)
{
	struct nl_msg *message = nlmsg_alloc();
	if (message == NULL) abort();
	genlmsg_put(message, 0, 0, FAMILY, 0, 0, command, IPVS_GENL_VERSION);
	if (command == IPVS_CMD_GET_INFO) {
		put(message, IPVS_INFO_ATTR_VERSION, 0x010201);
		put(message, IPVS_INFO_ATTR_CONN_TAB_SIZE, 4096);
	} else {
		put(message, IPVS_CMD_ATTR_TIMEOUT_TCP, 900);
		put(message, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, 120);
		put(message, IPVS_CMD_ATTR_TIMEOUT_UDP, 300);
	}
	if (callbacks[CALLBACK_VALID].call != NULL) callbacks[CALLBACK_VALID].call(message, callbacks[CALLBACK_VALID].argument);
	nlmsg_free(message);
}

int nl_recvmsgs_default(struct nl_sock *sock)
{
	if (sock != ipvs || pending < 0) return NEXT(nl_recvmsgs_default)(sock);
	int command = pending;
	pending = -1;
	if (command == IPVS_CMD_GET_INFO || command == IPVS_CMD_GET_CONFIG) answer(command);
	if (callbacks[CALLBACK_ACK].call == NULL) abort();
	callbacks[CALLBACK_ACK].call(NULL, callbacks[CALLBACK_ACK].argument);
	return 0;
}
