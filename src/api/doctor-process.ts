// What weir doctor finds, by a process of its own: it reads the whole host, and who asks meanwhile need not wait for that.
import { WeirError } from '../model/errors/weir-error.js';
import { isRecord, parseJson } from '../model/json.js';
import { artifact } from '../sys/artifact.js';
import { runChild } from '../sys/processes/child.js';

/** Connects and adverts are waited for so long, s. */
const WAIT_S = 2;
const TIMEOUT_MS = 60_000;
/** Of weir doctor: it could not examine the host. */
const COULD_NOT_EXAMINE = 3;

/** As `weir doctor --json` prints it. */
export interface DoctorReport {
  readonly role: string;
  readonly status: number;
  readonly findings: readonly unknown[];
}

const isReport = (value: unknown): value is DoctorReport =>
  isRecord(value) && typeof value['role'] === 'string' && typeof value['status'] === 'number' && Array.isArray(value['findings']);

/** @throws WeirError role-not-clear, doctor-failed */
export async function examineBeside(): Promise<DoctorReport> {
  const command = [process.execPath, artifact('weir.cjs'), 'weir', 'doctor', '--json', '--wait', String(WAIT_S)];
  const { exit, stdout, stderr, timedOut } = await runChild(command, { timeoutMs: TIMEOUT_MS });
  const report = parseJson(stdout);
  if (isReport(report)) return { role: report.role, status: report.status, findings: report.findings };
  if (exit === COULD_NOT_EXAMINE && stderr.includes(new WeirError('role-not-clear').message)) throw new WeirError('role-not-clear');
  throw new WeirError('doctor-failed', {
    why: timedOut ? `it took more than ${TIMEOUT_MS / 1000} s` : stderr.trim() || `exit status ${exit}`,
  });
}
