#!/usr/bin/python3
# The helper for FTP by hand-made segments: lines that name a data connection, in both directions and families, what is read and what is not, the
# numbers behind a text of another length, the data connections themselves, those that begin again after their end, and what deletions do to them.
import sys; sys.path.insert(0, '/job/guest')
import ast, re, socket, struct
from histories import Bed, KNOWN
from packets import about
from tb import *
from wire import text

def whole(m):
    """a segment with its numbers and its data, too"""
    at = 40 if m[0] >> 4 == 6 else (m[0] & 15) * 4
    if m[6 if at == 40 else 9] != 6: return text(m)
    size = at + struct.unpack('!H', m[4:6])[0] if at == 40 else struct.unpack('!H', m[2:4])[0]
    seq, ack, words = struct.unpack('!IIB', m[at + 4:at + 13]); data = m[at + (words >> 4) * 4:size]
    return '%s, seq %d ack %d %r' % (text(m), seq, ack, data.decode('latin1'))
bed = Bed(whole); number = [0]
d('modprobe ip_vs_ftp')

comma = lambda a: a.replace('.', ',')
def binary(a):
    """an address, of /proc, too"""
    if ':' in a: return socket.inet_pton(10, a.strip('[]'))
    return bytes.fromhex(a) if len(a) == 8 and '.' not in a else socket.inet_aton(a)

class Session:
    """a command connection, and what belongs to it. `real`: the server's port"""
    def __init__(self, title, six=False, port=21, real=21, flag='-m', options='', open=True):
        number[0] += 1; n = number[0]; self.six, self.port, self.real = six, port, real
        out('\n== %s, %s' % ('IPv6' if six else 'IPv4', title))
        self.vip = ('2001:db8:1::3:%d' if six else '10.0.1.%d') % (n + (0 if six else 130)); self.client = '2001:db8:1::10' if six else '10.0.1.10'
        self.near = '2001:db8:2::11' if six else '10.0.2.11'; self.name = '[%s]' % self.vip if six else self.vip
        dq('ip addr add %s/%d dev eth0 %s' % (self.vip, 128 if six else 32, 'nodad' if six else ''))
        self.at = '-t %s:%d' % (self.name, port)
        self.server = '-r %s:%d' % ('[%s]' % self.near if six else self.near, real)
        dq('ipvsadm -A %s -s rr %s' % (self.at, options)); dq('ipvsadm -a %s %s %s' % (self.at, self.server, flag))
        # Where the client's connections come from, and where those of data go to: no session meets the expectations of another one.
        self.sp, self.cp, self.ap, self.dp = 21000 + n, 41000 + n * 10, 4000 + n, 5000 + n
        self.c, self.s = 1000, 5000   # the next numbers of both, as each knows them
        self.shift = 0   # how much further the client is than the server
        if open: self.open()
    def table(self):
        r = sorted('%s:%d > %d > %s:%d %s %d' % ('client', x['cp'], x['vp'], 'server' if binary(x['d']) == binary(self.near) else x['d'], x['dp'], x['st'], about(x['ex'], KNOWN)) for x in conns() if binary(x['v']) == binary(self.vip))
        return '; '.join(r) or 'no connection'
    def step(self, what, sender, send):
        came = bed.came(sender, send)
        out('$ %s\n%s\n%s' % (what, came, self.table()))   # each step is an answer of its own
        return came
    def request(self, data='', flags='PA'):
        send = lambda: bed.raw['c', self.six].tcp(self.client, self.sp, self.vip, self.port, flags, seq=self.c, ack=self.s + self.shift if 'A' in flags else 0, data=data.encode())
        self.step('client %s %r' % (flags, data), 'c', send)
        self.c += len(data) + ('S' in flags) + ('F' in flags)
    def reply(self, data='', flags='PA'):
        send = lambda: bed.raw['r1', self.six].tcp(self.near, self.real, self.client, self.sp, flags, seq=self.s, ack=self.c if 'A' in flags else 0, data=data.encode())
        came = self.step('server %s %r' % (flags, data), 'r1', send)
        got = re.match(r"c gets .* ack \d+ (['\"].*['\"])$", came)
        if got: self.shift += len(ast.literal_eval(got[1])) - len(data)
        self.s += len(data) + ('S' in flags) + ('F' in flags)
    def open(self):
        self.request('', 'S'); self.reply('', 'SA'); self.request('', 'A'); self.reply('220 ready\r\n'); self.request('', 'A')
    def data(self, cp, vp, flags, note=''):
        self.step('data of client %d to %d %s%s' % (cp, vp, flags, note), 'c', lambda: bed.raw['c', self.six].tcp(self.client, cp, self.vip, vp, flags, seq=100 + ('S' not in flags), ack=201 if 'A' in flags else 0))
    def back(self, rp, cp, flags, note=''):
        self.step('data of server %d to %d %s%s' % (rp, cp, flags, note), 'r1', lambda: bed.raw['r1', self.six].tcp(self.near, rp, self.client, cp, flags, seq=200 + ('S' not in flags), ack=101 if 'A' in flags else 0))
    def passive(self, port=None):
        port = port or self.dp
        if self.six: self.request('EPSV\r\n'); self.reply('229 ok (|||%d|)\r\n' % port)
        else: self.request('PASV\r\n'); self.reply('227 ok (%s,%d,%d)\r\n' % (comma(self.near), port >> 8, port & 255))
    def active(self):
        port = self.ap
        if self.six: self.request('EPRT |2|%s|%d|\r\n' % (self.client, port))
        else: self.request('PORT %s,%d,%d\r\n' % (comma(self.client), port >> 8, port & 255))
        self.reply('200 ok\r\n')
    def done(self):
        d('ipvsadm -Ln %s | tail -n +4' % self.at); dq('ipvsadm -D %s' % self.at)

