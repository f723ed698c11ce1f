import configparser
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ('configs', 'demo', 'tools')


def setup_cfg():
    config = configparser.ConfigParser()
    config.read(ROOT / 'setup.cfg')
    return config


def files_below(folder, pattern='*'):
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob(pattern)
        if path.is_file() and path.suffix != '.pyc'
    }


def test_every_package_is_listed():
    listed = {name for name in setup_cfg()['options']['packages'].split() if '.share.' not in name}
    tree = {
        path.parent.relative_to(ROOT).as_posix().replace('/', '.')
        for path in (ROOT / 'mmpose_ours').rglob('*.py')
    }
    assert listed == tree


def test_test_modules_have_names_of_their_own():
    """pytest imports them by their bare names, and stops at the second one of a name."""
    names = [path.name for path in (ROOT / 'tests').rglob('test_*.py')]
    assert sorted(names) == sorted(set(names))


def test_every_shared_folder_is_mapped():
    config = setup_cfg()
    mapped = dict(
        line.replace(' ', '').split('=')
        for line in config['options']['package_dir'].split('\n')
        if line
    )
    assert mapped == {f'mmpose_ours.share.{name}': name for name in SHARED}
    assert set(mapped) <= set(config['options']['packages'].split())
    assert set(mapped) <= set(config['options.package_data'])


def test_every_module_is_importable_as_a_package():
    folders = {path.parent for path in (ROOT / 'mmpose_ours').rglob('*.py')}
    assert [str(folder) for folder in folders if not (folder / '__init__.py').is_file()] == []


def test_constraints_name_every_requirement():
    def names(file):
        lines = (line.split('#')[0].strip() for line in file.read_text().splitlines())
        return {
            line.split(';')[0].split('==')[0].strip().lower().replace('_', '-')
            for line in lines
            if line
        }

    requirements = ROOT / 'requirements'
    tested = names(requirements / 'constraints.txt')
    # Plain helpers of mmengine, in whose versions nothing was ever seen to clash.
    any_version = {'packaging', 'pillow', 'pyyaml', 'rich', 'termcolor'}
    for file in ('light.txt', 'openmmlab.txt', 'mediapipe.txt', 'dev.txt'):
        assert names(requirements / file) - any_version <= tested, file


@pytest.fixture(scope='module')
def wheel(tmp_path_factory):
    """Build the wheel from a copy, so that no build/ of the checkout enters it."""
    pytest.importorskip('setuptools')
    source = tmp_path_factory.mktemp('source') / 'checkout'
    source.mkdir()
    for name in ('setup.cfg', 'pyproject.toml', 'LICENSE', 'README.md'):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, source)
    for name in ('mmpose_ours', *SHARED):
        shutil.copytree(ROOT / name, source / name)
    out = tmp_path_factory.mktemp('dist')
    build = ('wheel', '--no-deps', '--no-build-isolation', '--wheel-dir', out, source)
    subprocess.run([sys.executable, '-m', 'pip', '--quiet', *build], check=True)
    (built,) = out.glob('*.whl')
    return built


def test_wheel_carries_everything(wheel):
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if '.dist-info/' not in name}
    expected = files_below('mmpose_ours', '*.py') | files_below('mmpose_ours', '*.json')
    expected |= files_below('mmpose_ours', 'py.typed')
    assert 'mmpose_ours/py.typed' in expected
    for name in SHARED:
        expected |= {f'mmpose_ours/share/{path}' for path in files_below(name)}
    assert expected - inside == set()
    assert {path for path in inside if path.endswith('.pyc')} == set()


def test_wheel_works_outside_the_checkout(wheel, tmp_path):
    target = tmp_path / 'site'
    install = ('install', '--quiet', '--no-deps', '--target', target, wheel)
    subprocess.run([sys.executable, '-m', 'pip', *install], check=True)
    # -S hides site-packages, and with them the checkout that is installed as editable.
    environment = {**os.environ, 'PYTHONPATH': str(target)}
    for name in (*SHARED, 'schemas'):
        done = subprocess.run(
            [sys.executable, '-S', '-m', 'mmpose_ours.cli.main', 'path', name],
            cwd=tmp_path,
            env=environment,
            text=True,
            capture_output=True,
        )
        assert (done.returncode, done.stderr) == (0, '')
        folders = [Path(line) for line in done.stdout.splitlines()]
        assert folders
        for folder in folders:
            assert target.resolve() in folder.parents and folder.is_dir()
