// How much a line of the log matters.

/** From the gravest. `debug` is the detail that only `-D` shows. */
export type LogLevel = 'error' | 'warning' | 'notice' | 'info' | 'debug';

/** Writes one line to the log. */
export type Log = (level: LogLevel, text: string) => void;