for six in (False, True):
    s = Session('passive', six); s.passive(); s.request('', 'A')
    s.data(s.cp, s.dp, 'S'); s.back(s.dp, s.cp, 'SA'); s.data(s.cp, s.dp, 'A')
    s.data(s.cp + 1, s.dp, 'S', ', another one'); s.reply('150 here\r\n'); s.request('NOOP\r\n')
    s.back(s.dp, s.cp, 'FA'); s.data(s.cp, s.dp, 'FA'); s.back(s.dp, s.cp, 'A')
    s.data(s.cp, s.dp, 'S', ', once more'); s.back(s.dp, s.cp, 'SA'); s.done()

    s = Session('active', six); s.active()
    s.back(20, s.ap, 'S'); s.data(s.ap, 20, 'SA'); s.back(20, s.ap, 'A'); s.back(20, s.ap, 'FA'); s.data(s.ap, 20, 'FA'); s.back(20, s.ap, 'A')
    s.back(20, s.ap, 'S', ', once more'); s.data(s.ap, 20, 'SA'); s.active(); s.done()

    s = Session('a port of its own at the server', six, real=2121); s.active(); s.back(2120, s.ap, 'S'); s.data(s.ap, 20, 'SA'); s.passive(s.dp); s.data(s.cp, s.dp, 'S'); s.done()
    s = Session('a port that the helper does not read', six, port=2121, real=21); s.passive(); s.data(s.cp, s.dp, 'S'); s.done()
    s = Session('a persistent service', six, options='-p 100'); s.passive(); s.data(s.cp, s.dp, 'S'); s.data(s.cp + 1, s.dp + 500, 'S', ', of no reply'); s.active(); s.back(20, s.ap, 'S'); s.done()
    s = Session('direct routing', six, flag='-g', open=False); s.request('', 'S'); s.request('', 'A'); s.request('EPSV\r\n'); s.data(s.cp, s.dp, 'S'); s.done()
    s = Session('a reply that nobody asked for', six); s.reply('229 ok (|||%d|)\r\n' % s.dp if six else '227 ok (%s,%d,%d)\r\n' % (comma(s.near), s.dp >> 8, s.dp & 255)); s.data(s.cp, s.dp, 'S'); s.done()
    for line, answer in (('epsv\r\n', '229 ok (|||5000|)\r\n'), ('EPSV 1\r\n', '229 ok (|||5001|)\r\n'), ('EPSV ALL\r\n', '200 ok\r\n'), ('EPSV\r\n', '229 ok(|||5002|).\r\n'), ('EPSV\r\n', '229 ok (!!!5003!)\r\n'), ('EPSV\r\n', '229 ok (||5004|)\r\n'), ('EPSV\r\n', '229 ok (|||0|)\r\n'), ('EPSV\r\n', '229 ok (|||70000|)\r\n'), ('EPSV\r\n', '229 5005\r\n')):
        s = Session('%r, %r' % (line, answer), six); s.request(line); s.reply(answer); s.request('', 'A'); s.done()
    n, a = (2, '2001:db8:1::10') if six else (1, '10.0.1.10')
    for line in ('EPRT |%d|%s|4000|\r\n' % (n, a), 'eprt |%d|%s|4001|\r\n' % (n, a), 'EPRT !%d!%s!4002!\r\n' % (n, a), 'EPRT |%d|%s|4003\r\n' % (n, a), 'EPRT  |%d|%s|4004|\r\n' % (n, a), 'EPRT |%d|%s|0|\r\n' % (n, a), 'EPRT |%d|%s|65536|\r\n' % (n, a), 'EPRT |9|%s|4005|\r\n' % a, 'EPRT |%d||4006|\r\n' % n, 'EPRT |%d|%s|4007|\n' % (n, a), 'EPRT |%d|%s|4008|' % (n, a)):
        s = Session(repr(line), six); s.request(line); s.done()
    for what in ('server', 'service'):
        s = Session('the %s is removed while data are awaited' % what, six); s.passive(); s.active()
        dq('ipvsadm -d %s %s' % (s.at, s.server) if what == 'server' else 'ipvsadm -D %s' % s.at)
        s.data(s.cp, s.dp, 'S'); s.back(20, s.ap, 'S'); s.request('NOOP\r\n')
        if what == 'service': dq('ipvsadm -A %s -s rr' % s.at)
        dq('ipvsadm -a %s %s -m' % (s.at, s.server)); s.data(s.cp + 1, s.dp, 'S', ' afterwards'); s.request('NOOP\r\n'); s.done()
    s = Session('the server is quiesced', six); dq('ipvsadm -e %s %s -m -w 0' % (s.at, s.server)); s.passive(); s.data(s.cp, s.dp, 'S'); s.active(); s.back(20, s.ap, 'S'); s.done()
    s = Session('the upper threshold counts data', six); dq('ipvsadm -e %s %s -m -x 2' % (s.at, s.server)); s.passive(); s.active(); s.data(s.cp, s.dp, 'S'); d('ipvsadm -Ln --thresholds %s | tail -n +4' % s.at); s.done()
    s = Session('the client goes on from its old port', six); s.passive(); s.reply('', 'FA'); s.request('', 'FA'); s.reply('', 'A'); s.c = s.s = 90000; s.shift = 0; s.request('', 'S'); s.reply('', 'SA'); s.request('', 'A'); s.data(s.cp, s.dp, 'S'); s.request('NOOP\r\n'); s.done()
    s = Session('the server is quiesced while data go on, expire_nodest_conn', six); s.passive(); s.data(s.cp, s.dp, 'S'); dq('ipvsadm -e %s %s -m -w 0; sysctl -w net.ipv4.vs.expire_nodest_conn=1' % (s.at, s.server)); s.data(s.cp, s.dp, 'S', ', once more'); dq('sysctl -w net.ipv4.vs.expire_nodest_conn=0'); s.done()
    for before in (True, False):
        s = Session('an expected port that another service has, which comes %s' % ('before' if before else 'after'), six); other = '-t %s:%d' % (s.name, s.dp)
        there = 'ipvsadm -A %s -s rr; ipvsadm -a %s -r %s -m' % (other, other, '[2001:db8:2::12]:80' if six else '10.0.2.12:80')
        if before: dq(there)
        s.passive()
        if not before: dq(there)
        s.data(s.cp, s.dp, 'S'); s.data(s.cp + 1, s.dp, 'S'); dq('ipvsadm -D %s' % other); s.done()
    s = Session('a data connection is reset', six); s.passive(); s.data(s.cp, s.dp, 'S'); s.back(s.dp, s.cp, 'SA'); s.data(s.cp, s.dp, 'A'); s.back(s.dp, s.cp, 'R'); s.data(s.cp, s.dp, 'S', ', once more'); s.done()

