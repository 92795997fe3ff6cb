// What a server's last segment did to its line, as the helper for FTP notes it: enum ftp_last of bpf/director/ftp-stream.h, `goes on` left out.
export const FTP_LAST = { unknown: 0, ended: 1 } as const;
