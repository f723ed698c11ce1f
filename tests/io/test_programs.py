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
print(os.environ['GOMP_SPINCOUNT'])
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
    for given in (
        {'OMP_WAIT_POLICY': 'ACTIVE'},
        {'GOMP_SPINCOUNT': '5', 'KMP_BLOCKTIME': '200'},
    ):
        environ = dict(given)
        let_waiting_threads_sleep(environ)
        assert environ == given
    environ = {}
    let_waiting_threads_sleep(environ)
    assert environ == {'GOMP_SPINCOUNT': '20000', 'KMP_BLOCKTIME': '1'}


def test_in_a_guarded_call(monkeypatch):
    for name in ('OMP_WAIT_POLICY', 'GOMP_SPINCOUNT'):
        monkeypatch.delenv(name, raising=False)
    seen = []
    assert guarded('try', [], lambda: seen.append(os.environ['GOMP_SPINCOUNT']) or 0) == 0
    assert seen == ['20000']


@pytest.mark.parametrize('start', STARTS)
def test_threads_sleep_before_torch_is_loaded(start):
    left_out = ('OMP_WAIT_POLICY', 'GOMP_SPINCOUNT')
    environ = {key: value for key, value in os.environ.items() if key not in left_out}
    done = subprocess.run(
        [sys.executable, '-c', PROGRAM.format(start=STARTS[start])],
        env=environ, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == '20000'
