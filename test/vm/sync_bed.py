# In the guest, for the scripts of synchronisation: hosts with their cables, commands in them, and what directors list.
#
#   client 10.9.1.100 ── front ── [master] and [backup] ── back ── server 10.9.2.100
#                                     └── sync, 10.9.9.0/24 ──┘
import subprocess
import sys
import time

VIP, GATEWAY, SERVER = '10.9.1.200', '10.9.2.200', '10.9.2.100'
CABLES = ('front', 'back', 'sync')


def run(*words, text=None):
    done = subprocess.run(words, input=text, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f'{" ".join(words)}: {done.returncode}: {done.stdout}{done.stderr}')
    return done.stdout


def within(host, *words, text=None):
    return run('ip', 'netns', 'exec', host, *words, text=text)


def host(name, *cables):
    run('ip', 'netns', 'add', name)
    run('ip', '-n', name, 'link', 'set', 'lo', 'up')
    for bridge, address in cables:
        device = f'{name}-{bridge}'
        run('ip', 'link', 'add', device, 'type', 'veth', 'peer', 'name', bridge, 'netns', name)
        run('ip', 'link', 'set', device, 'master', bridge, 'up')
        run('ip', '-n', name, 'link', 'set', bridge, 'up')
        run('ip', '-n', name, 'addr', 'add', f'{address}/24', 'dev', bridge)


def stations():
    """The bridges, the client and the server."""
    for bridge in CABLES:
        run('ip', 'link', 'add', bridge, 'type', 'bridge', 'mcast_snooping', '0')
        run('ip', 'link', 'set', bridge, 'up')
    host('client', ('front', '10.9.1.100'))
    host('server', ('back', SERVER))
    run('ip', '-n', 'server', 'route', 'add', 'default', 'via', GATEWAY)


def director(name, last):
    """A host that forwards; its addresses end with this number."""
    host(name, ('front', f'10.9.1.{last}'), ('back', f'10.9.2.{last}'), ('sync', f'10.9.9.{last}'))
    within(name, 'sysctl', '-qw', 'net.ipv4.ip_forward=1')


def without_power(name):
    for device in CABLES:
        run('ip', '-n', name, 'link', 'set', device, 'down')


def connections(name, program):
    """As ipvsadm lists them, without the time that they have."""
    rows = [line.split() for line in within(name, program, '-Lcn').splitlines() if line.startswith('TCP')]
    return sorted(' '.join([row[0], *row[2:]]) for row in rows)


def until(done, seconds=300):
    """Whether it was done in time."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(0.5)
    return True
