/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What SCTP's checksum (CRC32c, RFC 9260 appendix A) becomes when two bytes of a packet change, however long it is: the rest is not read.
 *
 * A CRC is linear: the checksums of two packets of one length differ by the CRC, begun at 0, of their difference. That is the changed bytes
 * and zeros behind them, and each zero byte multiplies by x^8. Polynomials are over GF(2), modulo CRC32c's; bit 31 is x^0, as in the checksum. */
#ifndef WEIR_CRC32C_H
#define WEIR_CRC32C_H

#define CRC32C 0x82f63b78u

/* [k][n] = x^(8 * n * 16^k) */
const volatile __u32 crc_power[4][16] = {
    {0x80000000, 0x00800000, 0x00008000, 0x00000080, 0x82f63b78, 0xfbc3faf9, 0x8b277743, 0x52a0c93f,
     0x6ea2d55c, 0x1c08b7d6, 0xf56e0ef4, 0x34019664, 0xa66805eb, 0x7a1f6b24, 0xe75d06aa, 0xc94ec098},
    {0x80000000, 0x18b8ea18, 0x510ac59a, 0xb2dea967, 0xb82be955, 0x36c41f1c, 0x19b29a35, 0xc9e90b9e,
     0xb8fdb1e7, 0xe55ef1f3, 0x1fe0b5c3, 0xe0553f1e, 0x18e4a304, 0x2b830011, 0x56993a31, 0x0246e2e6},
    {0x80000000, 0x88e56f72, 0x74c360a4, 0x631bb273, 0xe4172b16, 0x71892b1b, 0x835305c9, 0x196b1eae,
     0x0d65762a, 0xafc81338, 0xb5a50ab7, 0xf373c3ac, 0x5f60970f, 0xd46d3063, 0x3a5275ea, 0x02331c01},
    {0x80000000, 0x35d73a62, 0x28461564, 0x43eefc9f, 0xbf455269, 0x5edcdeb9, 0x65059450, 0x4e6f41a4,
     0xe2ea32dc, 0xf5b95b32, 0x695a4c87, 0xf204502c, 0x9a4f01b6, 0x941a0916, 0x4303cb97, 0x4c3d3d65},
};

/* A product. A global function, so that it is verified once. */
__noinline __u32 crc_multiply(__u32 a, __u32 b) {
  __u32 product = 0;
#pragma clang loop unroll(disable)
  for (int i = 0; i < 32; i++) {
    product ^= b & -(a >> 31);
    a <<= 1;
    b = b >> 1 ^ (CRC32C & -(b & 1));
  }
  return product;
}

/* What the checksum changes by. `bytes`: the difference of the two; `left`: how many bytes of the packet there are from them on. */
static __always_inline __u32 crc_change(__u16 bytes, __u16 left) {
  __u32 power = crc_power[0][left & 15];
#pragma clang loop unroll(full)
  for (int k = 1; k < 4; k++) {
    __u32 n = left >> 4 * k & 15;
    if (n) power = crc_multiply(power, crc_power[k][n]);
  }
  return crc_multiply(bytes, power);
}

#endif
