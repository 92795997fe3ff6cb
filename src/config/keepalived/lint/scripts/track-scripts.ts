// Tracking scripts without a useful result: killed before they end, never failing, or asking the virtual address.
import { formatAddress } from '../../../../model/address-text.js';
import type { TrackScript } from '../../../../model/keepalived/trackers.js';
import { placeIn } from '../place.js';
import { findingOf, type LintFinding, type LintNode, type LintRule, type LintVerdict } from '../rule.js';
import { type ShellLines, shellLines } from './shell-lines.js';

const SLOW: LintVerdict = {
  code: 'script-sleeps-too-long',
  severity: 'warning',
  meaning:
    'A tracking script sleeps as long as its `timeout` (without one: its `interval`) or longer: it is killed before it ends, and counts as failed.',
};
const ALWAYS: LintVerdict = {
  code: 'script-never-fails',
  severity: 'warning',
  meaning: 'Every branch of a tracking script ends in `echo`: its output is ignored, and its exit status is always 0.',
};
const ITSELF: LintVerdict = {
  code: 'script-checks-keepalived',
  severity: 'warning',
  meaning: 'A tracking script checks whether keepalived runs: it does, since it runs the script. So nothing is checked.',
};
const VIP: LintVerdict = {
  code: 'script-checks-virtual-address',
  severity: 'warning',
  meaning:
    'A tracking script connects to the virtual address: the master’s service answers both nodes (or neither), so its failure causes no failover. A check that the address is local keeps a backup from ever becoming master.',
};

/** A script, and the lines of its file if it could be read. */
interface Look {
  readonly node: LintNode;
  readonly tracker: TrackScript;
  readonly lines: ShellLines | undefined;
  /** The virtual addresses of the instances that track it. */
  readonly addresses: readonly string[];
}

const place = ({ node, tracker }: Look) => placeIn(node, 'vrrp_script', tracker.name, 'script');

function slow(look: Look): readonly LintFinding[] {
  const { node, tracker, lines } = look;
  const seconds = (tracker.timeoutUs ?? tracker.intervalUs) / 1e6;
  if (lines === undefined || lines.longestSleep < seconds) return [];
  const at = placeIn(node, 'vrrp_script', tracker.name, 'timeout', 'interval');
  const cause = `it sleeps ${lines.longestSleep} s, and is killed after ${seconds} s (${tracker.timeoutUs === undefined ? 'its interval, since it has no timeout' : 'timeout'})`;
  return [
    findingOf(
      SLOW,
      at,
      `${tracker.name} is killed before it ends`,
      cause,
      'set a timeout longer than the sleep, or use rise and fall instead of sleeping',
    ),
  ];
}

function always(look: Look): readonly LintFinding[] {
  const { tracker, lines } = look;
  if (lines?.endsInEcho !== true) return [];
  const cause = `${lines.path} ends in echo on every branch, which always succeeds`;
  return [findingOf(ALWAYS, place(look), `${tracker.name} never fails`, cause, 'exit with 1 if the check fails')];
}

const KEEPALIVED = /^(?:\S*\/)?(?:(?:killall|pkill)\s+-0|pidof|pgrep(?:\s+-\w+)*)\s+(?:\S*\/)?keepalived$/;

function itself(look: Look): readonly LintFinding[] {
  const { tracker } = look;
  const command = tracker.script.argv.join(' ');
  if (!KEEPALIVED.test(command)) return [];
  const cause = `'${command}' always succeeds, since keepalived runs it`;
  return [findingOf(ITSELF, place(look), `${tracker.name} checks nothing`, cause, 'check the service behind the virtual address')];
}

const quoted = (address: string): string => address.replace(/[.]/g, '\\.');

function virtual(look: Look): readonly LintFinding[] {
  const { tracker, lines, addresses } = look;
  for (const address of addresses) {
    const pattern = new RegExp(`(?<![\\w.:])${quoted(address)}(?![\\w.]|:[0-9a-f]*:)`);
    const inCommand = pattern.test(tracker.script.argv.join(' '));
    // A script that first tests whether the address is local handles that case.
    if (!inCommand && !(lines !== undefined && !lines.looksAtAddresses && lines.commands.some((line) => pattern.test(line)))) continue;
    const cause = 'the master has the address, so the backup checks the master’s service, too';
    const fix = 'use 127.0.0.1, or the node’s own address';
    return [findingOf(VIP, place(look), `${tracker.name} uses the virtual address ${address}`, cause, fix)];
  }
  return [];
}

function lookAt(node: LintNode): readonly Look[] {
  const { scripts, instances, syncGroups } = node.configuration;
  return scripts.flatMap((tracker) => {
    const tracks = ({ track }: { readonly track: { readonly scripts: readonly { readonly name: string }[] } }): boolean =>
      track.scripts.some(({ name }) => name === tracker.name);
    const groups = syncGroups.filter(tracks);
    const users = instances.filter((one) => tracks(one) || groups.some(({ members }) => members.includes(one.name)));
    if (users.length === 0) return [];
    const addresses = users.flatMap((one) => [...one.addresses, ...one.excludedAddresses].map(({ address }) => formatAddress(address)));
    return [{ node, tracker, lines: shellLines(tracker.script, node.scripts), addresses: [...new Set(addresses)] }];
  });
}

export const trackScripts: LintRule = {
  verdicts: [SLOW, ALWAYS, ITSELF, VIP],
  examine: (nodes) => nodes.flatMap(lookAt).flatMap((look) => [...slow(look), ...always(look), ...itself(look), ...virtual(look)]),
};
