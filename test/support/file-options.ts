// The options by which a daemon of a test has a configuration and pid files of its own.

/** `path`: that of `conf`, and of the pid files `p.pid` (parent), `r.pid` (VRRP), `c.pid` (checker) and `b.pid` (BFD). */
export const fileOptions = (path: (name: string) => string): readonly string[] => [
  '-f',
  path('conf'),
  ...['p', 'r', 'c', 'b'].flatMap((letter) => [`-${letter}`, path(`${letter}.pid`)]),
];
