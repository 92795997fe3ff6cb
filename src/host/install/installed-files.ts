// What `weir install` puts into a system: links to the commands, the udev rule, units, rsyslog's file. Each text begins with a line that
// names it as weir's, with a digest of the rest: what was changed by hand is neither overwritten nor removed.
import { createHash } from 'node:crypto';
import { COMMANDS_FOLDER, commandPath, shippedText } from '../../sys/files/shipped.js';

export interface InstalledFile {
  readonly path: string;
  /** What must be there for the file to make sense; absent: always. */
  readonly needs?: readonly string[];
  readonly content: { readonly kind: 'link'; readonly target: string } | { readonly kind: 'text'; readonly text: string };
}

/** What is installed beside the commands, the udev rule and weir.service. */
export interface InstallChoice {
  readonly keepalived: boolean;
  readonly rsyslog: boolean;
}

const SYSTEMD = ['/etc/systemd', '/lib/systemd', '/usr/lib/systemd'];
const UDEV = ['/etc/udev', '/lib/udev/rules.d', '/usr/lib/udev/rules.d'];
const RSYSLOG = ['/etc/rsyslog.d'];
const COMMANDS = ['weir', 'ipvsadm', 'ipvsadm-save', 'ipvsadm-restore'];
const MARK = /^# Installed by weir install \(([0-9a-f]{16})\); weir uninstall removes it\.\n/;

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

const marked = (text: string): string => `# Installed by weir install (${digestOf(text)}); weir uninstall removes it.\n${text}`;

/** Whether a text is weir's: as it was installed, changed since, or of another owner. */
export function originOf(text: string): 'weir' | 'changed' | 'foreign' {
  const mark = MARK.exec(text);
  if (mark === null) return 'foreign';
  return digestOf(text.slice(mark[0].length)) === mark[1] ? 'weir' : 'changed';
}

const link = (name: string): InstalledFile => ({
  path: `${COMMANDS_FOLDER}/${name}`,
  content: { kind: 'link', target: commandPath(name) },
});

const text = (path: string, shipped: string, needs: readonly string[]): InstalledFile => ({
  path,
  needs,
  content: { kind: 'text', text: marked(shippedText(shipped)) },
});

/** @throws WeirError artifact-missing, the system's error */
export function installedFiles({ keepalived, rsyslog }: InstallChoice): readonly InstalledFile[] {
  return [
    ...COMMANDS.map(link),
    text('/etc/udev/rules.d/90-weir.rules', 'share/udev/90-weir.rules', UDEV),
    text('/etc/systemd/system/weir.service', 'examples/weir.service', SYSTEMD),
    ...(keepalived
      ? [
          link('keepalived'),
          link('genhash'),
          text('/etc/systemd/system/keepalived.service', 'share/systemd/weir-keepalived.service', SYSTEMD),
        ]
      : []),
    ...(rsyslog ? [text('/etc/rsyslog.d/10-keepalived.conf', 'share/rsyslog/keepalived.conf', RSYSLOG)] : []),
  ];
}

/** An installed text without weir's line, as a file has it that was copied by hand. */
export const plainText = (installed: string): string => installed.replace(MARK, '');
