"""`mim train mmpose`, as docs/train.md has it, from an environment that has openmim as well."""

import os
import site
import subprocess
import sys
from pathlib import Path

import pytest
from train_page import ROOT, block, lay_out, run, steps

# What openmim imports when it trains, besides what training needs itself; NumPy stays 1.
NEEDS = (
    'openmim==0.3.9',
    *('click', 'colorama', 'rich', 'tabulate'),
    *('model-index', 'ordered-set', 'markdown'),
    *('pandas<3', 'pytz', 'tzdata', 'python-dateutil'),
    *('requests', 'urllib3', 'idna', 'charset-normalizer', 'certifi'),
)


@pytest.fixture(scope='module')
def bin_folder(tmp_path_factory):
    """An environment that sees the packages of this one and has openmim, which this lacks.

    It comes without its dependencies: those that training needs are here, and openmim asks
    for versions that would be in their way.
    """
    folder = tmp_path_factory.mktemp('mim')
    subprocess.run([sys.executable, '-m', 'venv', folder], check=True)
    python = folder / 'bin' / 'python'
    packages = Path(
        subprocess.check_output(
            [python, '-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'], text=True
        ).strip()
    )
    lines = [f'import site; site.addsitedir({place!r})\n' for place in site.getsitepackages()]
    (packages / 'of_the_tests.pth').write_text(''.join(lines))
    subprocess.run(
        [python, '-m', 'pip', 'install', '--quiet', '--no-deps', *NEEDS],
        check=True,
        cwd=ROOT,
    )
    return folder / 'bin'


def test_mim_starts_two_processes(bin_folder, tmp_path):
    environment = lay_out(tmp_path)
    environment['PATH'] = f'{bin_folder}{os.pathsep}{environment["PATH"]}'
    run(block('mim train'), tmp_path, environment)
    assert steps(tmp_path / 'work_dirs/mim') == [1, 2]
