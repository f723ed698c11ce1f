"""The Predictions format: 3D people per frame as JSON, for results and ground truth alike.

The published contract is ``schemas/predictions.schema.json``. The reader holds the frame of
a file against it with ``jsonschema`` and walks the people, who are nearly all of it, with a
quicker loop of the same meaning.
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any, Mapping, Sequence, Union

import numpy as np

from mmpose_ours.files import MM_PER_UNIT, FileFormatError, PathLike, read_json, write_json
from mmpose_ours.json_schema import validator
from mmpose_ours.keypoints import JOINT_SETS

FrameId = Union[int, str]

SCHEMA_FILE = Path(__file__).parent / 'schemas' / 'predictions.schema.json'


@dataclasses.dataclass(frozen=True, eq=False)
class Predictions:
    """People per frame, in millimetres with z up, whatever the file had.

    Args:
        frames: Frame id to (P, J, 3) mm; NaN where a joint is missing. P may be 0.
        scores: Frame id to (P,); 1 where the file gives none.
        joints: Name of the joint set.
        unit: What the file was written in.
        up: The axis that points up in the file.
    """

    frames: dict[FrameId, np.ndarray]
    scores: dict[FrameId, np.ndarray]
    joints: str
    unit: str = 'mm'
    up: str = 'z'


def frame_id(key: FrameId) -> FrameId:
    """The id behind a JSON key: a number where it is all digits (``'000350'`` is 350)."""
    text = str(key)
    return int(text) if text.isascii() and text.isdigit() else text


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
        raise FileFormatError(f'{error}; name a file in the Predictions format') from error
    _check_frame(path, data)
    joints, up = data['joints'], data.get('up', 'z')
    scale = MM_PER_UNIT[data['unit']]
    keys: dict[FrameId, str] = {}
    frames: dict[FrameId, np.ndarray] = {}
    scores: dict[FrameId, np.ndarray] = {}
    given = data.get('scores', {})
    for key, people in data['frames'].items():
        if frame_id(key) in keys:
            raise FileFormatError(
                f'{path}: frames {keys[frame_id(key)]!r} and {key!r} are the same frame; keep one'
            )
        keys[frame_id(key)] = key
        where = f'$.frames[{key!r}]'
        if not isinstance(people, list):
            raise _bad(path, where, 'expected a list of people', people)
        rows = [_person(path, f'{where}[{i}]', p, joints) for i, p in enumerate(people)]
        poses = np.array(rows, dtype=np.float64).reshape(-1, len(JOINT_SETS[joints]), 4)
        xyz = to_z_up(poses[..., :3] * scale, up)
        listed = given.get(key)
        if listed is None:
            people_scores = [_mean(pose[:, 3]) for pose in poses]
        else:
            people_scores = _scores(path, f'$.scores[{key!r}]', listed, xyz)
        frames[frame_id(key)] = xyz
        scores[frame_id(key)] = np.array(people_scores, dtype=np.float64)
    stray = sorted(set(given) - set(data['frames']))
    if stray:
        raise FileFormatError(
            f'{path}: $.scores has frame {stray[0]!r}, which $.frames lacks; use the same keys'
        )
    return Predictions(frames, scores, joints, data['unit'], up)


def write_predictions(
    path: PathLike,
    frames: Mapping[FrameId, np.ndarray],
    scores: Mapping[FrameId, np.ndarray] | None = None,
    joints: str = 'coco17',
) -> None:
    """Write people in the Predictions format (mm, z up), whole or not at all.

    Coordinates are rounded to the micrometre; missing joints (NaN) become ``null``.

    Args:
        path: JSON file to write.
        frames: Frame id to (P, J, 3) mm.
        scores: Frame id to (P,), for the same frames. None leaves them out.
        joints: Name of the joint set.

    Raises:
        ValueError: A shape does not fit the joint set, two ids are the same frame, or the
            scores do not fit the people.
    """
    if joints not in JOINT_SETS:
        raise ValueError(f'unknown joint set {joints!r}; known: {", ".join(JOINT_SETS)}')
    people: dict[str, list] = {}
    people_scores: dict[str, list] = {}
    for key, poses in frames.items():
        poses = np.asarray(poses, dtype=np.float64)
        name = str(frame_id(key))
        if poses.ndim != 3 or poses.shape[1:] != (len(JOINT_SETS[joints]), 3):
            raise ValueError(
                f'frame {key}: {joints} needs (P, {len(JOINT_SETS[joints])}, 3), got {poses.shape}'
            )
        if name in people:
            raise ValueError(f'frame {key} is there twice')
        people[name] = [
            [
                [round(v, 3) for v in joint] if all(map(math.isfinite, joint)) else None
                for joint in p
            ]
            for p in poses.tolist()
        ]
        if scores is not None:
            values = np.asarray(scores[key], dtype=np.float64)
            if values.shape != poses.shape[:1] or not np.isfinite(values).all():
                raise ValueError(
                    f'frame {key}: expected {len(poses)} finite scores, got {values.tolist()}'
                )
            people_scores[name] = [round(value, 6) for value in values.tolist()]
    document = {'unit': 'mm', 'joints': joints, 'up': 'z', 'frames': people}
    if scores is not None:
        document['scores'] = people_scores
    write_json(path, document)


def _check_frame(path: PathLike, data: Any) -> None:
    """Hold everything but the people against the schema."""
    shell = data
    if isinstance(data, dict) and isinstance(data.get('frames'), dict):
        shell = {**data, 'frames': dict.fromkeys(data['frames'], [])}
    if isinstance(data, dict) and isinstance(data.get('scores'), dict):
        shell = {**shell, 'scores': {}}
    errors = validator(SCHEMA_FILE).iter_errors(shell)
    for error in sorted(errors, key=lambda e: list(map(str, e.path))):
        message = error.message if len(error.message) < 200 else error.message[:200] + '...'
        raise FileFormatError(
            f'{path}: {error.json_path}: {message}; write '
            '{"unit": "mm", "joints": "coco17", "up": "z", "frames": {"350": [person, ...]}}'
        )


def _bad(path: PathLike, where: str, expected: str, found: Any) -> FileFormatError:
    text = repr(found)
    return FileFormatError(
        f'{path}: {where}: {expected}, found {text if len(text) < 60 else text[:60] + "..."}'
    )


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number that a coordinate or score can be."""
    # Also false for NaN, and no overflow for an integer that no float can hold.
    return type(value) in (int, float) and abs(value) < 1e15


