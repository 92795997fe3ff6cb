// Recordings in which weir's VRRP logs something else than keepalived, each with its reason.
const falls =
  'masters that refuse each other both continue: keepalived restarts its advert timer with every packet that it drops, so one stops sending';
const goodbye =
  'every member of a sync group that was MASTER sends an advert of priority 0 when another fails: its backups need not wait for the down timer';
const twice = 'routes and rules are cleaned up once at the start, not twice';
const cleaned = 'what a crashed run may have left is removed from macvlans, too';
const oldBlock = 'the second set of gratuitous ARPs is dropped when the node stops being master';

export const VRRP_DIFFERENCES: Readonly<Record<string, string>> = {
  '1-reload': 'its last file is invalid: keepalived exits and leaves its addresses, weir continues with the previous configuration',
  '2-auth-ah-wrong': falls,
  '2-auth-pass-vs-none': falls,
  '2-auth-pass-wrong': falls,
  '2-starve-higher': falls,
  '2-starve-interval2': falls,
  '2-starve-pass': falls,
  '2-starve-version': falls,
  '2-starve-vip': falls,
  '2-sync-two-nodes': goodbye,
  '2-unicast-ttl-range': falls,
  '2-unicast-vs-multicast': 'weir logs that one node uses unicast and the other multicast; keepalived does not',
  '2-version-2-vs-3': falls,
  '2-vip-count': falls,
  '2-vip-other': falls,
  '3-evip-deleted': oldBlock,
  '3-file-init': 'files are read after the start of the instances, not before',
  '3-route-deleted': twice,
  '3-src-address-tracked': 'track_src_ip works: a missing address causes FAULT',
  '3-sync-iface': goodbye,
  '3-sync-script': goodbye,
  '3-vip-deleted': oldBlock,
  '4-fifo-raw2': goodbye,
  '5-routes-rules': twice,
  '5-vmac': cleaned,
  '5-vmac-named-xmit-base': cleaned,
  '5-vmac-no-accept': cleaned,
  '5-vmac-v6': cleaned,
};
