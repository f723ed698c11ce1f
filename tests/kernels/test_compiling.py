"""Where compiled code is kept, and that nothing but speed depends on it."""

import os
import stat
import subprocess
import sys

import numpy as np
import pytest

from mmpose_ours.kernels import compiling

WITHOUT_NUMBA = """
import sys
sys.modules['numba'] = None
import numpy as np
from mmpose_ours.kernels.small_matrices import solve3
x = np.empty(3)
solve3(np.array([4.0, 0, 0, 2, 0, 1]), np.array([4.0, 4, 4]), x)
print(type(solve3).__name__, x.round(9).tolist())
"""
SOLVE = WITHOUT_NUMBA.replace("sys.modules['numba'] = None\n", '')


@pytest.fixture(autouse=True)
def forget():
    compiling.cache_folder.cache_clear()
    compiling._announce.cache_clear()
    yield
    compiling.cache_folder.cache_clear()
    compiling._announce.cache_clear()


def twice(x):
    return 2 * x


def start(script: str, **variables: str) -> subprocess.Popen:
    pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return subprocess.Popen(
        [sys.executable, '-c', script], env={**os.environ, **variables}, **pipes
    )


def test_the_folder_is_the_users_own_where_one_is_named(tmp_path, monkeypatch, caplog):
    pytest.importorskip('numba')
    monkeypatch.setenv('NUMBA_CACHE_DIR', str(tmp_path))
    folder = compiling.cache_folder()
    assert folder.startswith(str(tmp_path))
    assert compiling.compiled(twice)(np.arange(3)).tolist() == [0, 2, 4]
    assert list(tmp_path.rglob('*.nbi'))
    assert [record.levelname for record in caplog.records] == ['WARNING']
    if os.name == 'posix':
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700


@pytest.mark.skipif(os.name != 'posix', reason='permissions of POSIX')
def test_a_folder_that_others_may_write_into_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setenv('NUMBA_CACHE_DIR', str(tmp_path))
    os.chmod(compiling.cache_folder(), 0o777)
    compiling.cache_folder.cache_clear()
    assert not compiling.cache_folder().startswith(str(tmp_path))


def test_without_a_folder_that_can_be_written_it_compiles_all_the_same(tmp_path, monkeypatch):
    monkeypatch.delenv('NUMBA_CACHE_DIR', raising=False)
    in_the_way = tmp_path / 'file'
    in_the_way.write_text('')
    monkeypatch.setattr(compiling, '__file__', str(in_the_way / 'compiling.py'))
    monkeypatch.setenv('MMPOSE_OURS_CACHE', str(in_the_way))
    assert compiling.cache_folder() is None
    assert compiling.compiled(twice)(np.arange(3)).tolist() == [0, 2, 4]


def test_processes_that_start_together_compile_once(tmp_path):
    pytest.importorskip('numba')
    processes = [start(SOLVE, NUMBA_CACHE_DIR=str(tmp_path)) for _ in range(3)]
    outputs = [process.communicate(timeout=300) for process in processes]
    assert {out.split(maxsplit=1)[1].strip() for out, _ in outputs} == {'[1.0, 2.0, 4.0]'}
    assert sum(str(tmp_path) in error for _, error in outputs) == 1
    again = start(SOLVE, NUMBA_CACHE_DIR=str(tmp_path)).communicate(timeout=300)
    assert str(tmp_path) not in again[1]


def test_without_numba_the_same_functions_run():
    process = start(WITHOUT_NUMBA)
    out, error = process.communicate(timeout=300)
    assert out.split(maxsplit=1) == ['function', '[1.0, 2.0, 4.0]\n']
    assert 'Numba' in error
