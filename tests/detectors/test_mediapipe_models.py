"""Where MediaPipe's models come from: one wheel, checked, kept in the user's cache folder."""

import hashlib
import os
import subprocess
import sys
import types
import zipfile

import pytest
from errors import fails

from mmpose_ours.cli.main import main
from mmpose_ours.detectors import mediapipe_models
from mmpose_ours.detectors.mediapipe_bundles import FACE_BUNDLE, HAND_BUNDLE, POSE_BUNDLE
from mmpose_ours.detectors.mediapipe_models import (
    MODELS,
    VARIABLE,
    Model,
    ModelsMissingError,
    fetch,
    folder,
    read_model,
)
from mmpose_ours.errors import InputError


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Two small models in the place of MediaPipe's, a wheel of them, and an empty cache."""
    contents = {'a/one.tflite': b'one', 'b/two.tflite': b'two'}
    models = tuple(Model(k, hashlib.sha256(v).hexdigest()) for k, v in contents.items())
    monkeypatch.setattr(mediapipe_models, 'MODELS', models)
    monkeypatch.setenv(VARIABLE, str(tmp_path / 'cache'))
    wheel = tmp_path / 'mediapipe.whl'
    with zipfile.ZipFile(wheel, 'w') as archive:
        for path, content in contents.items():
            archive.writestr(f'mediapipe/modules/{path}', content)
    return types.SimpleNamespace(models=models, wheel=wheel)


def test_models_come_out_of_the_wheel_once(small, monkeypatch, capsys):
    def download(scratch):
        calls.append(scratch)
        return small.wheel

    calls = []
    monkeypatch.setattr(mediapipe_models, '_download', download)
    assert read_model(small.models[0]) == b'one'
    assert read_model(small.models[1]) == b'two'
    assert len(calls) == 1 and fetch() == folder()
    assert len(calls) == 1
    (folder() / 'two.tflite').write_bytes(b'damaged')
    assert read_model(small.models[1]) == b'two' and len(calls) == 2


def test_the_command_takes_a_wheel(small, capsys):
    assert main(['fetch-models', str(small.wheel)]) == 0
    assert sorted(path.name for path in folder().iterdir()) == ['one.tflite', 'two.tflite']
    assert str(folder()) in capsys.readouterr().out


def _rewritten(path, name, content):
    with zipfile.ZipFile(path) as archive:
        contents = {entry: archive.read(entry) for entry in archive.namelist()}
    contents[name] = content
    with zipfile.ZipFile(path, 'w') as archive:
        for entry, kept in contents.items():
            if kept is not None:
                archive.writestr(entry, kept)


@pytest.mark.parametrize('content', [None, b'other'])
def test_another_wheel_is_refused_and_nothing_is_kept(small, content):
    _rewritten(small.wheel, 'mediapipe/modules/b/two.tflite', content)
    with fails(InputError, code='file-format', file=str(small.wheel)):
        fetch(small.wheel)
    assert not folder().exists()


def test_what_is_no_archive_is_refused(small, tmp_path):
    (tmp_path / 'a.whl').write_bytes(b'nothing')
    with fails(InputError, code='file-format'):
        fetch(tmp_path / 'a.whl')
    with pytest.raises(FileNotFoundError):
        fetch(tmp_path / 'b.whl')


@pytest.mark.parametrize('kind', ['pipe', 'device', 'dangling link', 'folder'])
def test_what_lies_in_the_place_of_a_model_is_not_read(small, kind):
    fetch(small.wheel)
    place = folder() / 'one.tflite'
    place.unlink()
    if kind == 'pipe':
        os.mkfifo(place)
    elif kind == 'folder':
        place.mkdir()
    else:
        place.symlink_to('/dev/zero' if kind == 'device' else 'nothing')
    code = """
import sys
from pathlib import Path
from mmpose_ours.detectors.mediapipe_models import Model, _content
print(_content(Path(sys.argv[1]), Model('a/one.tflite', '')))
"""
    done = subprocess.run(
        [sys.executable, '-c', code, str(place)], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == 'None', done.stderr


def test_a_wheel_that_is_a_pipe_or_damaged(small, tmp_path):
    os.mkfifo(tmp_path / 'pipe.whl')
    code = f"""
from mmpose_ours.cli.main import main
main(['fetch-models', {str(tmp_path / 'pipe.whl')!r}])
"""
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=60)
    assert 'pipe.whl' in done.stderr
    with zipfile.ZipFile(small.wheel, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('mediapipe/modules/a/one.tflite', bytes(range(256)) * 64)
    content = bytearray(small.wheel.read_bytes())
    start = 30 + len('mediapipe/modules/a/one.tflite')
    content[start : start + 40] = b'\xff' * 40
    small.wheel.write_bytes(content)
    with fails(InputError, code='file-format', file=str(small.wheel)):
        fetch(small.wheel)


@pytest.mark.parametrize('said', ['ERROR: no network\n', ''])
def test_without_a_network_it_says_what_to_do(small, monkeypatch, said):
    done = types.SimpleNamespace(returncode=1, stdout=said)
    monkeypatch.setattr(subprocess, 'run', lambda *args, **options: done)
    with pytest.raises(ModelsMissingError) as caught:
        fetch()
    assert 'mmpose-ours fetch-models' in str(caught.value) and said.strip() in str(caught.value)
    assert main(['fetch-models']) == 2


def test_every_model_has_a_name_and_a_sum_of_its_own():
    assert len({model.file_name for model in MODELS}) == len(MODELS)
    assert len({model.sha256 for model in MODELS}) == len(MODELS)
    parts = (*POSE_BUNDLE.values(), *HAND_BUNDLE.values(), *FACE_BUNDLE.values())
    assert {part.model for part in parts} == set(MODELS)


def test_pip_is_asked_for_one_wheel_of_any_machine(small, monkeypatch):
    def run(command, **options):
        commands.append(command)
        return types.SimpleNamespace(returncode=1, stdout='')

    commands = []
    monkeypatch.setattr(subprocess, 'run', run)
    with pytest.raises(ModelsMissingError):
        fetch()
    (command,) = commands
    assert command[:4] == [sys.executable, '-m', 'pip', 'download'] and '--no-deps' in command
