#!/usr/bin/python3
# The director as its own client and as its own server, by every method, over both families, TCP and UDP: who answers, what leaves, what is counted.
import sys; sys.path.insert(0, '/job/guest')
from tb import *
from packets import settle
from wire import GUE, Wire
S = build(3)
FAMILIES = dict(IPv4=(VIP, DVIP, '10.0.2.1', '10.0.1.1', '10.0.1.10', ['10.0.2.11', '10.0.2.12', '10.0.2.13']), IPv6=(VIP6, DVIP6, '2001:db8:2::1', '2001:db8:1::1', '2001:db8:1::10', ['2001:db8:2::11', '2001:db8:2::12', '2001:db8:2::13']))
S.tcp('d', 80, 'L'); S.tcp('d', 8080, 'M')
def replier(address):
    s = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, socket.SOCK_DGRAM); s.bind((address, 53)); s.setblocking(False); S.sel.register(s, selectors.EVENT_READ, ('u', 'L'))
setns('d'); [replier(a) for vip, dvip, own, *_ in FAMILIES.values() for a in (vip, dvip, own)]; setns('c')
W, port = Wire('r1'), [30000]
began = [0]
def counted():
    settle(); d('''ipvsadm -Ln --stats | awk 'NR > 3 { print $2, $3 " connections" }' ''')
    # those of this case: older ones may have expired
    listed = [l.split() for l in dq('ipvsadm -Lcn').stdout.splitlines()[2:]]
    for l in sorted(' '.join([f[0]] + f[2:]) for f in listed if int(f[3].rsplit(':', 1)[1]) > began[0]): out('listed: ' + l)
def tries(ns, vip, p, src, n=4):
    setns(ns)
    try:
        r = []
        for _ in range(n):
            port[0] += 1; s, a = conn(vip, p, src, port[0], timeout=1.5); r.append(a); close(s)
        return seq(r)
    finally: setns('c')
def datagrams(ns, vip, p, src, n=4):
    setns(ns)
    try:
        r = []
        for _ in range(n): port[0] += 1; s, a = udp(vip, p, src, port[0], timeout=1); s.close(); r.append(a)
        return seq(r)
    finally: setns('c')
for family, (vip, dvip, own, front, client, servers) in FAMILIES.items():
    six = family == 'IPv6'; at = (lambda a, p: '[%s]:%d' % (a, p)) if six else (lambda a, p: '%s:%d' % (a, p))
    def table(text, address, reals, flag, ports=(80, 53)):
        out('\n== %s: %s' % (family, text)); began[0] = port[0]; dq('ipvsadm -A -t %s -s rr; ipvsadm -A -u %s -s rr' % (at(address, ports[0]), at(address, ports[1])))
        for r, p, u in reals: dq('ipvsadm -a -t %s -r %s %s; ipvsadm -a -u %s -r %s %s' % (at(address, ports[0]), at(r, p), flag, at(address, ports[1]), at(r, u), flag))
    far = [(servers[0], 80, 53), (servers[1], 80, 53)]
    for source, text in ((own, 'its address towards the servers'), (front, 'its address towards the clients'), (None, 'no address of its choice')):
        table('a client on the director with %s, NAT' % text, vip, far, '-m'); out('TCP ' + tries('d', vip, 80, source)); out('UDP ' + datagrams('d', vip, 53, source)); counted(); dq('ipvsadm -C')
    table('a client on the director, direct routing', dvip, far, '-g'); out('TCP ' + tries('d', dvip, 80, own)); out('UDP ' + datagrams('d', dvip, 53, own)); counted(); dq('ipvsadm -C')
    def one():
        setns('d'); s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM); port[0] += 1; s.bind((own, port[0])); s.sendto(b'x' * 33, (dvip, 53)); s.close(); setns('c')
    for kind, options in (('ipip', '--tun-type ipip'), ('gre', '--tun-type gre --tun-nocsum'), ('gue', '--tun-type gue --tun-port %d --tun-nocsum' % GUE)):
        table('a client on the director, a tunnel (%s)' % kind, dvip, far[:1], '-i ' + options); seen = W.all(one); out('UDP: ' + (seen[0].replace(' id 0', '') if seen else 'nothing')); counted(); dq('ipvsadm -C')
    table('a server on the director, NAT to its port 8080', vip, [(own, 8080, 53)], '-m'); out('TCP ' + tries('c', vip, 80, client)); out('UDP ' + datagrams('c', vip, 53, client)); counted(); dq('ipvsadm -C')
    table('a server on the director, NAT to the virtual address', vip, [(vip, 8080, 53)], '-m'); out('TCP ' + tries('c', vip, 80, client)); out('UDP ' + datagrams('c', vip, 53, client)); counted(); dq('ipvsadm -C')
    for flag, method in (('-g', 'direct routing'), ('-i', 'a tunnel')):
        table('a server on the director, %s' % method, dvip, [(own, 80, 53)], flag); out('TCP ' + tries('c', dvip, 80, client)); out('UDP ' + datagrams('c', dvip, 53, client)); counted(); dq('ipvsadm -C')
    table('a server on the director and another one, NAT', vip, [(own, 80, 53), far[0]], '-m'); out('TCP ' + tries('c', vip, 80, client)); out('UDP ' + datagrams('c', vip, 53, client)); counted(); dq('ipvsadm -C')
    table('a server on the director and another one, direct routing', dvip, [(own, 80, 53), far[0]], '-g'); out('TCP ' + tries('c', dvip, 80, client)); out('UDP ' + datagrams('c', dvip, 53, client)); counted(); dq('ipvsadm -C')
    table('both on the director, NAT', vip, [(own, 8080, 53)], '-m'); out('TCP ' + tries('d', vip, 80, own)); out('UDP ' + datagrams('d', vip, 53, own)); counted(); dq('ipvsadm -C')
    table('both on the director, direct routing', dvip, [(own, 80, 53)], '-g'); out('TCP ' + tries('d', dvip, 80, own)); out('UDP ' + datagrams('d', dvip, 53, own)); counted(); dq('ipvsadm -C')
    table('a client on the director, no server', vip, [], '-m'); out('TCP ' + tries('d', vip, 80, own, 1)); out('UDP ' + datagrams('d', vip, 53, own, 1)); counted(); dq('ipvsadm -C')
    table('a client on the director, a deleted server', vip, far[:1], '-m'); out('TCP ' + tries('d', vip, 80, own, 1)); dq('ipvsadm -d -t %s -r %s' % (at(vip, 80), at(*far[0][:2]))); out('TCP ' + tries('d', vip, 80, own, 1)); counted(); dq('ipvsadm -C')
