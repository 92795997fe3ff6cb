// Mail addresses and the relay of keepalived's sample configuration: mail to them is lost.

import { globalPlace } from '../place.js';
import { findingOf, type LintNode, type LintRule, type LintVerdict } from '../rule.js';

const SAMPLE: LintVerdict = {
  code: 'mail-to-sample-address',
  severity: 'info',
  meaning: 'Mail is sent to the addresses (`…@firewall.loc`) or by the relay (192.168.200.1) of keepalived’s sample configuration.',
};
const DOMAIN = '@firewall.loc';
const RELAY = '192.168.200.1';

/** Does this node send mail? Real servers do, unless it is turned off. */
function mails({ configuration }: LintNode): boolean {
  const { instances, syncGroups, virtualServers } = configuration;
  if ([...instances, ...syncGroups].some(({ notify }) => notify.smtpAlert)) return true;
  return virtualServers.some(
    ({ smtpAlert, realServers }) => smtpAlert || realServers.some((server) => server.smtpAlert && server.checkers.length > 0),
  );
}

export const sampleMail: LintRule = {
  verdicts: [SAMPLE],
  examine: (nodes) =>
    nodes.flatMap((node) => {
      const { notificationEmail, smtpServer } = node.configuration.global;
      const left = [...notificationEmail.filter((address) => address.endsWith(DOMAIN)), ...(smtpServer?.host === RELAY ? [RELAY] : [])];
      if (left.length === 0 || notificationEmail.length === 0 || smtpServer === undefined || !mails(node)) return [];
      const at = globalPlace(node, left[0] === RELAY ? 'smtp_server' : 'notification_email');
      const fix = 'use your own addresses and relay, or remove notification_email';
      return [findingOf(SAMPLE, at, 'mail goes to the addresses or the relay of the sample file', left.join(', '), fix)];
    }),
};
