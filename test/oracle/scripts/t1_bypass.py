#!/usr/bin/python3
# cache_bypass: what has a mark and finds no server goes on to the address that it was sent to, as a connection. Caches before servers with addresses
# of their own, as a transparent proxy has them; over both families.
import sys; sys.path.insert(0, '/job/guest')
from tb import *
from packets import Listener, Raw6, about, mute, settle, udp6
from wire import Wire
build(3, tcpports=(80,), udpports=(53,))
KNOWN = (10, 30, 60, 120, 300, 900)
dq('for x in 1 2; do ip rule add fwmark $x lookup 100; ip -6 rule add fwmark $x lookup 100; done; ip route add local default dev lo table 100; ip -6 route add local default dev lo table 100')
FAMILIES = dict(IPv4=(Raw, VIP, '10.0.1.10', '10.0.1.11', ['10.0.2.11', '10.0.2.12', '10.0.2.13'], '10.0.2.1', '198.51.100.9', '10.0.2.99'),
                IPv6=(Raw6, VIP6, '2001:db8:1::10', '2001:db8:1::11', ['2001:db8:2::11', '2001:db8:2::12', '2001:db8:2::13'], '2001:db8:2::1', '2001:db8:9::9', '2001:db8:2::99'))
port = [30000]
def setting(name, n): dq('sysctl -qw net.ipv4.vs.%s=%d' % (name, n))
began = [0]
def shown():
    # those of this case: older ones may have expired
    listed = [l.split() for l in dq('ipvsadm -Lcn').stdout.splitlines()[2:]]
    for l in sorted(' '.join([f[0]] + f[2:]) for f in listed if int(f[3].rsplit(':', 1)[1]) > began[0]): out('listed: ' + l)
