// The log of one process of the daemon: syslog over /dev/log, the console, a file. A sink that fails never stops the rest.
import { closeSync, writeSync } from 'node:fs';
import { counted } from '../../model/counted.js';
import type { Log, LogLevel } from '../../model/log-level.js';
import { hasCode, isSystemError } from '../../sys/errno.js';
import { UnixDatagram } from '../../sys/sockets/unix-datagram.js';
import { ConsoleOutput } from './console-output.js';
import { openLogFile } from './log-file.js';
import type { LogOptions } from './log-options.js';
import { consolePrefix, oneLine, syslogLine } from './log-text.js';

export interface OpenLog {
  readonly log: Log;
  /** From now on under this name, as syslog shows it. */
  rename(ident: string): void;
  close(): void;
}

type Sink = (at: Date, level: LogLevel, text: string) => void;

/** WEIR_SYSLOG_SOCKET names another place, for tests in a namespace of their own. */
const SYSLOG_SOCKET = process.env['WEIR_SYSLOG_SOCKET'] ?? '/dev/log';

/** Writes all of `text`; gives up where the reader is slow (EAGAIN) or gone: a log must never hold up a director. */
export function writeOut(fd: number, text: string): boolean {
  const bytes = Buffer.from(text);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    return true;
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
}

/** To syslog. A listener that restarts is found again. Lines that were lost are counted, and the count is logged when syslog works again. */
function syslogSink(facility: number, ident: () => string): Sink & { close(): void } {
  let socket: UnixDatagram | undefined;
  let lost = 0;
  const send = (line: string): boolean => {
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        socket ??= UnixDatagram.connect(SYSLOG_SOCKET);
        socket.send(line);
        return true;
      } catch (error) {
        if (hasCode(error, 'EAGAIN', 'ENOBUFS')) return false;
        socket?.close();
        socket = undefined;
        if (!(error instanceof Error)) throw error;
      }
    }
    return false;
  };
  const sink = (at: Date, level: LogLevel, text: string): void => {
    const line = (words: string): string => syslogLine(at, facility, level, ident(), process.pid, words);
    if (lost > 0 && send(line(`${counted(lost, 'message')} before this one ${lost === 1 ? 'was' : 'were'} lost: syslog took none`)))
      lost = 0;
    if (!send(line(text))) lost += 1;
  };
  return Object.assign(sink, { close: () => socket?.close() });
}

/** Lines that a stopped reader never took are counted, as those that syslog did not take. */
function consoleSink(): Sink & { close(): void } {
  const output = new ConsoleOutput();
  let lost = 0;
  const sink = (at: Date, _level: LogLevel, text: string): void => {
    const send = (words: string): boolean => output.write(`${consolePrefix(at)}${words}\n`);
    if (lost > 0 && send(`${counted(lost, 'message')} before this one ${lost === 1 ? 'was' : 'were'} lost: standard error took none`))
      lost = 0;
    if (!send(text)) lost += 1;
  };
  return Object.assign(sink, { close: () => output.close() });
}

function fileSink(path: string): { readonly sink: Sink; close(): void } | { readonly why: string } {
  const fd = openLogFile(path);
  if (typeof fd === 'string') return { why: fd };
  return {
    sink: (at, _level, text) => void writeOut(fd, `${consolePrefix(at)}${text}\n`),
    close: () => closeSync(fd),
  };
}

/** Opens the log. Lines of level `debug` are keepalived's detail: they are dropped without `-D`. */
export function openLog(options: LogOptions, ident: string): OpenLog {
  let name = ident;
  const sinks: Sink[] = [];
  const ends: (() => void)[] = [];
  if (options.console) {
    const sink = consoleSink();
    sinks.push(sink);
    ends.push(sink.close);
  }
  if (options.syslog) {
    const sink = syslogSink(options.facility, () => name);
    sinks.push(sink);
    ends.push(sink.close);
  }
  const log: Log = (level, text) => {
    if (level === 'debug' && !options.detail) return;
    const at = new Date();
    const clean = oneLine(text);
    for (const sink of sinks) sink(at, level, clean);
  };
  if (options.file !== undefined) {
    const file = fileSink(options.file);
    if ('why' in file) {
      const line = `cannot log to ${options.file}: ${file.why}`;
      log('warning', line);
      if (sinks.length === 0) writeOut(2, `${line}\n`);
    } else {
      sinks.push(file.sink);
      ends.push(file.close);
    }
  }
  return {
    log,
    rename: (to) => {
      name = to;
    },
    close: () => {
      for (const end of ends) end();
    },
  };
}