def _person(path: PathLike, where: str, person: Any, joints: str) -> list[list[float]]:
    """One person as J rows of x, y, z, score; NaN where missing or not given."""
    count = len(JOINT_SETS[joints])
    if not isinstance(person, list):
        raise _bad(path, where, f'expected a list of {count} joints', person)
    if len(person) != count:
        raise FileFormatError(
            f'{path}: {where}: {joints} has {count} joints, found {len(person)}; '
            'correct "joints" or write null for a missing joint'
        )
    rows = []
    for index, joint in enumerate(person):
        if joint is None:
            rows.append([math.nan] * 4)
        elif isinstance(joint, list) and len(joint) in (3, 4) and all(map(is_number, joint)):
            rows.append([*joint, *[math.nan] * (4 - len(joint))])
        else:
            expected = 'expected [x, y, z], [x, y, z, score] or null'
            raise _bad(path, f'{where}[{index}]', expected, joint)
    return rows


def _scores(path: PathLike, where: str, listed: Any, poses: np.ndarray) -> list[float]:
    if not isinstance(listed, list) or len(listed) != len(poses):
        raise _bad(path, where, f'expected {len(poses)} scores, one per person', listed)
    scores = []
    for index, (entry, pose) in enumerate(zip(listed, poses)):
        if is_number(entry):
            scores.append(float(entry))
        elif (
            isinstance(entry, list)
            and len(entry) == len(pose)
            and all(value is None or is_number(value) for value in entry)
        ):
            values = np.array(entry, dtype=np.float64)
            scores.append(_mean(values[np.isfinite(pose).all(-1)]))
        else:
            expected = f'expected a number or {len(pose)} numbers'
            raise _bad(path, f'{where}[{index}]', expected, entry)
    return scores


def _mean(values: Sequence[float]) -> float:
    """Mean of the numbers given; 1 for none."""
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else 1.0
