"""Ports and network interfaces of process groups, where the launch scripts leave them to chance.

``python -m mmpose_ours.launch.network`` prints a free port. This module does **not** start or join
a process group.
"""

from __future__ import annotations

import random
import socket
import struct
import subprocess
from typing import MutableMapping

# Linux gives ports from 32768 on to outgoing connections, so none of these is taken by one.
# The two ranges are apart, so that a launch script and a Slurm job never meet.
LAUNCH_PORTS = range(10000, 20000)
SLURM_PORTS = range(20000, 32000)
STEPS_PER_JOB = 10

_SIOCGIFADDR = 0x8915  # netdevice(7): the IPv4 address of an interface


def free_port() -> int:
    """Find a port that nothing on this machine listens on.

    Returns:
        One of :data:`LAUNCH_PORTS`, drawn at random, so that two jobs that start in the same
        moment do not get the same one.

    Raises:
        RuntimeError: All of a hundred ports that were tried are taken.
    """
    for port in random.sample(LAUNCH_PORTS, 100):
        with socket.socket() as probe:
            try:
                probe.bind(('', port))
            except OSError:
                continue
            return port
    raise RuntimeError(
        f'no free port: a hundred of {LAUNCH_PORTS.start} to {LAUNCH_PORTS.stop - 1} are taken; '
        'name one that is free, for example PORT=40000'
    )


def slurm_port(job: int, step: int) -> int:
    """The port of a step of a Slurm job: every task works out the same one without asking.

    Jobs of which both run at one time have different ones, unless 1200 jobs lie between them.

    Args:
        job: ``SLURM_JOB_ID``.
        step: ``SLURM_STEP_ID``.
    """
    jobs = len(SLURM_PORTS) // STEPS_PER_JOB
    return SLURM_PORTS[job % jobs * STEPS_PER_JOB + step % STEPS_PER_JOB]


def interface_towards(host: str) -> str | None:
    """Name the network interface by which this machine reaches another (or itself).

    Args:
        host: Name or IPv4 address.

    Returns:
        For example ``eth0``; None where the name is unknown, or leads to the loopback
        interface, or the system does not tell (only Linux does).
    """
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((host, 9))  # of a datagram socket: nothing is sent
            own = probe.getsockname()[0]
        if own.startswith('127.'):
            return None
        return next((n for _, n in socket.if_nameindex() if _address_of(n) == own), None)
    except (OSError, ImportError, AttributeError):
        return None


def _address_of(interface: str) -> str | None:
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        request = struct.pack('256s', interface.encode()[:15])
        try:
            answer = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, request)
        except OSError:
            return None  # it has no IPv4 address
    return socket.inet_ntoa(answer[20:24])


def prepare(environ: MutableMapping[str, str]) -> None:
    """Complete what the launcher said about the network, before a process joins its group.

    Slurm tasks get a port of their job's own (MMEngine's is 29500 for every job of a machine).
    Where a group spans machines, gloo is given the interface that leads to the first: by itself
    it takes the one that the machine's own name leads to, which on Debian is the loopback.
    What the user has set stays.

    Args:
        environ: The process environment, which is changed in place.
    """
    by_slurm = 'SLURM_STEP_ID' in environ and 'TORCHELASTIC_RUN_ID' not in environ
    if by_slurm and 'MASTER_PORT' not in environ:
        port = slurm_port(int(environ['SLURM_JOB_ID']), int(environ['SLURM_STEP_ID']))
        environ['MASTER_PORT'] = str(port)
    machines = environ.get('SLURM_NNODES' if by_slurm else 'GROUP_WORLD_SIZE', '1')
    if machines != '1' and 'GLOO_SOCKET_IFNAME' not in environ:
        interface = interface_towards(environ.get('MASTER_ADDR') or _first_of_slurm(environ))
        if interface is not None:
            environ['GLOO_SOCKET_IFNAME'] = interface


def _first_of_slurm(environ: MutableMapping[str, str]) -> str:
    """The machine on which MMEngine lets a Slurm job meet."""
    command = ['scontrol', 'show', 'hostnames', environ['SLURM_NODELIST']]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return next(iter(answer.stdout.split()), '')


if __name__ == '__main__':
    print(free_port())
