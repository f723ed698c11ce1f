"""Left and right joints that are exchanged: by one camera's keypoints, or by all of them.

A camera whose images were mirrored before people were detected, or whose keypoints were read with
another order of joints, has a left joint where the others have the right one, a body's width off.
If all cameras have them so, they agree, and people have their noses at the back of their heads.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Mapping, Sequence

import numpy as np

from mmpose_ours.calibration.checks.sanity import Problem
from mmpose_ours.calibration.checks.view_agreement import Sightings, by_pair, pairs_of
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.recordings.files import listed_cameras
from mmpose_ours.structures.skeletons import COCO17

# Frames and cameras that are compared.
MAX_FRAMES, MAX_CAMERAS = 24, 8
# Reported only if the exchange reduces the mean epipolar error of the camera to this ratio, and if
# that was at least this share of a person's size: else nobody is harmed.
EXPLAINS, MIN_ERROR = 0.6, 0.01
# Of so many people at least, this share has the nose at the back.
MIN_PEOPLE, MIN_SHARE = 10, 0.8
_HEAD = (
    'nose',
    'left_ear',
    'right_ear',
    'left_shoulder',
    'right_shoulder',
    'left_hip',
    'right_hip',
)
_OTHER_SIDE = [
    COCO17.index(
        joint.replace('left_', 'right_') if 'left_' in joint else joint.replace('right_', 'left_')
    )[0]
    for joint in COCO17.joints
]


@dataclasses.dataclass(frozen=True)
class ExchangedSides:
    """Cameras whose left and right joints are exchanged.

    Args:
        cameras: Their names, the fewer of the two ways to see it.
        error: Mean epipolar error as it is, as a share of the person's size.
        error_exchanged: The same with left and right of these cameras exchanged.
    """

    cameras: tuple[str, ...]
    error: float
    error_exchanged: float

    @property
    def problem(self) -> Problem:
        """What is wrong, for people to read."""
        return Problem(
            'sides',
            f'left and right joints of {listed_cameras(list(self.cameras))} are exchanged: with '
            f'the left ones taken for the right ones, the epipolar error is '
            f"{self.error_exchanged:.1%} of a person's size instead of {self.error:.1%}; detect "
            'people in images that are not mirrored, and with the same joints for all cameras',
            self.cameras,
            found=list(self.cameras),
        )


def find_exchanged_sides(
    rig: CameraRig, frames: Sequence[Mapping[str, np.ndarray]]
) -> ExchangedSides | None:
    """Find cameras whose left and right joints are exchanged.

    Args:
        rig: V cameras.
        frames: Camera name to (P, 17, 3) ``u, v, score``, COCO-17.

    Returns:
        None if no exchange explains the epipolar errors.
    """
    frames = [views for views in frames if len(views) > 1]
    frames = frames[:: max(1, -(-len(frames) // MAX_FRAMES))]
    seen = [name for name in rig.names if any(len(views.get(name, ())) for views in frames)]
    seen = seen[:MAX_CAMERAS]
    if len(seen) < 2:
        return None
    some = rig.select(seen)
    pairs = pairs_of(some)
    as_is = Sightings(seen, frames)
    turned = Sightings(seen, [{c: sides_exchanged(p) for c, p in v.items()} for v in frames])

    def errors(exchanged: Sequence[str]) -> dict[tuple[str, str], float]:
        mixed = Sightings(seen, as_is.frames)
        mixed.pixels = {
            name: (turned if name in exchanged else as_is).pixels[name] for name in as_is.pixels
        }
        found = by_pair(mixed.errors(some, pairs))
        return {pair: error for pair, error in found.items() if np.isfinite(error)}

    given = best = errors(())
    if not given or np.mean([*given.values()]) < MIN_ERROR / len(seen):
        return None
    exchanged: tuple[str, ...] = ()
    while len(exchanged) < len(seen) // 2:
        tried = {name: errors((*exchanged, name)) for name in seen if name not in exchanged}
        name = min(tried, key=lambda name: np.mean([*tried[name].values()]))
        if np.mean([*tried[name].values()]) > 0.98 * np.mean([*best.values()]):
            break
        exchanged, best = (*exchanged, name), tried[name]
    for name in exchanged:
        before, after = (
            float(np.mean([e for pair, e in which.items() if name in pair] or [np.nan]))
            for which in (given, best)
        )
        if not (before >= MIN_ERROR and after <= EXPLAINS * before):
            return None
    if not exchanged:
        return None
    means = (float(np.mean([*which.values()])) for which in (given, best))
    return ExchangedSides(exchanged, *means)


def sides_exchanged(people: np.ndarray) -> np.ndarray:
    """People (P, 17, 3) with left joints in the place of right ones."""
    return people[:, _OTHER_SIDE]


def noses_behind(xyz_mm: np.ndarray, agreement: float) -> tuple[dict[str, Any], Problem | None]:
    """Whether people have their noses at the back of their heads, as a fact and a problem.

    Args:
        xyz_mm: (N, 17, 3) people of COCO-17 with z up, NaN for what is not known.
        agreement: The mean epipolar error.
    """
    nose, *ends = (xyz_mm[:, COCO17.index(joint)[0]] for joint in _HEAD)
    left_ear, right_ear, left_shoulder, right_shoulder, left_hip, right_hip = ends
    up = left_shoulder + right_shoulder - left_hip - right_hip
    forward = np.cross(left_shoulder - right_shoulder, up)
    ahead = ((nose - (left_ear + right_ear) / 2) * forward).sum(-1)
    ahead = ahead[np.isfinite(ahead)]
    if len(ahead) < MIN_PEOPLE or (ahead < 0).mean() < MIN_SHARE:
        return {}, None
    return {'noses_behind': float((ahead < 0).mean())}, Problem(
        'sides',
        f'{(ahead < 0).mean():.0%} of {len(ahead)} people have their noses at the back of their '
        'heads, so left and right joints are exchanged in all cameras: detect people in images '
        'that are not mirrored, or give the keypoints the right joints',
    )
