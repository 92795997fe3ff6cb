"""Random histories of packets and of changes to the configuration. A seed decides them, never what the director answers; they are short,
so that no connection ends by its timeout while one is played: one that a busy machine plays for longer is played again."""
import io, select, socket, struct, sys, time
from tb import *
from packets import Raw6, about, error, mute, sctp, settle, tcp6, header6, udp6
from wire import Wire, text

class Chance:
    """a generator that is the same with each version of Python"""
    def __init__(self, seed): self.x = seed * 2654435769 + 12345; self.below(2); self.below(2)
    def below(self, n): self.x = (self.x * 6364136223846793005 + 1442695040888963407) & (1 << 64) - 1; return (self.x >> 33) % n
    def one(self, *of): return of[self.below(len(of))]
    def often(self, percent): return self.below(100) < percent

SCHEDULERS = 'rr wrr lc wlc sed nq fo ovf sh mh dh lblc lblcr'.split()
FLAGS = 'S SA A PA FA F R RA SF SR SPA FPU'.split() + ['']
DIALOGUE = 'in:S out:SA in:A in:PA out:A out:PA in:A in:FA out:A out:FA in:A in:S'.split()
ASIDE = 'in:S in:A in:PA in:FA in:A in:R in:S'.split()   # what a director without the answers sees
CHUNKS = 'INIT INIT_ACK COOKIE_ECHO COOKIE_ACK DATA SACK SHUTDOWN SHUTDOWN_ACK SHUTDOWN_COMPLETE ABORT ERROR HEARTBEAT COOKIE_ECHO+DATA'.split()
ASSOCIATION = 'in:INIT out:INIT_ACK in:COOKIE_ECHO out:COOKIE_ACK in:DATA out:SACK out:DATA in:SHUTDOWN out:SHUTDOWN_ACK in:SHUTDOWN_COMPLETE in:INIT'.split()
ASSOCIATED = 'in:INIT in:COOKIE_ECHO in:DATA in:SHUTDOWN in:SHUTDOWN_COMPLETE in:INIT'.split()   # likewise
NUMBER = dict(TCP=6, UDP=17, SCTP=132)
DEFAULTS = dict(sloppy_tcp=0, expire_nodest_conn=0, expire_quiescent_template=0, conn_reuse_mode=1, nat_icmp_send=0, schedule_icmp=0, secure_tcp=0)
TIMEOUTS = '900 120 300'
KNOWN = {2, 3, 10, 30, 60, 77, 100, 120, 222, 300, 360, 700, 900}
PLAYED_MAX = 8   # how often: the last time counts whatever it took
FENCE = 9   # the UDP port of a packet that follows each packet on its way: what comes out behind it comes too late

class Bed:
    def __init__(self, text=text):
        self.text = text   # of a packet that came
        build(4, tcpports=(), udpports=())
        names = ('c', 'r1', 'r2', 'r3', 'r4')
        for six in (False, True): mute(*names, six=six); mute(*names, protocols=('udp', 'sctp', '4', '41', '47'), six=six)
        # An answer of direct routing or of a tunnel that comes by the director has an address of its own: IPv4 forwards it with accept_local alone.
        dq('sysctl -qw net.ipv4.conf.all.accept_local=1; ethtool -K eth0 gro off tx off; ethtool -K eth1 gro off tx off; sysctl -qw net.ipv4.icmp_ratemask=0 net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0')
        dq('ipvsadm -A -t %s:1 -s rr; ipvsadm -A -t [%s]:1 -s rr' % (VIP, VIP6))   # a service of each family stays, so that the kernel's hooks stay
        self.raw = {(n, six): (Raw6 if six else Raw)(n) for n in names for six in (False, True)}
        self.wires = {n: Wire(n) for n in names}
    def came(self, name, send):
        """what comes out of the director, and where, after a packet that the namespace of this name sends"""
        for w in self.wires.values():
            while w.next(0): pass
        send()
        fence = self.raw[name, False]
        if name == 'c': fence.udp('10.0.1.60', FENCE, '10.0.2.14', FENCE)
        else: fence.udp('10.0.2.1%s' % name[1], FENCE, '10.0.1.60', FENCE)
        found, passed, end = [], False, time.time() + 3
        while True:
            ready, _, _ = select.select([w.s for w in self.wires.values()], [], [], .006 if passed else max(0, end - time.time()))
            if not ready:
                if not passed: found.append('the fence did not come')
                return '; '.join(sorted(found)) or 'nothing'
            for n, w in self.wires.items():
                if w.s not in ready: continue
                m = w.next(0)
                if m is None: continue
                if m[0] >> 4 == 4 and m[9] == 17 and m[20:24] == struct.pack('!HH', FENCE, FENCE): passed = True
                else: found.append('%s gets %s' % (n, self.text(m)))

