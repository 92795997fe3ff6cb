// How node runs the VRRP process. V8's helper threads would be ordinary ones beside a real-time main thread that waits for them. And V8 throws
// compiled code away that was not used for a while: a backup's takeover, just when it is wanted.

export const VRRP_NODE_FLAGS: readonly string[] = ['--single-threaded', '--no-flush-bytecode'];
