"""Packets in fragments: sent piece by piece, and put together again where they arrive."""
import socket, struct, time
from tb import cksum, out
from packets import header6
from wire import Wire, text

_ident = [0x1000]
def ident(): _ident[0] += 1; return _ident[0]
def cut(payload, size):
    """(where, bytes, are there more) of each piece; `size`: a multiple of 8"""
    return [(at, payload[at:at + size], at + size < len(payload)) for at in range(0, len(payload), size)]
def send(raw, src, dst, proto, payload, order=None, size=1000, n=None, **k):
    """`order`: which pieces, in which order; default all as they come"""
    all_, n = cut(payload, size), n or ident()
    for i in order if order is not None else range(len(all_)):
        at, part, more = all_[i]
        if ':' in src: raw.ip(src, dst, 44, struct.pack('!BBHI', proto, 0, at | more, n) + part, **k)
        else: raw.ip(src, dst, proto, part, ident=n, frag=at // 8 | more << 13, **k)
        time.sleep(.003)

def _fields(m):
    """who it is of, where it is in the whole, whether there is more, its bytes, and the whole's headers; None: no fragment"""
    if m[0] >> 4 == 6:
        if m[6] != 44: return None
        proto, _, at, n = struct.unpack('!BBHI', m[40:48])
        return (m[8:40], proto, n), at & 0xfff8, at & 1, m[48:40 + struct.unpack('!H', m[4:6])[0]], (m[:40], proto)
    h = (m[0] & 15) * 4; length, n, at = struct.unpack('!HHH', m[2:8])
    return ((m[12:20], m[9], n), (at & 0x1fff) * 8, at & 0x2000, m[h:length], (m[:h], m[9])) if at & 0x3fff else None
def _whole(head, proto, payload):
    if head[0] >> 4 == 6: return header6(socket.inet_ntop(10, head[8:24]), socket.inet_ntop(10, head[24:40]), proto, payload, head[7], struct.unpack('!I', head[:4])[0] >> 20 & 255)
    head = head[:2] + struct.pack('!H', (len(head) + len(payload)) & 0xffff) + head[4:6] + b'\0\0' + head[8:10] + b'\0\0' + head[12:]
    return head[:10] + struct.pack('!H', cksum(head)) + head[12:] + payload
def together(packets):
    """the packets, fragments put together in the place of the last one of them; what is never whole is left out"""
    r, known = [], {}
    for m in packets:
        f = _fields(m)
        if not f: r.append(m); continue
        key, at, more, part, head = f; parts, ends, heads = known.setdefault(key, ({}, [], []))
        parts[at] = part
        if not more: ends.append(at + len(part))
        if not at: heads.append(head)
        have = 0
        while have in parts and parts[have]: have += len(parts[have])
        if ends and heads and have == ends[0]: r.append(_whole(*heads[0], b''.join(parts[a] for a in sorted(parts)))); del known[key]
    return r
def unwrapped(packets):
    """what ipip carries, put together once more"""
    inner = [m[40 if m[0] >> 4 == 6 else (m[0] & 15) * 4:] for m in packets if m[6 if m[0] >> 4 == 6 else 9] in (4, 41)]
    return ['ipip | ' + text(m) for m in together(inner)] + [text(m) for m in packets if m[6 if m[0] >> 4 == 6 else 9] not in (4, 41)]

class Pieces:
    """whole packets that come in by eth0 of some namespaces, by their names"""
    def __init__(self, *names): self.wires = [(n, Wire(n)) for n in names]
    def saw(self, what, act, wait=.4):
        for _, w in self.wires:
            while w.next(.001): pass
        act(); found = []
        for n, w in self.wires:
            got, m = [], w.next(wait)
            while m: got.append(m); m = w.next(.1)
            found += ['%s %s' % (n, t) for t in unwrapped(together(got))]
        out('%s: %s' % (what, found[0] if found else 'nothing whole'))
        for x in found[1:]: out('%s, too: %s' % (what, x))
