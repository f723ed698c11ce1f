"""Configs that are data are read and not run."""

import pytest
from errors import fails

from mmpose_ours.io.parsers.config_data import NotDataError, read_config_data

Config = pytest.importorskip('mmengine.config', reason='the oracle is MMEngine').Config

DATA = """
\"\"\"A config.\"\"\"
_base_ = ['base.py']
size = [8000.0, -2, 3 * 4]
model = dict(type='A', size=size, b=dict(_delete_=True, c=(1, None)), d={'e': True}, f=size[0])
n = 'a' + 'b'
"""


def test_a_config_of_assignments_is_read_as_mmengine_reads_it(tmp_path):
    (tmp_path / 'base.py').write_text("model = dict(b=dict(x=1), d=dict(g=2), k='v')\nm = 2 / 4\n")
    (tmp_path / 'a.py').write_text(DATA)
    read = Config(read_config_data(tmp_path / 'a.py'))
    run = Config.fromfile(tmp_path / 'a.py')
    assert read.to_dict() == run.to_dict()


@pytest.mark.parametrize('text', [
    'import os', 'a = __import__("os")', 'a = [x for x in (1,)]', 'a = (1).real', 'a = open("a")',
    'a = 9 ** 9', 'a = [0] * 99999', 'a = "b" * 9', 'del a', 'for a in (): pass', 'a = f"{1}"',
    'a = b', 'a = dict(1)', 'a = (', "_base_ = 'a.py'", "_base_ = 'mmpose::a.py'", 'a.b = 1',
    'a = lambda: 1', 'a = {**{}}', 'a = 1 / 0', 'a = [1][2]', 'a = ' + '-' * 9999 + '1',
    'a = "b"\n' + 'a = a + a\n' * 60, 'a = 3\n' + 'a = a * a\n' * 60,
    'a = 1\n' + 'a = [a, a]\n' * 60, 'a = 1\n' + 'a = dict(b=a, c=a)\n' * 60,
    'a = 1\n' + 'a = (a, a)\n' * 60 + 'a = {a: 1}', 'a = 1\n' + 'a = [a]\n' * 200,
    'a = [' + '1,' * 10**6 + ']', '_base_ = [1]', '_base_ = [[1, [2]]]',
])  # fmt: skip
def test_what_is_more_than_data_is_not_read(text, tmp_path):
    (tmp_path / 'a.py').write_text(text)
    with fails(NotDataError, file=tmp_path / 'a.py') as caught:
        read_config_data(tmp_path / 'a.py')
    assert caught.value.code in ('unsafe', 'file-format', 'limit-exceeded')


def test_a_base_that_is_not_a_file(tmp_path):
    (tmp_path / 'a.py').write_text("_base_ = 'a\\0.py'\n")
    with pytest.raises(FileNotFoundError):
        read_config_data(tmp_path / 'a.py')


def test_what_unfolds_without_end_is_refused(tmp_path):
    """A list of a list ... 2^40 entries long in a message."""
    path = tmp_path / 'a.py'
    doubled = ''.join(f'x{i} = [x{i - 1}, x{i - 1}]\n' for i in range(1, 41))
    path.write_text(f'x0 = [1]\n{doubled}_base_ = [x40]\n')
    with fails(NotDataError, code='unsafe', file=path):
        read_config_data(path)


def test_bases_are_counted(tmp_path):
    for name in range(4):
        text = f'_base_ = {[f"{name + 1}.py"] * 200}\n'
        (tmp_path / f'{name}.py').write_text(text)
    (tmp_path / '4.py').write_text('a = 1\n')
    with fails(NotDataError, code='limit-exceeded'):
        read_config_data(tmp_path / '0.py')
