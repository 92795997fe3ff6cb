// IP protocol numbers (IANA), under the names that iptables, nft and ipvsadm use.

export const IpProtocol = {
  icmp: 1,
  ipip: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  gre: 47,
  esp: 50,
  ah: 51,
  icmpv6: 58,
  vrrp: 112,
  sctp: 132,
} as const;

/** Of a packet with an advert: VRRP itself, or an AH header in front of it. */
export type AdvertProtocol = typeof IpProtocol.vrrp | typeof IpProtocol.ah;
