"""Rotation and translation of every camera, under the direction that the file or the caller says.

A key may say its direction (``R_w2c``, ``camera_center``). Where it does not, every direction that
all values of all cameras allow is a reading: a file with K, R, T and the projection matrix P has
only one. Where there are several, the caller must say which is meant.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Sequence

import numpy as np

from mmpose_ours.calibration.checks.optical_axes import makes_sense
from mmpose_ours.calibration.direction import (
    C2W,
    CENTER,
    EXTRINSICS,
    TRANSLATIONS,
    VECTOR,
    W2C,
    meaning,
    unsaid_direction,
)
from mmpose_ours.calibration.formats.krt.leaves import Leaf
from mmpose_ours.calibration.formats.krt.pose_parts import Part, PoseParts
from mmpose_ours.calibration.formats.krt.values import close, disagree
from mmpose_ours.errors import PathLike

# Keys without a direction of their own; more are no calibration.
_MOST_QUESTIONS = 5
Assignment = dict


@dataclasses.dataclass(frozen=True)
class Resolved:
    """The poses of all cameras, world to camera.

    Args:
        poses: R (3, 3) and t (3,) of each.
        convention: What R and T mean in the file.
        notes: What the caller said otherwise than the file.
    """

    poses: tuple[tuple[np.ndarray, np.ndarray], ...]
    convention: str
    notes: tuple[str, ...]


def resolve(
    cameras: Sequence[PoseParts],
    extrinsics: str | None,
    translation: str | None,
    path: PathLike,
    any_direction: bool = False,
) -> Resolved:
    """Poses of cameras that all have one.

    Args:
        cameras: What the file says of each.
        extrinsics: What R is, of :data:`mmpose_ours.calibration.direction.CHOICES`, or None.
        translation: What T is, likewise.
        path: The file, for messages.
        any_direction: Whether any of several readings will do.

    Raises:
        UnsaidDirectionError: Neither the file nor the caller says it.
        CalibrationError: Values contradict each other.
    """
    said = _Said(extrinsics, translation)
    every = [part for camera in cameras for part in camera.parts]
    questions = list(dict.fromkeys(p.question for p in every if said.of(p, {}) == ''))
    if len(questions) > _MOST_QUESTIONS:
        every[0].leaf.node.fail('has too many keys of one meaning', 'one of each', code='ambiguous')
    readings = [
        dict(zip(questions, answers)) for answers in itertools.product(*map(_choices, questions))
    ]
    twice = [camera for camera in cameras if camera.says_twice]
    possible = [r for r in readings if all(_agrees(camera, said, r) for camera in twice)]
    unfit = ''
    if not possible and any(camera.projections for camera in twice):
        # Of rectified images, say
        key = next(c.projections[0][0].key for c in twice if c.projections)
        unfit = f'{key!r} is K [R | T] under no meaning of R and T, so it was not used'
        cameras = [dataclasses.replace(c, projections=()) if c.parts else c for c in cameras]
        twice = [camera for camera in cameras if camera.says_twice]
        possible = [r for r in readings if all(_agrees(camera, said, r) for camera in twice)]
    if not possible:
        _contradict(twice, said, readings)
    if len(possible) > 1 and not any_direction:
        raise _unsaid(cameras, said, possible, path)
    poses = tuple(_pose(camera, said, possible[0]) for camera in cameras)
    doubt = _doubt(cameras, said, poses)
    notes = tuple(dict.fromkeys(filter(None, (unfit, *(said.note(p) for p in every), doubt))))
    return Resolved(poses, _convention(cameras[0], said, possible[0]), notes)


def _choices(question: tuple[str, str]) -> tuple[str, ...]:
    return TRANSLATIONS if question[0] == 'translation' else EXTRINSICS


@dataclasses.dataclass(frozen=True)
class _Said:
    """What the caller said."""

    extrinsics: str | None
    translation: str | None

    def of(self, part: Part, reading: Assignment) -> str:
        """The direction of a key: as the caller says, as it says itself, or under a reading."""
        given = self.translation if part.question[0] == 'translation' else self.extrinsics
        return given or part.said or reading.get(part.question, '')

    def note(self, part: Part) -> str:
        """Where the caller says otherwise than the key."""
        given = self.of(part, {})
        if part.said and given != part.said:
            said = meaning(part.said)
            return f'{part.leaf.key!r} is {meaning(given)} as given; its name says {said}'
        if part.question[0] == 'matrix' and self.translation is not None:
            if given == C2W and self.translation == VECTOR:
                return (
                    f'the last column of {part.leaf.key!r} is the camera centre, as it leads from '
                    'camera to world'
                )
            if given == W2C and self.translation == CENTER:
                return f'the last column of {part.leaf.key!r} is the camera centre as given'
        return ''


def _candidates(
    camera: PoseParts, said: _Said, reading: Assignment
) -> tuple[list[tuple[Part, np.ndarray]], list[tuple[Part, np.ndarray, bool]]]:
    """Rotations world to camera, and translations, true for those that are centres."""
    rotations, translations = [], []
    for part in camera.parts:
        direction = said.of(part, reading)
        if part.R is not None:
            rotations.append((part, part.R.T if direction == C2W else part.R))
        if part.t is not None:
            is_center = direction in (C2W, CENTER) or (
                part.R is not None and said.translation == CENTER
            )
            translations.append((part, part.t, is_center))
    return rotations, translations


def _pose(camera: PoseParts, said: _Said, reading: Assignment) -> tuple[np.ndarray, np.ndarray]:
    if not camera.parts:
        return _of_projection(*camera.projections[0])[1:]
    rotations, translations = _candidates(camera, said, reading)
    R = rotations[0][1]
    _, t, is_center = translations[0]
    return R, -R @ t if is_center else t


def _agrees(camera: PoseParts, said: _Said, reading: Assignment) -> bool:
    return _contradiction(camera, said, reading) is None


def _contradiction(camera: PoseParts, said: _Said, reading: Assignment) -> tuple[Leaf, Leaf] | None:
    """Two keys of a camera that contradict each other under a reading, or None."""
    rotations, translations = _candidates(camera, said, reading)
    if not rotations or not translations:
        return None
    first, R = rotations[0]
    for part, other in rotations[1:]:
        if np.abs(R - other).max() > 2e-3:
            return first.leaf, part.leaf
    start, t, is_center = translations[0]
    t = -R @ t if is_center else t
    for part, other, is_center in translations[1:]:
        if not close(-R @ other if is_center else other, t):
            return start.leaf, part.leaf
    for leaf, P in camera.projections:
        if camera.K is not None and not _is_projection(P, camera.K, R, t):
            return start.leaf, leaf
    return None


def _is_projection(P: np.ndarray, K: np.ndarray, R: np.ndarray, t: np.ndarray) -> bool:
    """Whether P is K [R | t], up to its scale."""
    M = np.linalg.solve(K, P)
    scale = np.cbrt(np.linalg.det(M[:, :3]))
    if not np.isfinite(scale) or not scale:
        return False
    M = M / scale
    return bool(np.abs(M[:, :3] - R).max() < 5e-3) and close(M[:, 3], t)


def _of_projection(leaf: Leaf, P: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """K, R and t of a projection matrix."""
    from scipy.linalg import rq

    if abs(np.linalg.det(P[:, :3])) < 1e-12 * max(1.0, np.abs(P[:, :3]).max()) ** 3:
        leaf.node.fail('has no inverse', 'the projection matrix K [R | t] of a camera')
    P = P * np.sign(np.linalg.det(P[:, :3]))
    K, R = rq(P[:, :3])
    signs = np.diag(np.sign(np.diag(K)))
    K, R = K @ signs, signs @ R
    t = np.linalg.solve(K, P[:, 3])
    K = K / K[2, 2]
    K[[1, 2, 2], [0, 0, 1]] = 0.0
    return K, R, t


def projected_intrinsics(parts: PoseParts) -> np.ndarray:
    """K (3, 3) of a camera that has a projection matrix only."""
    return _of_projection(*parts.projections[0])[0]


def _contradict(cameras: Sequence[PoseParts], said: _Said, readings: Sequence[Assignment]) -> None:
    """Raise the error for values that no reading makes agree."""
    for camera in cameras:
        pairs = [_contradiction(camera, said, reading) for reading in readings]
        if all(pairs):
            pair = pairs[0]
            assert pair is not None
            disagree(*pair)
    # Each agrees by itself, but not under one direction.
    pair = next(p for c in cameras for r in readings for p in [_contradiction(c, said, r)] if p)
    disagree(*pair)


def _convention(camera: PoseParts, said: _Said, reading: Assignment) -> str:
    words = []
    for part in camera.parts:
        word = said.of(part, reading)
        words.append(f'{part.leaf.key} is {meaning(word)}')
    words += [f'{leaf.key} is the projection matrix' for leaf, _ in camera.projections[:1]]
    return ', '.join(words)


def _unsaid(
    cameras: Sequence[PoseParts], said: _Said, possible: Sequence[Assignment], path: PathLike
) -> Exception:
    questions = list(possible[0])
    open_ones = [q for q in questions if len({reading[q] for reading in possible}) > 1]
    asked = []
    if any(kind != 'translation' for kind, _ in open_ones):
        asked.append('extrinsics')
    if any(kind == 'translation' for kind, _ in open_ones):
        asked.append('translation')
    keys = ' and '.join(dict.fromkeys(key for _, key in open_ones))
    matrix = any(kind == 'matrix' for kind, _ in open_ones)
    return unsaid_direction(path, asked, keys, matrix, _hint(cameras, said, possible))


def _hint(cameras: Sequence[PoseParts], said: _Said, possible: Sequence[Assignment]) -> str:
    """Under which reading cameras look at one place, where it is only one."""
    sensible = []
    for reading in possible:
        if _sensible([_pose(camera, said, reading) for camera in cameras]):
            sensible.append(reading)
    if len(sensible) != 1:
        return ''
    answers = dict.fromkeys(
        f'{"translation" if kind == "translation" else "extrinsics"} {word}'
        for (kind, _), word in sensible[0].items()
    )
    return (
        f' (only with {" and ".join(answers)} do the cameras stand upright and look at one place)'
    )


def _doubt(
    cameras: Sequence[PoseParts], said: _Said, poses: Sequence[tuple[np.ndarray, np.ndarray]]
) -> str:
    """Where the caller said a direction, and only another one makes sense."""
    if said == _Said(None, None) or _sensible(poses):
        return ''
    nothing = _Said(None, None)
    every = [part for camera in cameras for part in camera.parts]
    questions = list(dict.fromkeys(p.question for p in every if not p.said))
    readings = [
        dict(zip(questions, answers)) for answers in itertools.product(*map(_choices, questions))
    ]
    hint = _hint(cameras, nothing, readings) if len(questions) <= _MOST_QUESTIONS else ''
    return f'check what R and T mean{hint}' if hint else ''


def _sensible(poses: Sequence[tuple[np.ndarray, np.ndarray]]) -> bool:
    R = np.stack([R for R, _ in poses])
    return makes_sense(R, np.stack([-R.T @ t for R, t in poses]))
