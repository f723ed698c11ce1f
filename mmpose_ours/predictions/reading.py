"""The Predictions format: 3D poses per frame as JSON, for results and ground truth alike.

The published contract is ``schemas/predictions.schema.json``. The reader holds the frame of
a file against it with ``jsonschema`` and the people with :mod:`.person_json`. Files are written
by :mod:`.writing`, frame by frame.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from pathlib import Path
from typing import Any, Callable

import numpy as np

from mmpose_ours.errors import FileFormatError, InputError, PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.io.disk.files import MM_PER_UNIT
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.json_schema import first_fault
from mmpose_ours.io.json_values import Place
from mmpose_ours.io.limits import limits
from mmpose_ours.predictions.person_json import (
    FrameId,
    bad,
    frame_id,
    is_number,
    parse_counts,
    parse_people,
    parse_scores,
    parse_spread,
)
from mmpose_ours.predictions.writing import PredictionsWriter, write_predictions
from mmpose_ours.structures.poses import Poses3D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeleton_json import from_json
from mmpose_ours.text import argument

__all__ = [
    'FrameId',
    'Predictions',
    'PredictionsWriter',
    'frame_id',
    'is_number',
    'read_predictions',
    'to_z_up',
    'write_predictions',
]

SCHEMA_FILE = Path(__file__).parents[1] / 'schemas' / 'predictions.schema.json'
# What stands beside the frames, with the same keys.
# Share by which two roundings of a frame rate differ.
SAME_RATE = 0.002
# Cameras of a rig of which a run may have taken any.
MOST_CHOSEN = 10
_BESIDE = ('scores', 'ids', 'views', 'spread_mm')


@dataclasses.dataclass(frozen=True, eq=False)
class Predictions:
    """People per frame, in millimetres with z up, whatever the file had.

    Args:
        frames: Frame id to its poses. Scores are 1 where the file gives none; all frames have
            track IDs, or none has.
        skeleton: The joints.
        unit: What the file was written in.
        up: The axis that points up in the file.
        fps: Frame numbers (or frames, where they have names) per second, if known.
        rig: Fingerprint or file name of the calibration, ``''`` if unknown.
        space: Where people were looked for, if the file says so.
        made_by: What the program that wrote the file says of itself.
    """

    frames: dict[FrameId, Poses3D]
    skeleton: Skeleton
    unit: str = 'mm'
    up: str = 'z'
    fps: float | None = None
    rig: str = ''
    space: CaptureVolume | None = None
    made_by: dict[str, Any] = dataclasses.field(default_factory=dict)

    def of(self, frame: FrameId) -> Poses3D:
        """The poses of a frame; nobody where the file lacks it."""
        return self.frames.get(frame, Poses3D.nobody(self.skeleton))

    def frame_rate(self, given: float | None, name: str = 'fps') -> float | None:
        """Frame numbers per second: those of the file, else those that are given.

        Args:
            given: What the user says; None says nothing.
            name: The argument that says it, for messages.

        Raises:
            InputError: The file says another rate, beyond rounding (29.97 and 30 are one).
        """
        if given is None or self.fps is None:
            return self.fps if given is None else given
        if abs(given - self.fps) > SAME_RATE * self.fps:
            raise InputError(
                f'the file says {self.fps:g} frames per second, which contradicts '
                f'{argument(name, given)}; leave that out, or if the file is wrong, find the '
                f'people again with the right {argument("fps")}',
                code='conflict',
                found=given,
                expected=self.fps,
            )
        return self.fps

    def of_another_rig(self, rig: CameraRig) -> bool:
        """Whether the file names a calibration that is neither this one nor some of its cameras.

        Its fingerprint changes with every number, and with the image sizes: False where the rig
        does not say these, and where the file names no fingerprint.

        Args:
            rig: V cameras; of more than :data:`MOST_CHOSEN` only all are compared.
        """
        if not re.fullmatch('[0-9a-f]{16}', self.rig) or rig.fingerprint == self.rig:
            return False
        if any(camera.size is None for camera in rig):
            return False
        counts = range(2, len(rig)) if len(rig) <= MOST_CHOSEN else ()
        choices = (names for count in counts for names in itertools.combinations(rig.names, count))
        return not any(rig.select(names).fingerprint == self.rig for names in choices)

    @property
    def tracked(self) -> bool:
        """Whether people have track IDs."""
        return bool(self.frames) and all(
            poses.track_ids is not None for poses in self.frames.values()
        )


def another_rig(path: PathLike, rig_file: PathLike) -> str:
    """The warning for predictions of which :meth:`Predictions.of_another_rig` holds."""
    level = argument('auto_level', True)
    return (
        f'{path}: was made with another calibration than {rig_file}, or before that was changed, '
        f'so the poses may be in another world; use the one of that run (after {level}: '
        'level_rig.json beside the results)'
    )


def to_z_up(points: np.ndarray, up: str) -> np.ndarray:
    """Turn (..., 3) points so that z points up.

    Args:
        points: Any unit.
        up: ``'z'``, which leaves them as they are, or ``'-y'``: (x, y, z) to (x, z, -y).
    """
    if up == 'z':
        return points
    return np.stack([points[..., 0], points[..., 2], -points[..., 1]], axis=-1)


def read_predictions(path: PathLike) -> Predictions:
    """Read a file in the Predictions format.

    A person's score is the entry of ``scores`` (the mean over the joints present, where
    that is a list), else the mean of the joints' own scores, else 1.

    Args:
        path: JSON file.

    Returns:
        The people in mm, z up.

    Raises:
        FileFormatError: Names the file, the JSON path, what was found and what to write.
        FileNotFoundError: There is no such file.
    """
    try:
        data = read_json(path)
    except FileFormatError as error:
        raise error.reworded(
            FileFormatError, f'{error}; name a file in the Predictions format', file=path
        ) from error
    _check_frame(path, data)
    limits().check('frames', len(data['frames']), 'frames', path)
    if 'fps' in data and not is_number(data['fps']):  # NaN, which no schema refuses
        raise bad(path, '$.fps', 'a number', data['fps'], 'not-finite')
    skeleton = from_json(data['joints'], Place(path)['joints'])
    keys: dict[FrameId, str] = {}
    frames: dict[FrameId, Poses3D] = {}
    for key, people in data['frames'].items():
        frame = frame_id(key)
        if frame in keys:
            raise FileFormatError(
                f'{path}: frames {keys[frame]!r} and {key!r} are the same frame; keep one',
                code='duplicate',
                file=path,
                frame=frame,
                found=[keys[frame], key],
            )
        keys[frame] = key
        frames[frame] = _poses(path, data, key, people, skeleton)
    for name in _BESIDE:
        unknown = sorted(set(data.get(name, {})) - set(data['frames']))
        if unknown:
            raise FileFormatError(
                f'{path}: $.{name} has frame {unknown[0]!r}, which $.frames lacks; '
                'use the same keys',
                code='no-match',
                file=path,
                frame=unknown[0],
            )
    return Predictions(
        frames,
        skeleton,
        data['unit'],
        data.get('up', 'z'),
        fps=float(data['fps']) if 'fps' in data else None,
        rig=data.get('rig', ''),
        space=_space(path, data),
        made_by=data.get('made_by', {}),
    )


def _poses(path: PathLike, data: dict, key: str, people: Any, skeleton: Skeleton) -> Poses3D:
    """One frame, with what the file has of it beside the joints."""
    rows = parse_people(path, f'$.frames[{key!r}]', people, skeleton)
    count, joints = rows.shape[:2]

    def beside(name: str, parse: Callable[..., np.ndarray], *args: Any, **options: Any) -> Any:
        listed = data.get(name, {})
        if key not in listed:
            return None
        return parse(path, f'$.{name}[{key!r}]', listed[key], *args, **options)

    scores = parse_scores(path, f'$.scores[{key!r}]', data.get('scores', {}).get(key), rows)
    ids = beside('ids', parse_counts, count, once=True)
    if ids is None and 'ids' in data:
        if count:
            raise FileFormatError(
                f'{path}: $.ids lacks frame {key!r}, which has {count} people; give all people '
                'ids, or leave "ids" away',
                code='missing-value',
                file=path,
                frame=key,
            )
        ids = np.zeros(0, np.int64)
    return Poses3D(
        skeleton,
        to_z_up(rows[..., :3] * MM_PER_UNIT[data['unit']], data.get('up', 'z')),
        scores,
        ids,
        beside('views', parse_counts, count, most=limits().cameras),
        beside('spread_mm', parse_spread, count, joints),
    )


def _space(path: PathLike, data: dict) -> CaptureVolume | None:
    if 'space' not in data:
        return None
    try:
        return CaptureVolume(**data['space'])
    except (ValueError, OverflowError) as error:  # JSON's integers have no end
        raise FileFormatError(
            f'{path}: $.space: {error}', code='out-of-range', file=path, found=data['space']
        ) from error


def _check_frame(path: PathLike, data: Any) -> None:
    """Hold everything but the people against the schema."""
    shell = data
    if isinstance(data, dict) and isinstance(data.get('frames'), dict):
        shell = {**data, 'frames': dict.fromkeys(data['frames'], [])}
    for name in _BESIDE:
        if isinstance(data, dict) and isinstance(data.get(name), dict):
            shell = {**shell, name: {}}
    try:
        fault = first_fault(shell, SCHEMA_FILE)
    except RecursionError as error:
        raise FileFormatError(
            f'{path}: nested too deeply for people', code='limit-exceeded', file=path
        ) from error
    if fault is not None:
        raise FileFormatError(
            f'{path}: {fault.json_path} {fault.found}, expected {fault.expected}; write '
            '{"unit": "mm", "joints": "coco17", "up": "z", "frames": {"350": [person, ...]}}',
            file=path,
            found=fault.found,
            expected=fault.expected,
        )
