// Which protocols a client may change to.

/**
 * How one begins that no client may change to, in any case, as a regular expression: other versions of HTTP, and TLS. What follows them would be requests that
 * nothing here reads (RFC 9110 §7.8).
 */
export const NEVER_UPGRADED = '(h2c?|http|tls)(/|$)';
