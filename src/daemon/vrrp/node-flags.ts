// How node runs the VRRP process: V8's helper threads would be ordinary ones beside a real-time main thread that waits for them.

export const VRRP_NODE_FLAGS: readonly string[] = ['--single-threaded'];
