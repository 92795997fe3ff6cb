#!/usr/bin/python3
# What becomes of connections when their server or service is quiesced, edited, deleted or added again; the settings that decide it; the
# counters of each case; UDP and one-packet scheduling; what is not scheduled at all.
import sys; sys.path.insert(0, '/job/guest')
from tb import *
build(3)
RS = {str(i): '10.0.2.%d' % (10 + i) for i in range(1, 4)}
sp = [21000]; port = [2000]
def service(sched='rr', proto='-t', servers='12', rport=80, extra=''):
    port[0] += 1; at = '%s:%d' % (VIP, port[0])
    dq('ipvsadm -A %s %s -s %s %s' % (proto, at, sched, extra))
    for n in servers: dq('ipvsadm -a %s %s -r %s:%d -m' % (proto, at, RS[n], rport))
    return at
def opened(at, n=2):
    r = []
    for i in range(n):
        sp[0] += 1; s, a = conn(VIP, int(at.split(':')[1]), '10.0.1.10', sp[0]); r.append((a, s))
    out('opened: %s' % seq([a for a, s in r])); return r
def ask(pairs, text, wait=1.5):
    r = []
    for a, s in pairs:
        if s is None: r.append('-'); continue
        s.settimeout(wait)
        try: s.send(b'x'); m = s.recv(1).decode(); r.append(m or '(eof)')
        except socket.timeout: r.append('(timeout)')
        except OSError as e: r.append('(%s)' % e.strerror)
    out('%s: %s' % (text, seq(r)))
def table(at, proto='-t', what='ipvsadm -Ln'):
    time.sleep(.05); p = dq('%s %s %s' % (what, proto, at)); out(''.join('    ' + l + '\n' for l in p.stdout.splitlines()[2:]).rstrip('\n') if p.returncode == 0 else '    ' + p.stdout.strip())
def done(pairs, at, proto='-t'):
    for a, s in pairs:
        if s is not None: rst(s)
    dq('ipvsadm -D %s %s' % (proto, at)); time.sleep(.05)
keep = service(servers='3')   # a service stays, so that the kernel's hooks stay
for nodest in (0, 1):
    d('sysctl -w net.ipv4.vs.expire_nodest_conn=%d' % nodest)
    at = service(); c = opened(at); out('== quiesced'); dq('ipvsadm -e -t %s -r %s:80 -m -w 0' % (at, RS['1'])); ask(c, 'asked'); opened(at); table(at); done(c, at)
    at = service(); c = opened(at); out('== server deleted'); dq('ipvsadm -d -t %s -r %s:80' % (at, RS['1'])); ask(c, 'asked'); table(at)
    out('== added again'); dq('ipvsadm -a -t %s -r %s:80 -m' % (at, RS['1'])); ask(c, 'asked', 8); table(at); done(c, at)
    at = service(); c = opened(at); out('== service deleted'); dq('ipvsadm -D -t %s' % at); ask(c, 'asked')
    out('== added again'); dq('ipvsadm -A -t %s -s rr' % at); dq('ipvsadm -a -t %s -r %s:80 -m' % (at, RS['1'])); dq('ipvsadm -a -t %s -r %s:80 -m' % (at, RS['2'])); ask(c, 'asked', 8); table(at); done(c, at)
    at = service(); c = opened(at); out('== scheduler changed'); dq('ipvsadm -E -t %s -s wlc' % at); ask(c, 'asked'); table(at); done(c, at)
d('sysctl -w net.ipv4.vs.expire_nodest_conn=0')

out('\n# --- a closed connection of the same port: reused or not')
for mode in (0, 1):
    d('sysctl -w net.ipv4.vs.conn_reuse_mode=%d' % mode)
    at = service(); r = []
    for i in range(8):
        s, a = conn(VIP, int(at.split(':')[1]), '10.0.1.11', 22222); r.append(a)
        if s is not None: rst(s)
        time.sleep(.05)
    out('the same port, closed by RST: %s' % seq(r)); table(at); done([], at)
d('sysctl -w net.ipv4.vs.conn_reuse_mode=1')

out('\n# --- UDP')
at = service(proto='-u', rport=53); p = int(at.split(':')[1]); r = []
for i in range(6): r.append(udp(VIP, p, '10.0.1.10', 23000 + i)[1])
out('six ports: %s' % seq(r)); s, a = udp(VIP, p, '10.0.1.10', 23100); r = [a]
for i in range(4): s.send(b'q'); r.append(s.recv(10).decode())
out('one port, five times: %s' % seq(r)); table(at, '-u')
dq('ipvsadm -e -u %s -r %s:53 -m -w 0' % (at, RS['1'])); dq('ipvsadm -e -u %s -r %s:53 -m -w 0' % (at, RS['2']))
s.send(b'q'); out('all quiesced, the same port: %s' % s.recv(10).decode()); out('all quiesced, a new port: %s' % udp(VIP, p, '10.0.1.10', 23200)[1]); table(at, '-u')
dq('ipvsadm -D -u ' + at)

out('\n# --- counters: 3 connections of 2 requests each')
at = service(servers='123'); c = opened(at, 3); ask(c, 'asked')
for a, s in c: close(s)
time.sleep(5); d("ipvsadm -Ln --stats --exact -t %s | awk 'NR>2{print $1,$2,$3,($4>0),($5>0),($6>0)}'" % at); d('ipvsadm -Z -t %s' % at); time.sleep(3); table(at, what='ipvsadm -Ln --stats'); done([], at)

out('\n# --- not scheduled')
at = service(); p = int(at.split(':')[1])
C = Raw('c')
for text, flags, src in (('ACK', 'A', 24001), ('FIN', 'FA', 24002), ('RST', 'R', 24003), ('SYN+ACK', 'SA', 24004), ('no flag', '', 24005), ('source port 20', 'S', 20), ('source port 0', 'S', 0)):
    C.tcp('10.0.1.12', src, VIP, p, flags); time.sleep(.05)
    out('%-15s %s' % (text, [(x['cp'], x['st']) for x in conns() if x['vp'] == p and x['cp'] == src]))
done([], at)
