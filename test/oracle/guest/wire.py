"""What packets of a wire are, as text that is the same in each run: no outer identification but whether it is 0, no source port of GUE."""
import socket, struct, time
from packets import CHUNK, crc32c
from tb import cksum, out, setns

GUE = 6080
_sum = lambda b: '' if b is None else 'right' if b else 'WRONG'
def _pseudo(src, dst, proto, t):
    if len(src) == 4: return src + dst + struct.pack('!BBH', 0, proto, len(t))
    return src + dst + struct.pack('!II', len(t), proto)
def _transport(src, dst, proto, t, whole):
    if proto == 6 and len(t) >= 20:
        flags = ''.join(n for n, b in (('F', 1), ('S', 2), ('R', 4), ('P', 8), ('A', 16)) if t[13] & b)
        s = ', sum ' + _sum(cksum(_pseudo(src, dst, 6, t) + t) == 0) if whole else ''
        return 'tcp %d > %d %s, %d bytes%s' % (*struct.unpack('!HH', t[:4]), flags, len(t) - (t[12] >> 4) * 4, s)
    if proto == 17 and len(t) >= 8:
        check = struct.unpack('!H', t[6:8])[0]
        s = ', sum ' + ('none' if not check else _sum(cksum(_pseudo(src, dst, 17, t) + t) == 0)) if whole else ''
        return 'udp %d > %d, %d bytes%s' % (*struct.unpack('!HH', t[:4]), struct.unpack('!H', t[4:6])[0] - 8, s)
    if proto == 132 and len(t) >= 12:
        names, at = [], 12
        while whole and at + 4 <= len(t):
            kind, _, n = struct.unpack('!BBH', t[at:at + 4]); names.append(next((k for k, v in CHUNK.items() if v == kind), str(kind))); at += max(4, n + -n % 4)
        s = ', sum ' + _sum(struct.unpack('<I', t[8:12])[0] == crc32c(t[:8] + bytes(4) + t[12:])) if whole else ''
        return 'sctp %d > %d %s%s' % (*struct.unpack('!HH', t[:4]), '+'.join(names), s)
    if proto in (1, 58) and len(t) >= 8:
        s = cksum(t if proto == 1 else _pseudo(src, dst, 58, t) + t) == 0
        what = 'icmp type %d code %d rest %s, sum %s' % (t[0], t[1], t[4:8].hex(), _sum(s))
        return what + (' about [%s]' % text(t[8:], False) if is_error(proto, t) else '')
    return 'protocol %d, %d bytes' % (proto, len(t))
def is_error(proto, t): return t[0] in (3, 4, 5, 11, 12) if proto == 1 else t[0] < 128
def _gre(src, dst, t):
    flags, what = struct.unpack('!HH', t[:4]); at = 8 if flags & 0x8000 else 4
    s = ' sum ' + _sum(cksum(t) == 0) if flags & 0x8000 else ''
    return 'gre %04x %04x%s | %s' % (flags, what, s, text(t[at:]))
def _gue(src, dst, t):
    check = struct.unpack('!H', t[6:8])[0]; n = 4 + (t[8] & 31) * 4
    s = 'none' if not check else _sum(cksum(_pseudo(src, dst, 17, t) + t) == 0)
    return 'udp > %d sum %s gue %s | %s' % (struct.unpack('!H', t[2:4])[0], s, t[8:8 + n].hex(), text(t[8 + n:]))
def text(m, whole=True):
    """`whole`: the packet is not cut short, so that its transport's checksum can be looked at"""
    if not m: return 'nothing'
    if m[0] >> 4 == 6:
        if len(m) < 40: return 'short'
        first, n, proto, hops = struct.unpack('!IHBB', m[:8]); src, dst = m[8:24], m[24:40]; t = m[40:40 + n] if whole else m[40:]
        head = '%s > %s class %02x hops %d length %d' % (socket.inet_ntop(10, src), socket.inet_ntop(10, dst), first >> 20 & 255, hops, n)
        if proto == 44:
            nxt, _, place, _ = struct.unpack('!BBHI', t[:8])
            return head + ' fragment of %d at %d%s' % (nxt, place & 0xfff8, '+' if place & 1 else '')
    else:
        h = (m[0] & 15) * 4
        if len(m) < h or h < 20: return 'short'
        n, ident, frag, ttl, proto = struct.unpack('!HHHBB', m[2:10]); src, dst = m[12:16], m[16:20]; t = m[h:n] if whole else m[h:]
        outer = proto in (4, 41, 47) or (proto == 17 and t[2:4] == struct.pack('!H', GUE))
        head = '%s > %s tos %02x ttl %d length %d%s%s%s' % (socket.inet_ntoa(src), socket.inet_ntoa(dst), m[1], ttl, n, ' DF' if frag & 0x4000 else '', ' id 0' if outer and not ident else '', '' if cksum(m[:h]) == 0 else ' header sum WRONG')
        if frag & 0x3fff: return head + ' fragment of %d at %d%s' % (proto, (frag & 0x1fff) * 8, '+' if frag & 0x2000 else '')
    if proto in (4, 41): return head + ' | ' + text(t, whole)
    if proto == 47 and len(t) >= 8: return head + ' ' + _gre(src, dst, t)
    if proto == 17 and len(t) >= 12 and struct.unpack('!H', t[2:4])[0] == GUE: return head + ' ' + _gue(src, dst, t)
    return head + ' ' + _transport(src, dst, proto, t, whole)

class Wire:
    """IP packets that come in by a device of a namespace. `leaves`: those that it sends, too"""
    def __init__(self, ns, dev='eth0', leaves=False):
        setns(ns); self.s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)); self.s.bind((dev, 3)); setns('c'); self.leaves = leaves
    def next(self, wait):
        end = time.time() + wait
        while True:
            self.s.settimeout(max(.001, end - time.time()))
            try: m, who = self.s.recvfrom(65535)
            except OSError: return None
            if who[1] not in (0x800, 0x86dd) or (who[2] == 4 and not self.leaves): continue
            if m[0] >> 4 == 6 and m[6] in (0, 58) and (m[6] == 0 or m[40] >= 130): continue   # neighbour discovery, reports of listeners
            return m
    def all(self, send, wait=1.2, more=.25):
        """what comes of a packet: the first within `wait`, and those within `more` of the one before"""
        while self.next(.001): pass
        send(); r = []; m = self.next(wait)
        while m: r.append(text(m)); m = self.next(more)
        return r
    def saw(self, what, send, wait=1.2):
        r = self.all(send, wait)
        out('%s: %s' % (what, r[0] if r else 'nothing'))
        for x in r[1:]: out('%s, too: %s' % (what, x))
