// Recordings in which weir's VRRP logs something else than keepalived, each with its reason.
const FALLS =
  'masters that refuse each other both continue: keepalived restarts its advert timer with every packet that it drops, so one stops sending';
const GOODBYE =
  'every member of a sync group that was MASTER sends an advert of priority 0 when another fails: its backups need not wait for the down timer';
const TWICE = 'routes and rules are cleaned up once at the start, not twice';
const CLEANED = 'what a crashed run may have left is removed from macvlans, too';
const OLD_BLOCK = 'the second set of gratuitous ARPs is dropped when the node stops being master';

export const VRRP_DIFFERENCES: Readonly<Record<string, string>> = {
  '1-reload': 'its last file is invalid: keepalived exits and leaves its addresses, weir continues with the previous configuration',
  '2-auth-ah-wrong': FALLS,
  '2-auth-pass-vs-none': FALLS,
  '2-auth-pass-wrong': FALLS,
  '2-starve-higher': FALLS,
  '2-starve-interval2': FALLS,
  '2-starve-pass': FALLS,
  '2-starve-version': FALLS,
  '2-starve-vip': FALLS,
  '2-sync-two-nodes': GOODBYE,
  '2-unicast-ttl-range': FALLS,
  '2-unicast-vs-multicast': 'weir logs that one node uses unicast and the other multicast; keepalived does not',
  '2-version-2-vs-3': FALLS,
  '2-vip-count': FALLS,
  '2-vip-other': FALLS,
  '3-evip-deleted': OLD_BLOCK,
  '3-file-init': 'files are read after the start of the instances, not before',
  '3-route-deleted': TWICE,
  '3-src-address-tracked': 'track_src_ip works: a missing address causes FAULT',
  '3-sync-iface': GOODBYE,
  '3-sync-script': GOODBYE,
  '3-vip-deleted': OLD_BLOCK,
  '4-fifo-raw2': GOODBYE,
  '5-routes-rules': TWICE,
  '5-vmac': CLEANED,
  '5-vmac-named-xmit-base': CLEANED,
  '5-vmac-no-accept': CLEANED,
  '5-vmac-v6': CLEANED,
};
