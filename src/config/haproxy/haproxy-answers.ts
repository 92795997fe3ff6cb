// What HAProxy's stats socket answers: tables of named columns.

/** What HAProxy has of a server now. */
export interface ServersState {
  readonly backend: string;
  readonly server: string;
  readonly weight: number;
  /** Taken out by an administrator. */
  readonly isOut: boolean;
}

const FORCED_MAINTENANCE = 1;

type Row = (name: string) => string;

function rows(lines: readonly string[], separator: string): readonly Row[] {
  const [head = '', ...others] = lines;
  const names = head.replace(/^# /, '').split(separator);
  return others
    .filter((line) => line !== '')
    .map((line) => {
      const cells = line.split(separator);
      return (name) => cells[names.indexOf(name)] ?? '';
    });
}

/** `show servers state`: its first line is a version. */
export function serversState(text: string): readonly ServersState[] {
  const lines = text.split('\n');
  const at = lines.findIndex((line) => line.startsWith('# be_id '));
  return rows(at < 0 ? [] : lines.slice(at), ' ')
    .filter((row) => row('srv_name') !== '')
    .map((row) => ({
      backend: row('be_name'),
      server: row('srv_name'),
      weight: Number(row('srv_uweight')),
      isOut: (Number(row('srv_admin_state')) & FORCED_MAINTENANCE) !== 0,
    }));
}

/** What HAProxy counted of a server since its process began. */
export interface ServerStat {
  readonly backend: string;
  readonly server: string;
  readonly conns: number;
  readonly requests: number;
  readonly answers: number;
  readonly serverErrors: number;
  readonly failures: number;
  /** Of the last 1024 requests, ms. */
  readonly headMs: number;
  /** HAProxy's own checks found it down. */
  readonly isDown: boolean;
}

/** `show stat` */
export function serverStats(text: string): readonly ServerStat[] {
  const lines = text.split('\n');
  const at = lines.findIndex((line) => line.startsWith('# pxname,'));
  return rows(at < 0 ? [] : lines.slice(at), ',')
    .filter((row) => row('pxname') !== '')
    .map((row) => {
      const number = (name: string): number => Number(row(name)) || 0;
      return {
        backend: row('pxname'),
        server: row('svname'),
        conns: number('scur'),
        requests: number('stot'),
        answers: ['1xx', '2xx', '3xx', '4xx', '5xx', 'other'].reduce((sum, kind) => sum + number(`hrsp_${kind}`), 0),
        serverErrors: number('hrsp_5xx'),
        failures: number('econ') + number('eresp'),
        headMs: number('rtime'),
        isDown: row('status').startsWith('DOWN'),
      };
    });
}

/** Which configuration it has, of `show info`. */
export const readGeneration = (text: string): string | undefined => /^description: (\S+)$/m.exec(text)?.[1];

/** The process that answered, of `show info`. */
export const processNumber = (text: string): number | undefined => {
  const [, pid] = /^Pid: (\d+)$/m.exec(text) ?? [];
  return pid === undefined ? undefined : Number(pid);
};
