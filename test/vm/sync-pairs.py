# In the guest: a client, a server, and pairs of directors that keep their connections the same by the kernel's protocol. A pair begins with connections through
# its master; then the backup has them, takes over the addresses of a master that is gone, and each must go on. Prints a heading and a JSON object for each pair.
import ctypes
import json
import socket
import threading

from sync_bed import GATEWAY, SERVER, VIP, connections, director, run, stations, until, within, without_power

CONNECTIONS = 5
PROGRAMS = {'kernel': '/usr/sbin/ipvsadm', 'weir': '/job/bin/ipvsadm'}
SERVICE = f'-A -t {VIP}:80 -s rr\n-a -t {VIP}:80 -r {SERVER}:80 -m\n'


def inside(name, work):
    """Runs `work` in a thread of the host's network namespace; its result."""
    found = []

    def enter():
        with open(f'/run/netns/{name}') as namespace:
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), 0x40000000) != 0:
                raise OSError(ctypes.get_errno(), 'setns')
        found.append(work())

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    return found[0]


def echo():
    server = socket.create_server((SERVER, 80), backlog=64)

    def answer(peer):
        while data := peer.recv(4096):
            peer.sendall(data)

    def accept():
        while True:
            threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def begin(first_port):
    """Connections with more packets than sync_threshold asks for."""
    opened = []
    for k in range(CONNECTIONS):
        one = socket.create_connection((VIP, 80), timeout=60, source_address=('10.9.1.100', first_port + k))
        opened.append(one)
        for _ in range(5):
            exchange(one, b'before')
    return opened


def exchange(one, data):
    one.sendall(data)
    got = b''
    while len(got) < len(data):
        more = one.recv(4096)
        if not more:
            raise ConnectionError('closed')
        got += more
    assert got == data, got


def goes_on(one):
    try:
        exchange(one, b'after')
        return 'goes on'
    except OSError as error:
        return str(error)


def owns(name, yes):
    for device, address in (('front', f'{VIP}/24'), ('back', f'{GATEWAY}/24')):
        run('ip', '-n', name, 'addr', 'add' if yes else 'del', address, 'dev', device)
    for other in ('client', 'server'):
        run('ip', '-n', other, 'neigh', 'flush', 'all')


def pair(number, kinds):
    names = [f'd{number}{role}' for role in 'mb']
    programs = [PROGRAMS[kind] for kind in kinds]
    for k, (name, program) in enumerate(zip(names, programs)):
        director(name, 10 * number + k + 1)
        within(name, program, '-R', text=SERVICE)
        within(name, program, '--start-daemon', ('master', 'backup')[k], '--mcast-interface', 'sync', '--syncid', '7')
    master, backup = names
    owns(master, True)
    opened = inside('client', lambda: begin(40000 + 100 * number))
    wanted = connections(master, programs[0])
    until(lambda: connections(backup, programs[1]) == wanted)
    there = connections(backup, programs[1])
    without_power(master)
    owns(backup, True)
    after = [goes_on(one) for one in opened]
    for name, program, role in zip(names, programs, ('master', 'backup')):
        within(name, program, '--stop-daemon', role)
    owns(backup, False)
    for one in opened:
        one.close()
    return {'master': wanted, 'backup': there, 'after': after}


stations()
inside('server', echo)
for number, kinds in enumerate((('kernel', 'weir'), ('weir', 'kernel'), ('weir', 'weir'), ('kernel', 'kernel'))):
    print(f'== {kinds[0]} to {kinds[1]}\n{json.dumps(pair(number, kinds))}', flush=True)
print('== end', flush=True)
