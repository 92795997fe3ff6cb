/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What stands between the outer and the inner IP header of a tunnel: for those that write it, and for those that find it quoted. */
#ifndef WEIR_TUNNEL_HEADERS_H
#define WEIR_TUNNEL_HEADERS_H

#define PROTOCOL_IPIP 4
#define PROTOCOL_IPV6 41
#define PROTOCOL_GRE 47
#define UDP_LEN 8
#define GRE_LEN 4
#define GRE_SUM 0x8000 /* the header has a checksum, and 4 bytes more */
#define GUE_LEN 4
#define OUTER_MTU_MIN 68

#endif
