// What `weir install` puts into a system: links to the commands, the udev rule, units and drop-ins, manual and completion, rsyslog's file. Each text
// begins with a line that names it as weir's, with a digest of the rest: what was changed by hand is neither overwritten nor removed.
import { createHash } from 'node:crypto';
import { COMMANDS_FOLDER, commandPath, shippedText } from '../../sys/files/shipped.js';

export interface InstalledFile {
  readonly path: string;
  /** What must be there for the file to make sense; absent: always. */
  readonly needs?: readonly string[];
  /** Where `needs` is missing, that is not worth a line. */
  readonly optional?: true;
  readonly content: { readonly kind: 'link'; readonly target: string } | { readonly kind: 'text'; readonly text: string };
}

/** A manual page, or a shell's completion: made from the tables of the commands. */
export interface MadeText {
  /** As in /usr/share: `man/man8/ipvsadm.8`. */
  readonly path: string;
  readonly text: string;
  /** Of the daemon's commands. */
  readonly keepalived: boolean;
}

/** What is installed beside the commands, the udev rule, ipvsadm.service and what follows the packet filter. */
export interface InstallChoice {
  readonly keepalived: boolean;
  readonly rsyslog: boolean;
  readonly made: readonly MadeText[];
}

const SYSTEMD = ['/etc/systemd', '/lib/systemd', '/usr/lib/systemd'];
const UDEV = ['/etc/udev', '/lib/udev/rules.d', '/usr/lib/udev/rules.d'];
const RSYSLOG = ['/etc/rsyslog.d'];
const UNITS = '/etc/systemd/system';
/** That load rules of the packet filter. nftables can be reloaded, by commands of its own. */
const FIREWALLS = ['nftables', 'netfilter-persistent', 'iptables', 'ip6tables', 'firewalld', 'ufw'];
const COMMANDS = ['weir', 'ipvsadm', 'ipvsadm-save', 'ipvsadm-restore', 'tcpvsadm'];
/** What has to be a file's first line: of zsh's completion. */
const FIRST_LINE = /^#compdef [^\n]*\n/;
const MARK = /^(?:#|\.\\") Installed by weir install \(([0-9a-f]{16})\); weir uninstall removes it\.\n/m;
const SHARE = '/usr/local/share';

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** `comment`: how one begins in this file. */
function marked(text: string, comment: string): string {
  const [first = ''] = FIRST_LINE.exec(text) ?? [];
  return `${first}${comment} Installed by weir install (${digestOf(text)}); weir uninstall removes it.\n${text.slice(first.length)}`;
}

/** An installed text without weir's line, as a file has it that was copied by hand. */
export const plainText = (installed: string): string => installed.replace(MARK, '');

/** Whether a text is weir's: as it was installed, changed since, or of another owner. */
export function originOf(text: string): 'weir' | 'changed' | 'foreign' {
  const mark = MARK.exec(text);
  if (mark === null || (mark.index > 0 && mark.index !== FIRST_LINE.exec(text)?.[0].length)) return 'foreign';
  return digestOf(plainText(text)) === mark[1] ? 'weir' : 'changed';
}

const link = (name: string): InstalledFile => ({
  path: `${COMMANDS_FOLDER}/${name}`,
  content: { kind: 'link', target: commandPath(name) },
});

const text = (path: string, shipped: string, needs?: readonly string[]): InstalledFile => ({
  path,
  ...(needs === undefined ? {} : { needs }),
  content: { kind: 'text', text: marked(shippedText(shipped), '#') },
});

/** What makes weir follow a service that loads or flushes the rules of the packet filter; it may be installed later. */
const besideFirewall = (service: string): InstalledFile =>
  text(`${UNITS}/${service}.service.d/weir.conf`, `share/systemd/follow-${service === 'nftables' ? service : 'firewall'}.conf`, SYSTEMD);

/** Its reader need not be here: /usr/share has the folder of the same name where it is. */
function made({ path, text }: MadeText): InstalledFile {
  const [folder = ''] = path.split('/');
  const content = { kind: 'text', text: marked(text, folder === 'man' ? '.\\"' : '#') } as const;
  return { path: `${SHARE}/${path}`, needs: [`/usr/share/${folder}`], optional: true, content };
}

/** @throws WeirError artifact-missing, the system's error */
export function installedFiles({ keepalived, rsyslog, made: texts }: InstallChoice): readonly InstalledFile[] {
  return [
    ...COMMANDS.map(link),
    text('/etc/udev/rules.d/90-weir.rules', 'share/udev/90-weir.rules', UDEV),
    // What units call, any other init may call, too.
    text(`${UNITS}/ipvsadm.service`, 'share/systemd/ipvsadm.service', SYSTEMD),
    text('/usr/local/lib/weir/ipvsadm-service', 'share/systemd/ipvsadm-service'),
    text(`${UNITS}/weir-firewall.service`, 'share/systemd/weir-firewall.service', SYSTEMD),
    text(`${UNITS}/weir-run.service`, 'share/systemd/weir-run.service', SYSTEMD),
    text(`${UNITS}/weir-apply.service`, 'share/systemd/weir-apply.service', SYSTEMD),
    text(`${UNITS}/weir-switch.service`, 'share/systemd/weir-switch.service', SYSTEMD),
    text(`${UNITS}/weir-sync.service`, 'share/systemd/weir-sync.service', SYSTEMD),
    text('/usr/local/lib/weir/follow-firewall', 'share/systemd/follow-firewall'),
    ...FIREWALLS.map(besideFirewall),
    ...texts.filter((one) => keepalived || !one.keepalived).map(made),
    ...(keepalived
      ? [link('keepalived'), link('genhash'), text(`${UNITS}/keepalived.service`, 'share/systemd/weir-keepalived.service', SYSTEMD)]
      : []),
    ...(rsyslog ? [text('/etc/rsyslog.d/10-keepalived.conf', 'share/rsyslog/keepalived.conf', RSYSLOG)] : []),
  ];
}

/** What weir installed before and has another name now: removed wherever weir is installed or uninstalled. */
export const FORMER_FILES = ['/etc/systemd/system/weir.service', '/etc/systemd/system/multi-user.target.wants/weir.service'];
