"""The scripts that fill the environments: what they say where something lacks."""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Stands for the environment's Python: pip writes sources, then its compilation does as asked.
FAKE_PYTHON = """#!/bin/sh
case "$*" in
    *importlib*) exit 1 ;;
    *"pip download"*) exit 0 ;;
    *"pip wheel"*)
        echo '[1/2] c++ first.o'
        [ -z "$FAILS" ] || { echo 'first.cpp:3: error: no such thing'; exit 1; }
        touch "$PWD/env/build/mmcv-2.1.0-any.whl"
        echo '[2/2] c++ second.o' ;;
esac
"""


@pytest.fixture
def checkout(tmp_path):
    shutil.copytree(ROOT / 'requirements', tmp_path / 'requirements')
    for name in ('setup.cfg', 'pyproject.toml'):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def run(checkout, *words, **environment):
    return subprocess.run(
        ['sh', *words],
        cwd=checkout,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_full_stack_wants_a_compiler_before_it_downloads_anything(checkout):
    done = run(checkout, 'requirements/full.sh', CXX='/no/such/compiler')
    assert done.returncode == 1
    assert 'no C++ compiler' in done.stderr and 'apt-get install g++' in done.stderr
    assert not (checkout / '.venv-full').exists()


@pytest.mark.parametrize('script', ['setup.sh', 'full.sh', 'mmpose0x.sh'])
def test_a_python_that_does_not_fit_is_named(checkout, script):
    old = executable(checkout / 'python3.6', '#!/bin/sh\necho 3.6\n')
    done = run(checkout, f'requirements/{script}', PYTHON=str(old))
    assert done.returncode == 1
    assert f'found {old} (3.6)' in done.stderr and 'install Python 3.11' in done.stderr


@pytest.fixture
def fake_mmcv(checkout):
    """A place where compiling mmcv takes no time; returns what runs it."""
    executable(checkout / 'env/bin/python', FAKE_PYTHON)
    sources = checkout / 'mmcv-2.1.0'
    sources.mkdir()
    (sources / 'setup.py').write_text("args = ['-std=c++14']\n")
    (checkout / 'env/build').mkdir()
    with tarfile.open(checkout / 'env/build/mmcv-2.1.0.tar.gz', 'w:gz') as archive:
        archive.add(sources, 'mmcv-2.1.0')
    script = 'name=x venv=env constraints=none; . requirements/common.sh; compile_mmcv mmcv 2.1.0'
    return lambda **environment: run(checkout, '-euc', script, **environment)


def test_a_compilation_shows_how_far_it_is(checkout, fake_mmcv):
    done = fake_mmcv(FAILS='')
    assert done.returncode == 0, done.stderr
    assert 'mmcv, files compiled: [2/2]' in done.stdout
    assert not (checkout / 'env/build/mmcv-2.1.0').exists()


@pytest.mark.slow
def test_a_compilation_that_fails_says_why_and_keeps_what_is_done(checkout, fake_mmcv):
    done = fake_mmcv(FAILS='1')
    assert done.returncode == 1
    assert 'first.cpp:3: error: no such thing' in done.stderr
    assert 'mmcv.log' in done.stderr and 'MAX_JOBS=1' in done.stderr
    setup = checkout / 'env/build/mmcv-2.1.0/setup.py'
    assert setup.read_text() == "args = ['-std=c++17']\n"
    setup.with_name('first.o').touch()
    fake_mmcv(FAILS='1')
    assert setup.with_name('first.o').exists()
