// A port of loopback on which nothing listens for the whole run: the kernel gives it to no socket.

/** Below net.ipv4.ip_local_port_range: a port that was just closed may be given to another test meanwhile. */
export const CLOSED_PORT = 29_999;