def quoted(six, proto, src, sp, dst, dp):
    """a packet as an ICMP error quotes it"""
    if proto == 132:
        t = sctp(sp, dp, 'DATA')
        if six: return header6(src, dst, proto, t, 60)
    elif six: return header6(src, dst, proto, tcp6(src, sp, dst, dp, 'A') if proto == 6 else udp6(src, sp, dst, dp, b'q'), 60)
    elif proto == 6: t = struct.pack('!HHIIBBHHH', sp, dp, 1000, 1, 0x50, 16, 8192, 0, 0)
    else: t = struct.pack('!HHHH', sp, dp, 9, 0) + b'q'
    h = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(t), 0x1234, 0x4000, 60, proto, 0, socket.inet_aton(src), socket.inet_aton(dst))
    return h[:10] + struct.pack('!H', cksum(h)) + h[12:] + t
def unreachable(raw, six, src, dst, q): error(raw, src, dst, *((1, 4) if six else (3, 3)), 0, q)

class History:
    def __init__(self, bed, number, method, proto, six, of='a port', zeroes=False):
        """`of`: whose service it is: a port's, all ports' of an address of its own, or a mark's; `zeroes`: its counters are zeroed now and then"""
        self.bed, self.n, self.six, self.proto, self.nat, self.of = bed, number, six, proto, method == 'NAT', of
        self.zeroes, self.tcp, self.flags, self.option = zeroes, proto == 'TCP', CHUNKS if proto == 'SCTP' else FLAGS, dict(TCP='-t ', UDP='-u ', SCTP='--sctp-service ')[proto]
        self.flag = dict(NAT='-m', DR='-g', TUN='-i')[method]
        self.port = 2000 + number; self.vip = (VIP6 if six else VIP) if self.nat else (DVIP6 if six else DVIP)
        self.at = self.option + ('[%s]:%d' if six else '%s:%d') % (self.vip, self.port)
        self.reset()
        self.title = '%s, %s, %s' % (method, proto, 'IPv6' if six else 'IPv4')
        if of != 'a port': self.widen()
    def widen(self):
        self.title = '%s, %s' % (self.title, self.of)
        self.vip = ('2001:db8:1::2:%d' if self.six else '10.0.1.%d') % (self.n % 100 + (0 if self.six else 110))
        dq('ip addr add %s dev eth0 nodad' % (self.vip + '/128') if self.six else 'ip addr add %s/32 dev eth0' % self.vip)
        if self.of == 'all ports': self.at = self.option + ('[%s]:0' if self.six else '%s:0') % self.vip
        else:
            self.at = '-f %d%s' % (self.n, ' -6' if self.six else '')
            for port in self.ports(): dq('%s -t mangle -A PREROUTING -d %s -p %s --dport %d -j MARK --set-mark %d' % ('ip6tables' if self.six else 'iptables', self.vip, self.proto.lower(), port, self.n))
    def ports(self): return (self.port,) if self.of == 'a port' else (self.port, self.port + 500)
    def asked(self, flow): return self.ports()[flow[1] % 8 // 2 % len(self.ports())]   # the port that the client asks for
    def client(self, i): return ('2001:db8:1::1%d' if self.six else '10.0.1.1%d') % i
    def address(self, n): return ('2001:db8:2::1%s' if self.six else '10.0.2.1%s') % n
    def server(self, n): return '-r ' + ('[%s]:%d' if self.six else '%s:%d') % (self.address(n), self.real)

    # ---------- again, where a connection may have ended by its timeout ----------
    def reset(self):
        self.chance = Chance(self.n); self.real = self.chance.one(80, 80, 8080) if self.nat else self.port
        if self.of != 'a port': self.real = 0
        self.flows = [(self.client(i % 2), 20000 + self.n * 8 + i, [0]) for i in range(4)]
        self.got, self.settings, self.deleted, self.late, self.looked, self.seen = {}, {}, False, False, 0, {}
    def is_mine(self, x): return x['cp'] // 8 == 2500 + self.n or x['cp'] == 0 and x['vp'] == (self.port if self.of == 'a port' else 0) and self.is_own(x)
    def look(self):
        """all connections; `late`: one of this history may have ended since they were looked at before (they are listed with whole seconds)"""
        asked = time.monotonic(); found = conns(); now = time.monotonic()
        seen = {(x['p'], x['c'], x['cp'], x['vp']): x['ex'] for x in found if self.is_mine(x)}
        self.late |= any(now >= self.looked + left - 1 and seen.get(one, left + 1) > left for one, left in self.seen.items())
        self.looked, self.seen = asked, seen
        return found
    def forget(self):
        """ends the service and its connections; -> whether all are gone"""
        dq('sysctl -w net.ipv4.vs.expire_nodest_conn=1'); dq('ipvsadm -D %s' % self.at); end = time.time() + 20
        while any(self.is_mine(x) for x in conns()) and time.time() < end: time.sleep(.2)
        dq('sysctl -w net.ipv4.vs.expire_nodest_conn=0'); return time.time() < end
    def play_in_time(self):
        whole = sys.stdout
        for n in range(PLAYED_MAX):
            sys.stdout = io.StringIO()
            try: self.play(); text = sys.stdout.getvalue()
            finally: sys.stdout = whole
            if not self.late or not os.environ.get('WEIR_RESIDENT') or n + 1 == PLAYED_MAX or not self.forget(): break
            print('played again, since the machine was slow: %d' % self.n, file=sys.stderr)
            self.reset()
        whole.write(text); whole.flush()

    # ---------- the configuration ----------
    def service(self, verb):
        c = self.chance; cmd = 'ipvsadm %s %s -s %s' % (verb, self.at, c.one(*SCHEDULERS))
        if self.of == 'all ports' or c.often(25): cmd += ' -p %d' % c.one(360, 100)
        elif self.proto == 'UDP' and c.often(15): cmd += ' -o'
        d(cmd)
    def destination(self, verb, n):
        c = self.chance; cmd = 'ipvsadm %s %s %s %s -w %d' % (verb, self.at, self.server(n), self.flag, c.one(1, 1, 2, 3, 0) if verb == '-e' else c.one(1, 1, 2, 3))
        if c.often(20): cmd += ' -x %d' % c.one(1, 2, 3) + (' -y 1' if c.often(50) else '')
        d(cmd)
    def begin(self):
        self.service('-A')
        for n in range(1, 3 + self.chance.below(2)): self.destination('-a', n)
        if self.chance.often(35): self.setting()
    def setting(self):
        c = self.chance; name = c.one(*[k for k in DEFAULTS if self.tcp or k not in ('sloppy_tcp', 'secure_tcp')], *(['sloppy_sctp'] if self.proto == 'SCTP' else []))
        value = dict(conn_reuse_mode=c.one(0, 1, 2, 3), secure_tcp=c.one(0, 3)).get(name, c.one(0, 1, 1))
        self.settings[name] = value; d('sysctl -w net.ipv4.vs.%s=%d' % (name, value))
        if name == 'secure_tcp': time.sleep(1.3)   # the kernel looks at it every second
    def change(self):
        c = self.chance; n = c.one(1, 2, 3); what = c.below(100)
        if self.zeroes and c.often(20): settle(); d('ipvsadm -Z %s' % self.at)   # what the counters show comes late
        elif what < 30: self.destination('-e', n)
        elif what < 45: d('ipvsadm -d %s %s' % (self.at, self.server(n)))
        elif what < 60: self.destination('-a', n)
        elif what < 70: self.service('-E')
        elif what < 75: d('ipvsadm -D %s' % self.at); self.deleted = True
        elif what < 80: self.service('-A'); self.destination('-a', n)
        elif what < 86: d('ipvsadm --set %d %d %d' % (c.one(0, 700), c.one(0, 77), c.one(0, 222))); self.settings['timeouts'] = 1
        else: self.setting()
        if self.settings.get('expire_nodest_conn'): time.sleep(.3)   # connections of a deleted server end a moment later

    # ---------- packets ----------
    def entries(self, cp):
        found = sorted('%s %d at %d' % (x['st'], about(x['ex'], KNOWN - ({2} if self.proto == 'SCTP' else set())), int(x['d'].rstrip(']')[-2:], 16) - (16 if self.six else 10)) for x in self.look() if x['cp'] == cp and x['vp'] in self.ports())
        return ', '.join(found) or 'no connection'
    def step(self, what, sender, send, cp):
        came = self.bed.came(sender, send)
        self.late |= 'the fence did not come' in came
        for n in '123':
            if 'r%s gets' % n in came: self.got[cp] = n
        out('%s: %s | %s' % (what, came, self.entries(cp)))
    def send(self, raw, src, sp, dst, dp, flags, hops=64):
        life = {'hops' if self.six else 'ttl': hops}
        if self.proto == 'SCTP': raw.ip(src, dst, 132, sctp(sp, dp, flags), **life)
        elif self.tcp: raw.tcp(src, sp, dst, dp, flags, ack=1 if 'A' in flags else 0, data=b'data' if 'P' in flags else b'', **life)
        else: raw.udp(src, sp, dst, dp, b'q' * len(flags), **life)
    def name(self, flags): return '%d bytes' % len(flags) if self.proto == 'UDP' else flags or 'no flag'
    def from_client(self, flow, flags, hops=64, port=None, note=''):
        src, sp, _ = flow; dp = port or self.asked(flow)
        self.step('client %s %d %s%s' % (src[-1], sp % 8, self.name(flags), note), 'c', lambda: self.send(self.bed.raw['c', self.six], src, sp, self.vip, dp, flags, hops), sp)
    def from_server(self, flow, flags, n=None, port=None, hops=64, note=''):
        dst, cp, _ = flow; n = n or self.got.get(cp, '1')
        src, sp = (self.address(n), port or self.real or self.asked(flow)) if self.nat else (self.vip, port or self.asked(flow))
        self.step('server %s to %s %d %s%s' % (n, dst[-1], cp % 8, self.name(flags), note), 'r' + n, lambda: self.send(self.bed.raw['r' + n, self.six], src, sp, dst, cp, flags, hops), cp)
    def client_error(self, flow, note=''):
        src, sp, _ = flow
        send = lambda: unreachable(self.bed.raw['c', self.six], self.six, src, self.vip, quoted(self.six, NUMBER[self.proto], self.vip, self.asked(flow), src, sp))
        self.step('client %s %d unreachable%s' % (src[-1], sp % 8, note), 'c', send, sp)
    def error(self, flow):
        src, sp, _ = flow; n = self.got.get(sp, '1')
        if self.chance.often(50) or not self.nat: self.client_error(flow)
        else:
            send = lambda: unreachable(self.bed.raw['r' + n, self.six], self.six, self.address(n), src, quoted(self.six, NUMBER[self.proto], src, sp, self.address(n), self.real or self.asked(flow)))
            self.step('server %s to %s %d unreachable' % (n, src[-1], sp % 8), 'r' + n, send, sp)
    def dialogue(self, flow):
        whole, aside = (ASSOCIATION, ASSOCIATED) if self.proto == 'SCTP' else (DIALOGUE, ASIDE)
        parts = whole if self.nat or self.six else aside
        way, flags = parts[flow[2][0] % len(parts)].split(':'); flow[2][0] += 1
        if way == 'in': self.from_client(flow, flags)
        else: self.from_server(flow, flags)
    def stray(self, flow):
        c = self.chance; what = c.below(7 if self.nat else 6); flags = c.one(*self.flags); n = str(1 + c.below(3))
        if what == 0: self.from_client(flow, flags, hops=1, note=', one hop left')
        elif what == 1 and self.nat: self.from_server(flow, flags, hops=1, note=', one hop left')
        elif what == 2: self.from_client(flow, flags, port=self.port + 1000, note=', to a port without a service')
        elif what == 3: self.from_server(flow, flags, n=n, port=81, note=', from port 81')
        elif what in (1, 4): self.from_server(flow, flags, n=n, note=', whoever has it')
        elif what == 5: self.error(flow)
        else:   # a server as a client
            src = self.address(n)
            self.step('server %s as a client %s' % (n, self.name(flags)), 'r' + n, lambda: self.send(self.bed.raw['r' + n, self.six], src, flow[1], self.vip, self.port, flags), flow[1])
    def is_own(self, x):
        if self.of == 'a port': return True
        text = x['v'].strip('[]').replace(':', '').upper()
        if self.of == 'a mark': return text.startswith('%08X' % self.n)
        return text.endswith(self.vip.split(':')[-1].zfill(4) if self.six else ''.join('%02X' % int(b) for b in self.vip.split('.')))
    def play(self):
        c = self.chance; out('\n== %d: %s' % (self.n, self.title)); self.begin()
        for _ in range(12 + c.below(8)):
            flow, what = c.one(self.flows[0], *self.flows), c.below(100)
            if what < 20: self.change()
            elif what < 60: self.dialogue(flow)
            elif what < 75: self.from_client(flow, c.one(*self.flags))
            elif what < 87: self.from_server(flow, c.one(*self.flags))
            else: self.stray(flow)
        for x in sorted(('%s %s at %d' % (x['p'], x['c'], int(x['d'].rstrip(']')[-2:], 16) - (16 if self.six else 10)), x['ex']) for x in self.look() if x['cp'] == 0 and x['vp'] == (self.port if self.of == 'a port' else 0) and self.is_own(x)): out('template %s %d' % (x[0], about(x[1], KNOWN)))
        d('ipvsadm -Ln %s' % self.at); self.look()
        for name in self.settings:
            if name == 'timeouts': dq('ipvsadm --set ' + TIMEOUTS)
            else: dq('sysctl -w net.ipv4.vs.%s=%d' % (name, DEFAULTS.get(name, 0)))
        if self.settings.get('secure_tcp'): time.sleep(1.3)

def played(first, *kinds, batch=15):
    """`kinds`: how many histories of a method, a protocol and a family; `first`: the number of the first one. The counters of some histories are
    shown together, since they come late: of a service that was deleted, its own alone, since those of its servers begin where the estimator was."""
    bed, all_ = Bed(), []
    for count, *kind in kinds: all_ += [History(bed, first + len(all_) + i, *kind) for i in range(count)]
    for i in range(0, len(all_), batch):
        part = all_[i:i + batch]
        for h in part: h.play_in_time()
        settle(); out('\n== counters of %d to %d' % (part[0].n, part[-1].n))
        for h in part: d('ipvsadm -Ln --stats --exact %s%s' % (h.at, ' | head -3' if h.deleted else '')); dq('ipvsadm -D %s' % h.at)
