// `weir proc NAME`: prints what a kernel with IPVS shows in /proc/net/NAME.

import { hasCpuStats } from '../../datapath/cpu-stats.js';
import type { TableReader } from '../../datapath/director.js';
import { applicationsFile, connectionOriginsFile, connectionsFile, cpuStatsFile, servicesFile, statsFile } from '../../model/proc-text.js';
import { type DirectorOpener, directorOpener } from '../director-opener.js';
import { reported, reportWait } from '../failure.js';
import { wantsHelp } from '../flags.js';
import type { Io } from '../io.js';

const USAGE_STATUS = 2;

function services(director: TableReader): Iterable<string> {
  const { version, connTabSize } = director.info();
  return servicesFile(version, connTabSize, director.services());
}

/** What each file holds; the text may come in parts. */
const files: Readonly<Record<string, (director: TableReader) => Iterable<string>>> = {
  ip_vs: services,
  ip_vs_app: (director) => [applicationsFile(director.applications?.() ?? [])],
  ip_vs_conn: (director) => connectionsFile(director.connections()),
  ip_vs_conn_sync: (director) => connectionOriginsFile(director.connectionOrigins?.() ?? director.connections()),
  ip_vs_stats: (director) => [statsFile(director.totals())],
  ip_vs_stats_percpu: (director) => [cpuStatsFile(director.totals(), hasCpuStats(director) ? director.totalsByCpu() : [])],
};

export async function runProc(args: readonly string[], io: Io, open: DirectorOpener): Promise<number> {
  const usage = `usage: weir proc ${Object.keys(files).join('|')}\n`;
  if (wantsHelp(args)) {
    io.out(usage);
    return 0;
  }
  const [name] = args;
  const file = name === undefined || args.length > 1 || !Object.hasOwn(files, name) ? undefined : files[name];
  if (file === undefined) {
    io.err(usage);
    return USAGE_STATUS;
  }
  const director = open({ load: true, shared: true, onWait: reportWait('weir proc', io) });
  try {
    for (const part of file(director)) io.out(part);
  } finally {
    director.close();
  }
  return 0;
}

export async function run(args: readonly string[], io: Io): Promise<number> {
  return reported('weir proc', io, async () => runProc(args, io, await directorOpener()));
}
