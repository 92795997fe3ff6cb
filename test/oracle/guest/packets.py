"""Hand-made packets that tb.py has not: SCTP with its checksum, IPv6, ICMP of both families; and a listener for ICMP errors."""
import os, socket, struct, time
from tb import FL, cksum, dq, out, setns

# ---------- SCTP ----------
_crc = []
for _i in range(256):
    _c = _i
    for _ in range(8): _c = (_c >> 1) ^ (0x82F63B78 if _c & 1 else 0)
    _crc.append(_c)
def crc32c(b):
    c = 0xffffffff
    for x in b: c = (c >> 8) ^ _crc[(c ^ x) & 255]
    return c ^ 0xffffffff
CHUNK = dict(DATA=0, INIT=1, INIT_ACK=2, SACK=3, HEARTBEAT=4, ABORT=6, SHUTDOWN=7, SHUTDOWN_ACK=8, ERROR=9, COOKIE_ECHO=10, COOKIE_ACK=11, SHUTDOWN_COMPLETE=14, UNKNOWN=200)
BODY = dict(DATA=struct.pack('!IHHI', 1, 0, 0, 0) + b'data', INIT=struct.pack('!IIHHI', 7, 65536, 1, 1, 1), INIT_ACK=struct.pack('!IIHHI', 9, 65536, 1, 1, 1) + struct.pack('!HH', 7, 8) + b'cook',
            SACK=struct.pack('!IIHH', 1, 65536, 0, 0), HEARTBEAT=struct.pack('!HH', 1, 8) + b'beat', SHUTDOWN=struct.pack('!I', 1), COOKIE_ECHO=b'cook')
def chunks(names):
    r = b''
    for n in names.split('+'):
        b = BODY.get(n, b''); r += struct.pack('!BBH', CHUNK[n], 3 if n == 'DATA' else 0, 4 + len(b)) + b + b'\0' * (-len(b) % 4)
    return r
def sctp(sp, dp, names, tag=7, check=None):
    p = struct.pack('!HHII', sp, dp, tag, 0) + (names if isinstance(names, bytes) else chunks(names))
    return p[:8] + struct.pack('<I', crc32c(p) if check is None else check) + p[12:]

# ---------- IPv6 ----------
_n6 = lambda a: socket.inet_pton(socket.AF_INET6, a)
def header6(src, dst, proto, payload, hops=64, tos=0): return struct.pack('!IHBB', 0x60000000 | tos << 20, len(payload), proto, hops) + _n6(src) + _n6(dst) + payload
def summed6(src, dst, proto, t, at):
    c = cksum(_n6(src) + _n6(dst) + struct.pack('!II', len(t), proto) + t) or 0xffff
    return t[:at] + struct.pack('!H', c) + t[at + 2:]
def tcp6(src, sp, dst, dp, flags, seq=1000, ack=0, data=b''):
    return summed6(src, dst, 6, struct.pack('!HHIIBBHHH', sp, dp, seq, ack, 0x50, sum(FL[c] for c in flags), 8192, 0, 0) + data, 16)
def udp6(src, sp, dst, dp, data=b''): return summed6(src, dst, 17, struct.pack('!HHHH', sp, dp, 8 + len(data), 0) + data, 6)
class Raw6:
    """raw IPv6 sender living in a namespace"""
    def __init__(self, ns): setns(ns); self.s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW); setns('c')
    def ip(self, src, dst, proto, payload, hops=64, tos=0): self.s.sendto(header6(src, dst, proto, payload, hops, tos), (dst, 0))
    def tcp(self, src, sp, dst, dp, flags, hops=64, tos=0, **k): self.ip(src, dst, 6, tcp6(src, sp, dst, dp, flags, **k), hops, tos)
    def udp(self, src, sp, dst, dp, data=b'', hops=64): self.ip(src, dst, 17, udp6(src, sp, dst, dp, data), hops)
    def icmp(self, src, dst, kind, code, rest, quoted): self.ip(src, dst, 58, summed6(src, dst, 58, struct.pack('!BBHI', kind, code, 0, rest) + quoted, 2))

# ---------- ICMP of both families ----------
def error(raw, src, dst, kind, code, rest, quoted, bad=False, **k):
    """`quoted`: the packet that it is about; `bad`: its checksum is wrong"""
    if ':' in src:
        m = summed6(src, dst, 58, struct.pack('!BBHI', kind, code, 0, rest) + quoted, 2)
        if bad: m = m[:2] + bytes([m[2] ^ 1]) + m[3:]
        raw.ip(src, dst, 58, m, **k)
    else:
        m = struct.pack('!BBHI', kind, code, 0, rest) + quoted; c = cksum(m) ^ (256 if bad else 0); raw.ip(src, dst, 1, m[:2] + struct.pack('!H', c) + m[4:], **k)

# ---------- who hears what ----------
class Listener:
    """ICMP errors that come to a namespace"""
    def __init__(self, ns, six=False):
        self.six = six; setns(ns); self.s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_RAW, 58 if six else 1); setns('c')
    def errors(self, wait):
        end = time.time() + wait
        while True:
            self.s.settimeout(max(.001, end - time.time()))
            try: m, a = self.s.recvfrom(65535)
            except OSError: return None
            if not self.six: a = socket.inet_ntoa(m[12:16]); m = m[(m[0] & 15) * 4:]
            else: a = a[0].split('%')[0]
            if (self.six and m[0] < 128) or (not self.six and m[0] in (3, 4, 5, 11, 12)): return a, m
    def heard(self, text, send, wait=1.2):
        while self.errors(.001): pass
        send(); e = self.errors(wait)
        if not e: out('%-46s nothing' % text); return
        a, m = e; q = m[8:]
        if self.six: f, t, p = socket.inet_ntop(socket.AF_INET6, q[8:24]), socket.inet_ntop(socket.AF_INET6, q[24:40]), q[40:44]
        else: l = (q[0] & 15) * 4; f, t, p = socket.inet_ntoa(q[12:16]), socket.inet_ntoa(q[16:20]), q[l:l + 4]
        sp, dp = struct.unpack('!HH', (p + bytes(4))[:4]); out('%-46s type %d code %d rest %s from %s: %s %d > %s %d' % (text, m[0], m[1], m[4:8].hex(), a, f, sp, t, dp))

def mute(*names, protocols=('tcp',), six=False):
    """what comes to these hosts does not reach their stacks, which would answer it"""
    for n in names:
        for p in protocols: dq('%s -t raw -A PREROUTING -i eth0 -p %s -j DROP' % ('ip6tables' if six else 'iptables', p), n)

def about(seconds, known):
    """seconds left as the time that they were counted down from: whoever looks late reads less"""
    return next((k for k in sorted(known) if seconds <= k), seconds)

def settle():
    """waits until --stats shows what was counted: the kernel updates it every 2 s, weir the totals of a service up to 2 s after its servers"""
    time.sleep(4.6 if os.environ.get('WEIR_RESIDENT') else 2.3)