def counted(): settle(); d('''ipvsadm -Ln --stats | awk 'NR > 3 { print $1, $2, $3 " connections, in " ($4 ? "some" : "none") ", out " ($5 ? "some" : "none") }' ''')
for family, (raw, vip, client, other, servers, own, nowhere, silent) in FAMILIES.items():
    six = family == 'IPv6'; real = (lambda a: '[%s]:0' % a) if six else (lambda a: a); tables = 'ip6tables' if six else 'iptables'; f6 = ' -6' if six else ''; at = (lambda a: '[%s]' % a) if six else (lambda a: a); life = 'hops' if six else 'ttl'
    C, R3, H, W3, WC = raw('c'), raw('r3'), Listener('c', six), Wire('r3'), Wire('c'); net = '2001:db8:2::/64' if six else '10.0.2.0/24'
    def marks():
        for proto, p in (('tcp', 80), ('udp', 53)):
            for to in (net, nowhere, vip): dq('%s -t mangle -A PREROUTING -p %s --dport %d -d %s -j MARK --set-mark 1' % (tables, proto, p, to))
    def table(text, service='-s rr', reals=(), bypass=1): out('\n== %s: %s' % (family, text)); began[0] = port[0]; setting('cache_bypass', bypass); dq('ipvsadm -A -f 1%s %s' % (f6, service)); [dq('ipvsadm -a -f 1%s -r %s %s' % (f6, real(r), how)) for r, how in reals]
    def end():
        dq('ipvsadm -C')
        for n, x in (('cache_bypass', 0), ('expire_nodest_conn', 0), ('conn_reuse_mode', 1)): setting(n, x)
    def go(text, to=servers[2], n=2, keep=False):
        r, kept = [], []
        for _ in range(n):
            port[0] += 1; s, a = conn(to, 80, client, port[0], timeout=1.5); r.append(a); kept.append(s)
            if not keep: close(s)
        time.sleep(.1); out('%s: %s' % (text, seq(r))); return kept
    def state(cp): x = fnd(cp); return '%s to %s:%d %d' % (x['st'], x['d'], x['dp'], about(x['ex'], KNOWN)) if x else 'no connection'
    marks()
    table('switched off', bypass=0); go('connections'); shown(); counted(); end()
    table('no server'); go('connections'); go('to another address', servers[1]); shown(); counted(); end()
    table('a server of weight 0', reals=[(servers[0], '-m -w 0')]); go('connections'); shown(); counted(); end()
    table('a server', reals=[(servers[0], '-m')]); go('connections'); shown(); counted(); end()
    table('a full server', reals=[(servers[1], '-m -x 1')]); a = go('the first', keep=True, n=1); go('the next'); shown(); [close(s) for s in a]; counted(); end()
    table('a server comes'); kept = go('before', keep=True, n=1); dq('ipvsadm -a -f 1%s -r %s -m' % (f6, real(servers[0]))); kept[0].send(b'q'); out('goes on with ' + kept[0].recv(1).decode()); go('after'); shown(); close(kept[0]); counted(); end()
    table('switched off while there is a connection'); kept = go('before', keep=True, n=1); setting('cache_bypass', 0); kept[0].send(b'q'); out('goes on with ' + kept[0].recv(1).decode()); go('after', n=1); shown(); close(kept[0]); end()
    table('the service goes'); dq('ipvsadm -A -t %s:81 -s rr' % at(vip)); kept = go('before', keep=True, n=1); dq('ipvsadm -D -f 1%s' % f6); kept[0].send(b'q'); kept[0].settimeout(1.5)
    try: a = kept[0].recv(1).decode()
    except OSError: a = '(nothing)'
    out('goes on with ' + a); shown(); close(kept[0]); end()
    table('expire_nodest_conn'); setting('expire_nodest_conn', 1); kept = go('before', keep=True, n=1); kept[0].send(b'q'); out('goes on with ' + kept[0].recv(1).decode()); shown(); close(kept[0]); end()
    table('persistence', '-s rr -p 100'); go('connections'); shown(); counted(); end()
    table('datagrams'); port[0] += 3; out(seq([udp(servers[2], 53, client, port[0] - n)[1] for n in range(3)])); shown(); counted(); end()
    table('one-packet scheduling', '-s rr -o'); port[0] += 3; out(seq([udp(servers[2], 53, client, port[0] - n)[1] for n in range(3)])); shown(); counted(); end()
    table('to an address of the director')
    for to in (vip, own): port[0] += 1; H.heard('SYN', lambda: C.tcp(client, port[0], to, 80, 'S')); out(state(port[0]))
    counted(); end()
    table('to an address without a route'); port[0] += 1; H.heard('SYN', lambda: C.tcp(client, port[0], nowhere, 80, 'S')); out(state(port[0])); counted(); end()
    out('\n== %s: a service of an address' % family); began[0] = port[0]; setting('cache_bypass', 1); dq('ipvsadm -A -t %s:80 -s rr' % at(vip)); dq('%s -t mangle -F' % tables); H.heard('SYN', lambda: C.tcp(client, port[0] + 1, vip, 80, 'S')); port[0] += 1; shown(); end(); marks()
    for ns in ('c', 'r3'): mute(ns, six=six); mute(ns, protocols=('udp',), six=six)
    table('TTL and what is sent'); port[0] += 1; p = port[0]
    for n in (64, 2, 255): W3.saw('SYN with TTL %d' % n, lambda: C.tcp(client, p, servers[2], 80, 'S', **{life: n}))
    H.heard('SYN with TTL 1', lambda: C.tcp(client, p, servers[2], 80, 'S', **{life: 1})); H.heard('the first SYN with TTL 1', lambda: C.tcp(client, p + 1, servers[2], 80, 'S', **{life: 1})); out(state(p + 1)); port[0] += 1
    WC.saw('the answer', lambda: R3.tcp(servers[2], 80, client, p, 'SA', ack=1)); out(state(p)); W3.saw('data', lambda: C.tcp(client, p, servers[2], 80, 'PA', ack=1, data=b'x' * 33)); out(state(p)); counted(); end()
    table('a path of 1400'); dq('ip link set eth1 mtu 1400'); time.sleep(2.2); port[0] += 1; p = port[0]; C.tcp(client, p, servers[2], 80, 'S'); time.sleep(.1)
    H.heard('too large', lambda: C.tcp(client, p, servers[2], 80, 'PA', ack=1, data=b'x' * 1400)); W3.saw('the largest', lambda: C.tcp(client, p, servers[2], 80, 'PA', ack=1, data=b'x' * (1360 - (20 if six else 0))))
    if not six: W3.saw('too large, without DF', lambda: C.tcp(client, p, servers[2], 80, 'PA', ack=1, data=b'x' * 1400, frag=0))
    dq('ip link set eth1 mtu 1500'); time.sleep(2.2); end()
    table('states'); port[0] += 1
    for steps in (['c S'], ['c S', 'c A'], ['c S', 's SA', 'c A'], ['c S', 's SA', 'c A', 'c FA'], ['c S', 's SA', 'c A', 's FA'], ['c S', 's SA', 'c A', 'c FA', 's FA'], ['c S', 's R'], ['c S', 's SA', 'c A', 's R'], ['c S', 's SA', 'c A', 'c R'], ['c A'], ['c R'], ['c SA']):
        port[0] += 1; p = port[0]
        for s in steps:
            who, flags = s.split()
            if who == 'c': C.tcp(client, p, servers[2], 80, flags, ack=1)
            else: R3.tcp(servers[2], 80, client, p, flags, ack=1)
            time.sleep(.06)
        out('%s: %s' % (', '.join(steps), state(p)))
    end()
    for mode in (1, 0):
        table('a port is used again, conn_reuse_mode %d' % mode); setting('conn_reuse_mode', mode)
        for text, steps in (('established', ['S', 's SA', 'A']), ('closed', ['S', 's R'])):
            port[0] += 1; p = port[0]
            for s in steps:
                (R3.tcp(servers[2], 80, client, p, s.split()[1], ack=1) if s[:2] == 's ' else C.tcp(client, p, servers[2], 80, s, ack=1)); time.sleep(.06)
            out('%s: %s' % (text, state(p))); dq('ipvsadm -a -f 1%s -r %s -m' % (f6, real(servers[0]))); C.tcp(client, p, servers[2], 80, 'S', seq=9); time.sleep(.1); out('a SYN, with a server: %s' % state(p)); dq('ipvsadm -d -f 1%s -r %s' % (f6, real(servers[0])))
        end()
    table('clients on the director'); dq('%s -t mangle -A OUTPUT -p udp --dport 53 -d %s -j MARK --set-mark 1' % (tables, net))
    def own_datagram(): setns('d'); s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM); port[0] += 1; s.bind((own, port[0])); s.sendto(b'q', (servers[2], 53)); s.close(); setns('c')
    W3.saw('UDP', own_datagram); shown(); end()
    dq('%s -t mangle -F' % tables); dq('%s -t raw -F' % tables, 'c'); dq('%s -t raw -F' % tables, 'r3')
