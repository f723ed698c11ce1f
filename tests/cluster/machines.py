"""Two machines made out of this one: namespaces with names and addresses, and a cable between.

Each has process ids, network, host name and mounts of its own, and shares the disk. All of it is
the kernel's and ends with the machine's first process; that one ends when this process does.
"""

from __future__ import annotations

import ctypes
import shlex
import signal
import subprocess
import time
from pathlib import Path
from typing import Mapping

NAMESPACES = ('--net', '--uts', '--mount', '--pid')
INTERFACE = 'lan0'
ADDRESSES = {'n1': '10.77.0.1', 'n2': '10.77.0.2'}


class Machine:
    """A machine that runs commands.

    Args:
        name: Its host name.
        hosts: A file that its ``/etc/hosts`` is.
    """

    def __init__(self, name: str, hosts: Path):
        self.name = name
        command = ['unshare', *NAMESPACES, '--fork', '--mount-proc', '--kill-child=KILL']
        # bash as the first process reaps what its children leave behind.
        self._power = subprocess.Popen(
            [*command, 'bash', '-c', 'sleep infinity & wait'], preexec_fn=_die_with_parent
        )
        self.pid = self._first_process()
        self.run(f'hostname {name} && mount --bind {shlex.quote(str(hosts))} /etc/hosts')

    def _first_process(self) -> int:
        children = Path(f'/proc/{self._power.pid}/task/{self._power.pid}/children')
        for _ in range(100):
            found = children.read_text().split() if children.exists() else []
            # Until it has become bash it may not have a /proc of its own yet.
            if found and Path(f'/proc/{found[0]}/comm').read_text().strip() == 'bash':
                return int(found[0])
            time.sleep(0.05)
        raise RuntimeError(f'machine {self.name} did not start')

    def start(
        self, commands: str, cwd: Path | str = '/', env: Mapping[str, str] | None = None
    ) -> subprocess.Popen:
        """Begin commands of bash on it; stdout and stderr come together."""
        script = f'cd {shlex.quote(str(cwd))} && {{ {commands}\n}}'
        return subprocess.Popen(
            ['nsenter', '--target', str(self.pid), *NAMESPACES, 'bash', '-e', '-c', script],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(
        self,
        commands: str,
        cwd: Path | str = '/',
        env: Mapping[str, str] | None = None,
        timeout: int = 120,
    ) -> str:
        """Run commands, all of which must succeed; returns what they print."""
        return finish(self.start(commands, cwd, env), timeout)

    def lose(self) -> None:
        """Cut its power: off the net without a farewell, all of its processes gone at once."""
        if self._power.poll() is None:
            self.run(f'ip link set {INTERFACE} down')
        self._power.send_signal(signal.SIGKILL)
        self._power.wait()


class TwoMachines:
    """n1 and n2, a cable between them.

    Args:
        folder: What they share besides the disk: the file of host names lies in it.
    """

    def __init__(self, folder: Path):
        hosts = folder / 'hosts'
        lines = [f'{address} {name}\n' for name, address in ADDRESSES.items()]
        hosts.write_text(''.join(['127.0.0.1 localhost\n', *lines]))
        self.n1, self.n2 = (Machine(name, hosts) for name in ADDRESSES)
        # The cable ends in a switch that belongs to n1, so that n1 keeps its interface and
        # address when n2 is lost.
        self.n1.run(f'ip link add {INTERFACE} type bridge')
        subprocess.run(
            shlex.split(
                f'ip link add port netns {self.n1.pid} type veth '
                f'peer name {INTERFACE} netns {self.n2.pid}'
            ),
            check=True,
        )
        self.n1.run(f'ip link set port master {INTERFACE} up')
        for machine in (self.n1, self.n2):
            address = ADDRESSES[machine.name]
            machine.run(
                f'ip address add {address}/24 dev {INTERFACE}\n'
                f'ip link set {INTERFACE} up\nip link set lo up'
            )

    def end(self) -> None:
        """Nothing of them is left afterwards."""
        for machine in (self.n1, self.n2):
            machine.lose()


def finish(process: subprocess.Popen, timeout: int = 120, status: int = 0) -> str:
    """Wait for the end of a command, which must have a status; returns what it printed."""
    try:
        output = process.communicate(timeout=timeout)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError(process.communicate()[0][-4000:]) from None
    assert process.returncode == status, f'status {process.returncode}\n{output[-4000:]}'
    return output


def _die_with_parent() -> None:
    """prctl(2): this process is killed when the one that started it is gone."""
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
