"""Where compiled code is kept, and that nothing but speed depends on it."""

import numpy as np
import pytest

from mmpose_ours.kernels import compiling


@pytest.fixture(autouse=True)
def forget():
    yield
    compiling.cache_folder.cache_clear()


def twice(x):
    return 2 * x


def test_the_folder_is_the_users_own_where_one_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv('NUMBA_CACHE_DIR', str(tmp_path))
    compiling.cache_folder.cache_clear()
    assert compiling.cache_folder().startswith(str(tmp_path))
    assert compiling.compiled(twice)(np.arange(3)).tolist() == [0, 2, 4]
    assert list(tmp_path.rglob('*.nbi'))


def test_without_a_folder_that_can_be_written_it_compiles_all_the_same(tmp_path, monkeypatch):
    monkeypatch.delenv('NUMBA_CACHE_DIR', raising=False)
    in_the_way = tmp_path / 'file'
    in_the_way.write_text('')
    monkeypatch.setattr(compiling, '__file__', str(in_the_way / 'compiling.py'))
    monkeypatch.setattr(compiling.platformdirs, 'user_cache_dir', lambda *_, **__: str(in_the_way))
    compiling.cache_folder.cache_clear()
    assert compiling.cache_folder() is None
    assert compiling.compiled(twice)(np.arange(3)).tolist() == [0, 2, 4]
