// Where a command reads and writes: the process's own streams, or strings in a test.

import { readSync, writeSync } from 'node:fs';
import { WeirError } from '../model/errors/weir-error.js';
import { systemClock } from '../sys/clock.js';
import { isSystemError, reasonOf } from '../sys/errno.js';
import { endProcess } from '../sys/processes/end-process.js';

/** What every command gets. Text may be buffered until `flush`; `main` flushes before the process ends. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  /** Standard input in chunks, as they come; `undefined` at the end. Blocks until there is something. */
  read(): Uint8Array | undefined;
  flush(): void;
}

const CHUNK_BYTES = 1 << 16;
/** Output is written once this much is buffered, so that a listing of a million lines does not fill the memory. */
const HOLD_CHARACTERS = 1 << 16;

/**
 * Names of interfaces, of instances in a keepalived.conf and answers of servers may hold anything. Characters that a terminal executes, or that
 * turn the direction of text around, are shown as `?`.
 */
export const printable = (text: string): string => text.replace(/(?![\t\n]|\r\n)[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '?');

/** Before a stream is tried again that would have blocked. */
const PAUSE_MS = 5;

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** Writes all of `bytes`, also to a pipe that another process made non-blocking. @throws the system's error, EPIPE included */
function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if (errorCode(error) !== 'EAGAIN') throw error;
      systemClock.sleep(PAUSE_MS);
    }
  }
}

function readChunk(fd: number): Uint8Array | undefined {
  const chunk = new Uint8Array(CHUNK_BYTES);
  for (;;) {
    try {
      const length = readSync(fd, chunk);
      return length === 0 ? undefined : chunk.subarray(0, length);
    } catch (error) {
      const code = errorCode(error);
      if (code === 'EOF') return undefined;
      if (code !== 'EAGAIN') throw error;
      systemClock.sleep(PAUSE_MS);
    }
  }
}

/** What cannot be written on standard error cannot be reported anywhere: the exit status has to do. */
function writeMessage(text: string): void {
  try {
    writeAll(2, Buffer.from(text));
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

/**
 * The process's own standard streams. When the reader of the output is gone, the process ends without a message, as by SIGPIPE. Output that
 * cannot be written otherwise, as on a full disk, is an error once (WeirError output-unwritable); what follows it is dropped.
 */
export function processIo(): Io {
  let held = '';
  let failed = false;
  const flush = (): void => {
    const text = held;
    held = '';
    if (text === '' || failed) return;
    try {
      writeAll(1, Buffer.from(text));
    } catch (error) {
      if (!isSystemError(error)) throw error;
      if (error.code === 'EPIPE') endProcess(141);
      failed = true;
      throw new WeirError('output-unwritable', { why: reasonOf(error) }, { cause: error });
    }
  };
  return {
    out(text) {
      held += printable(text);
      if (held.length >= HOLD_CHARACTERS) flush();
    },
    err(text) {
      try {
        flush(); // output printed before an error appears before it
      } finally {
        writeMessage(printable(text));
      }
    },
    read: () => readChunk(0),
    flush,
  };
}

/** Streams of a test: what was written in `stdout` and `stderr`, what is read given as text or chunks. */
export function memoryIo(input: string | readonly Uint8Array[] = ''): Io & { stdout: string; stderr: string } {
  const chunks = typeof input === 'string' ? [Buffer.from(input)] : [...input];
  return {
    stdout: '',
    stderr: '',
    out(text) {
      this.stdout += text;
    },
    err(text) {
      this.stderr += text;
    },
    read() {
      const chunk = chunks.shift();
      return chunk?.length === 0 ? undefined : chunk;
    },
    flush() {},
  };
}