six = False
for line, answer in (('pasv\r\n', '227 ok (10,0,2,11,20,136)\r\n'), ('PASV\r\n', '227 10,0,2,11,20,137\r\n'), ('PASV\r\n', '227 ok =10,0,2,11,20,138\r\n'), ('PASV\r\n', '227 Entering (10,0,2,11,20,139'), ('PASV\r\n', '227 ok (10,0,2,11,19)\r\n'), ('PASV\r\n', '227 ok (10,0,2,11,256,1)\r\n'), ('PASV\r\n', '227 ok (10,0,2,11,0,0)\r\n'), ('PASV\r\n', '227-ok (10,0,2,11,20,140)\r\n'), ('PASV\n', '227 ok (10,0,2,11,20,141).\r\n'), (' PASV\r\n', '227 ok (10,0,2,11,20,142)\r\n'), ('NOOP\r\nPASV\r\n', '227 ok (10,0,2,11,20,143)\r\n')):
    s = Session('%r, %r' % (line, answer)); s.request(line); s.reply(answer); s.request('', 'A'); s.done()
for line in ('PORT 10,0,1,10,15,160\r\n', 'port 10,0,1,10,15,161\r\n', 'PORT  10,0,1,10,15,162\r\n', 'PORT\t10,0,1,10,15,163\r\n', 'PORT 10,0,1,10,15,164\n', 'PORT 10,0,1,10,15,165', 'PORT 10,0,1,10,15\r\n', 'PORT 10,0,1,10,256,1\r\n', 'PORT 10,0,1,10,0,0\r\n', 'PORT 10,0,1,10,15,166,7\r\n', 'XPORT 10,0,1,10,15,167\r\n', 'NOOP\r\nPORT 10,0,1,10,15,168\r\n', 'PORT 10,0,1,10,015,0169\r\n', 'PORT 10,0,1,10, 15,170\r\n'):
    s = Session(repr(line)); s.request(line); s.done()
s = Session('PORT with the address of another host'); s.request('PORT 10,0,1,11,15,160\r\n'); s.back(20, s.ap, 'S'); s.done()
s = Session('a reply to PASV with the address of another host'); s.request('PASV\r\n'); s.reply('227 ok (10,0,2,12,21,136)\r\n'); s.data(s.cp, 5512, 'S'); s.done()
s = Session('a reply to PASV with the virtual address'); s.request('PASV\r\n'); s.reply('227 ok (%s,23,136)\r\n' % comma(s.vip)); s.done()
s = Session('a reply to PASV with a port below 1024'); s.request('PASV\r\n'); s.reply('227 ok (%s,1,0)\r\n' % comma(s.near)); s.data(s.cp, 256, 'S'); s.done()
s = Session('two replies'); s.passive(); s.request('', 'A'); s.passive(s.dp + 500); s.request('NOOP\r\n'); s.reply('200 ok\r\n'); s.data(s.cp, s.dp + 500, 'S'); s.data(s.cp + 1, s.dp, 'S'); s.done()
s = Session('the reply in two segments'); s.request('PASV\r\n'); s.reply('227 ok (10,0,'); s.reply('2,11,22,136)\r\n'); s.data(s.cp, 5768, 'S'); s.done()
