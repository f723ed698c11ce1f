"""The names of cameras in parsed files: the keys of the cameras, or values that name them."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from mmpose_ours.calibration.formats.krt.spellings import plain

# What names a camera in a list, the most telling first.
NAME_KEYS = (
    'name', 'cameraname', 'camname', 'label', 'cameralabel', 'cameraid', 'camid', 'id', 'serial',
    'serialnumber', 'cameraserial', 'sn', 'deviceid', 'device', 'camera', 'cam', 'view', 'viewname',
    'viewid', 'key', 'uid', 'sensorid', 'cameranumber', 'cameraindex', 'camindex', 'camidx',
    'index', 'idx', 'port',
)  # fmt: skip


def text_of(value: Any) -> str:
    """A part of a name: a text or a whole number; empty for anything else."""
    if isinstance(value, str):
        return value
    is_whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return str(value) if is_whole and 0 <= value < 10**15 else ''


def name_of_key(key: Any) -> str:
    """The name of a camera that stands under a key: a text, a number, or a pair of these."""
    parts = key if isinstance(key, tuple) else (key,)
    return '_'.join(map(text_of, parts))


def list_names(cameras: Sequence) -> list[str]:
    """The names of a list's cameras: by a key that tells all of them apart, or the index."""
    for wanted in NAME_KEYS:
        names = [value_of(camera, wanted) for camera in cameras]
        if all(names) and len(set(names)) == len(names):
            return names
        if wanted == 'name' and all(names):
            return names  # names that occur twice are an error
    return [str(index) for index in range(len(cameras))]


def value_of(camera: Any, wanted: str) -> str:
    """What an entry says under a key, compared as :func:`plain` has it; empty where nothing."""
    for key, value in camera.items() if isinstance(camera, dict) else ():
        if plain(key) == wanted:
            return text_of(value)
    return ''
