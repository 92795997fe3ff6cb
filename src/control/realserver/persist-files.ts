// The files that make a host a real server again at boot: a script, its caller, and the sysctls for the time before it runs.
import { ARP_SETTINGS, arpSettingPaths } from './arp-settings.js';
import type { SavedSetting } from './saved.js';
import { realServerScript, type ScriptOptions } from './script.js';

/** A file by its path from the root; `link`: a symbolic link with this target instead of a text. */
export interface PersistFile {
  readonly path: string;
  readonly text?: string;
  readonly link?: string;
  readonly mode: number;
}

const SCRIPT = '/etc/weir/realserver';
const UNIT = '/etc/systemd/system/weir-realserver.service';
const WANTS = '/etc/systemd/system/multi-user.target.wants/weir-realserver.service';
const HOOK = '/etc/network/if-up.d/weir-realserver';
const SYSCTLS = '/etc/sysctl.d/90-weir-realserver.conf';

/** Every path that `persistFiles` may write, on any kind of host: they are removed with the last VIP. */
export const PERSIST_PATHS: readonly string[] = [WANTS, UNIT, HOOK, SYSCTLS, SCRIPT];

const UNIT_TEXT = `# Written by "weir realserver start --persist"; removed by "weir realserver stop --persist".
[Unit]
Description=Virtual addresses of an LVS real server
After=network-online.target
Wants=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${SCRIPT} start
ExecStop=${SCRIPT} stop

[Install]
WantedBy=multi-user.target
`;

const HOOK_TEXT = `#!/bin/sh
# Written by "weir realserver start --persist"; removed by "weir realserver stop --persist".
# Each interface that comes up may be one that faces the cluster; what is in place already stays as it is.
exec ${SCRIPT} start
`;

/** all and lo exist at any time and apply everywhere. The script sets those of interfaces, which may appear later. */
function sysctlText(): string {
  const lines = arpSettingPaths([]).map(({ path, setting }) => `${path} = ${ARP_SETTINGS[setting]}`);
  const origin = '# Written by "weir realserver start --persist": a real server does not answer ARP for its virtual addresses.';
  return [origin, ...lines, ''].join('\n');
}

/** Of an image: sysctl.d sets these before the script runs, and what they were before is the kernel's default. */
export const imageSettings = (): readonly SavedSetting[] =>
  arpSettingPaths([]).map(({ path, setting }) => ({ path, previous: '0', set: ARP_SETTINGS[setting] }));

/** `init`: `systemd` where that runs the host, else hooks of ifupdown. */
export function persistFiles(options: ScriptOptions, init: 'systemd' | 'ifupdown'): readonly PersistFile[] {
  const start: readonly PersistFile[] =
    init === 'systemd'
      ? [
          { path: UNIT, text: UNIT_TEXT, mode: 0o644 },
          { path: WANTS, link: UNIT, mode: 0o777 },
        ]
      : [{ path: HOOK, text: HOOK_TEXT, mode: 0o755 }];
  const settings = [...options.vips, ...(options.tunnels?.vips ?? [])].some(({ family }) => family === 'inet')
    ? [{ path: SYSCTLS, text: sysctlText(), mode: 0o644 }]
    : [];
  return [{ path: SCRIPT, text: realServerScript(options), mode: 0o755 }, ...settings, ...start];
}
