// A host of its own whose first process is systemd: an overlay of this system's files, of which nothing starts by itself, and a network namespace.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { unlessCode } from '../../src/sys/errno.js';

/**
 * Arguments: a folder that is covered by a tmpfs, and one that the host shares with this system. What systemd would start or change at boot is taken
 * out of the overlay; of /dev it has what programs need.
 */
const BOOT = `set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
cd "$1"
mkdir upper work root
mount -t overlay overlay -o lowerdir=/,upperdir="$1/upper",workdir="$1/work" root
cd root
rm -rf usr/lib/systemd/system/*.wants usr/lib/systemd/system/*.requires etc/systemd/system/*.wants etc/systemd/system/*.requires
rm -rf usr/lib/systemd/system-generators usr/lib/systemd/system-environment-generators
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs dev
for device in null zero full random urandom tty; do touch "dev/$device"; mount --bind "/dev/$device" "dev/$device"; done
mkdir -p dev/shm sys/fs/cgroup ".$2"
mount -t tmpfs tmpfs sys/fs/cgroup
mkdir sys/fs/cgroup/systemd
mount -t cgroup -o none,name=systemd systemd sys/fs/cgroup/systemd 2>/dev/null || { umount sys/fs/cgroup; mount -t cgroup2 cgroup2 sys/fs/cgroup; }
mount --bind "$2" ".$2"
mkdir old
pivot_root . old
cd /
umount -l old
hostname lvs1
export container=weir
exec /lib/systemd/systemd --system --unit=basic.target --log-target=console --show-status=no
`;

const READY_TRIES = 300;

export class SystemdHost {
  private constructor(
    readonly unshare: ChildProcess,
    /** Of its first process, as this system counts. */
    readonly pid: number,
  ) {}

  /** `folder`: for its files; `shared`: a folder that it sees at the same path. */
  static async boot(folder: string, shared: string): Promise<SystemdHost> {
    mkdirSync(folder);
    const script = join(shared, 'boot.sh');
    writeFileSync(script, BOOT);
    const isolation = ['--net', '--pid', '--fork', '--kill-child', '--mount', '--uts', '--ipc', '--cgroup'];
    const child = spawn('unshare', [...isolation, 'sh', script, folder, shared], { stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (printed += piece));
    for (let tries = 0; tries < READY_TRIES && child.exitCode === null; tries++) {
      const host = new SystemdHost(child, firstChild(child.pid ?? 0));
      if (host.pid > 0 && /^(?:running|degraded)/.test(host.try('systemctl', 'is-system-running').stdout)) return host;
      await sleep(100);
    }
    child.kill('SIGKILL');
    throw new Error(`systemd did not come up: ${printed}`);
  }

  get enter(): readonly string[] {
    return ['/usr/bin/nsenter', '--target', String(this.pid), '--mount', '--net', '--uts', '--ipc', '--pid', '--cgroup'];
  }

  try(...words: readonly string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
    const [command = '', ...rest] = [...this.enter, ...words];
    return spawnSync(command, rest, { encoding: 'utf8' });
  }

  run(...words: readonly string[]): string {
    const { status, stdout, stderr } = this.try(...words);
    if (status !== 0) throw new Error(`${words.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  }

  /** Its first process ends, and so all of it. */
  async end(): Promise<void> {
    const gone = new Promise((done) => this.unshare.once('exit', done));
    if (this.unshare.exitCode === null && this.unshare.signalCode === null) {
      this.unshare.kill('SIGKILL');
      await gone;
    }
  }
}

/** 0: there is none yet. */
const firstChild = (pid: number): number =>
  Number(unlessCode(() => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'), ['ENOENT', 'ESRCH'], '').split(' ')[0] ?? 0);
