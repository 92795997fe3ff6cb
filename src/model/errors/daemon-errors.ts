// What keeps a command from having the daemon do something.
import type { ErrorRows } from './error-row.js';

interface Process {
  readonly pid: number;
}

export const daemonErrors = {
  'daemon-not-running': {
    text: ({ where }: { where: string }) => `no keepalived runs: ${where}`,
    hint: 'systemctl start weir-run; of a keepalived.conf alone: systemctl start keepalived',
    exitStatus: 1,
  },
  'daemon-ended': {
    text: ({ pid }: Process) => `keepalived (process ${pid}) ended before it answered`,
    hint: 'its log has the reason',
    exitStatus: 1,
  },
  'daemon-silent': {
    text: ({ pid, seconds }: Process & { seconds: number }) => `keepalived (process ${pid}) did not answer for ${seconds} s`,
    hint: 'its log has the reason',
    exitStatus: 1,
  },
  'proxy-listen': {
    text: ({ where, errno }: { where: string; errno: number }) => `cannot listen on ${where}: error ${errno}`,
    hint: 'see which process has the port (ss -ltnp); ports below 1024 need root',
    exitStatus: 1,
  },
  'certificate-unusable': {
    text: ({ file, why }: { file: string; why: string; hint?: string }) => `${file}: ${why}`,
    hint: ({ hint }) => hint ?? 'openssl x509 -noout -text -in FILE shows a certificate; its chain follows it in the same file, in PEM',
    exitStatus: 1,
  },
  'engine-absent': {
    text: ({ program }: { program: string }) => `${program} is not installed`,
    hint: ({ program }) => `apt-get install ${program}`,
    exitStatus: 1,
  },
  'engine-foreign-file': {
    text: ({ path }: { path: string }) => `${path} was not written by weir, and is not replaced`,
    hint: 'name another directory with --dir, or move the file away',
    exitStatus: 1,
  },
  'engine-unwritten': {
    text: ({ folder, why }: { folder: string; why: string }) => `the engine's configuration cannot be written in ${folder}: ${why}`,
    hint: 'see whether its file system is full (df) or read-only (mount)',
    exitStatus: 1,
  },
  'engine-refused': {
    text: ({ why }: { why: string }) => `the engine refuses the configuration: ${why}`,
    hint: 'weir engine … --print shows it; an address that is not here needs net.ipv4.ip_nonlocal_bind=1',
    exitStatus: 1,
  },
  'engine-losses': {
    text: ({ count }: { count: number }) => `the engine does not have ${count} of the things that the file asks for, see above`,
    hint: 'change the file, or add --lossy',
    exitStatus: 1,
  },
  'proxy-silent': {
    text: ({ path, why }: { path: string; why: string }) => `the proxy at ${path} gave no answer: ${why}`,
    hint: 'see whether its process stands still (ps), and its log',
    exitStatus: 1,
  },
  'daemons-several': {
    text: ({ pids }: { pids: readonly number[] }) => `several keepalived run here: processes ${pids.join(', ')}`,
    hint: 'name one by its process number',
    exitStatus: 1,
  },
  'feedback-runs': {
    text: ({ pid, service }: Process & { service: string }) => `process ${pid} moves the weights of ${service} already`,
    hint: 'weir feedback status',
    exitStatus: 1,
  },
  'feedback-not-running': {
    text: ({ service }: { service: string }) => `weir feedback does not run ${service}`,
    hint: 'weir feedback run',
    exitStatus: 1,
  },
  'reload-refused': {
    text: ({ why }: { why: string }) => why,
    hint: "the daemon's log has every error with its place",
    exitStatus: 1,
  },
} as const satisfies ErrorRows;
