"""Ports and interfaces of process groups."""

import socket
import subprocess
import sys

import pytest

from mmpose_ours.launch import network


def test_a_taken_port_is_not_given(monkeypatch):
    monkeypatch.setattr(network.random, 'sample', lambda ports, count: list(candidates))
    with socket.socket() as taken, socket.socket() as other:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        other.bind(('127.0.0.1', 0))
        free = other.getsockname()[1]
        other.close()
        candidates = [taken.getsockname()[1], free]
        assert network.free_port() == free
        candidates = candidates[:1]
        with pytest.raises(RuntimeError, match='PORT='):  # the way out
            network.free_port()


def test_the_module_prints_a_port():
    printed = subprocess.check_output(
        [sys.executable, '-m', 'mmpose_ours.launch.network'], text=True
    )
    assert int(printed) in network.LAUNCH_PORTS


def test_steps_of_slurm_jobs_that_run_together_have_ports_of_their_own():
    ports = {network.slurm_port(job, step) for job in range(99_000, 100_200) for step in range(10)}
    assert len(ports) == 12_000 and ports == set(network.SLURM_PORTS)
    assert max(ports) < 32768  # where Linux begins to give ports to others
    assert not ports & set(network.LAUNCH_PORTS)


def test_the_loopback_is_no_way_to_another_machine():
    assert network.interface_towards('127.0.0.1') is None
    assert network.interface_towards('no-such-host.invalid') is None


class TestPrepare:
    SLURM = {'SLURM_JOB_ID': '7', 'SLURM_STEP_ID': '0', 'SLURM_NNODES': '1'}

    def prepared(self, monkeypatch, environ):
        monkeypatch.setattr(network, 'interface_towards', lambda host: f'to-{host}')
        before = dict(environ)
        network.prepare(environ)
        return {key: value for key, value in environ.items() if before.get(key) != value}

    @pytest.mark.parametrize(
        ('environ', 'added'),
        [
            ({}, {}),
            ({'GROUP_WORLD_SIZE': '1', 'MASTER_ADDR': 'a'}, {}),
            ({'GROUP_WORLD_SIZE': '2', 'MASTER_ADDR': 'a'}, {'GLOO_SOCKET_IFNAME': 'to-a'}),
            ({'GROUP_WORLD_SIZE': '2', 'MASTER_ADDR': 'a', 'GLOO_SOCKET_IFNAME': 'mine'}, {}),
            (SLURM, {'MASTER_PORT': str(network.slurm_port(7, 0))}),
            ({**SLURM, 'MASTER_PORT': '1'}, {}),
            (
                {**SLURM, 'SLURM_NNODES': '2', 'MASTER_PORT': '1', 'MASTER_ADDR': 'a'},
                {'GLOO_SOCKET_IFNAME': 'to-a'},
            ),
            # torch's launcher inside a Slurm job has chosen the port already.
            ({**SLURM, 'TORCHELASTIC_RUN_ID': 'none', 'GROUP_WORLD_SIZE': '1'}, {}),
        ],
    )
    def test_adds_only_what_is_open(self, monkeypatch, environ, added):
        assert self.prepared(monkeypatch, dict(environ)) == added
