"""How a program begins."""

import os
import subprocess
import sys

import pytest

from mmpose_ours.io.programs import guarded, let_waiting_threads_sleep

# A program as those of this package, which says how OpenMP's threads wait and what was loaded.
PROGRAM = """
import os, sys
{start}
assert 'torch' not in sys.modules, 'OpenMP reads its settings when torch is loaded'
print(os.environ['OMP_WAIT_POLICY'])
"""
STARTS = {
    'command': "from mmpose_ours.cli.main import main; main(['path', 'configs'])",
    'training': (
        'from mmpose_ours.launch import launching\n'
        'launching._check_generation = launching._run = launching._settings = lambda *_: None\n'
        'launching.train()'
    ),
}


def test_what_the_user_set_stays():
    environ = {'OMP_WAIT_POLICY': 'ACTIVE', 'KMP_BLOCKTIME': '200'}
    let_waiting_threads_sleep(environ)
    assert environ == {'OMP_WAIT_POLICY': 'ACTIVE', 'KMP_BLOCKTIME': '200'}
    environ = {}
    let_waiting_threads_sleep(environ)
    assert environ == {'OMP_WAIT_POLICY': 'PASSIVE', 'KMP_BLOCKTIME': '0'}


def test_in_a_guarded_call(monkeypatch):
    monkeypatch.delenv('OMP_WAIT_POLICY', raising=False)
    seen = []
    assert guarded('try', [], lambda: seen.append(os.environ['OMP_WAIT_POLICY']) or 0) == 0
    assert seen == ['PASSIVE']


@pytest.mark.parametrize('start', STARTS)
def test_threads_sleep_before_torch_is_loaded(start):
    environ = {key: value for key, value in os.environ.items() if key != 'OMP_WAIT_POLICY'}
    done = subprocess.run(
        [sys.executable, '-c', PROGRAM.format(start=STARTS[start])],
        env=environ, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == 'PASSIVE'
