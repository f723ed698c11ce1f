"""Search for the mistake in a calibration that explains large epipolar errors of 2D detections.

Each usual mistake is corrected in turn. It is reported only if the correction makes the mean
epipolar error small, and much smaller than before.
"""

from __future__ import annotations

import collections
import dataclasses
import itertools
from typing import Iterator, Mapping, Sequence

import numpy as np

from mmpose_ours.calibration.alignment.poses import MAX_CAMERAS
from mmpose_ours.calibration.checks.optical_axes import other_readings
from mmpose_ours.calibration.checks.rig_report import USUAL_RATIOS
from mmpose_ours.calibration.checks.sanity import Problem
from mmpose_ours.calibration.checks.view_agreement import (
    Pair,
    Sightings,
    medians,
    overall,
    pairs_of,
)
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.terminal import shell_word
from mmpose_ours.text import argument

# Mean clipped epipolar error, as a share of the person's size: correct calibrations stay below
# GOOD, wrong ones are above POOR; below EXCELLENT no mistake is searched for.
GOOD, POOR, EXCELLENT = 0.065, 0.08, 0.03
# A mistake explains the error if its correction reduces it to at most this ratio: if the error is
# above POOR, and if it could be due to the detector.
EXPLAINS_POOR, EXPLAINS_FAIR = 0.7, 0.6
# A pair of cameras whose median epipolar error is above this is inconsistent.
BAD_PAIR = 0.08
MAX_SUSPECTS = 6
# Camera axes in a mirrored world: one negated, or two exchanged.
MIRRORS = (
    *(np.diag(np.where(np.arange(3) == axis, -1.0, 1.0)) for axis in range(3)),
    *(np.eye(3)[list(order)] for order in ((1, 0, 2), (2, 1, 0), (0, 2, 1))),
)


def diagnose(
    rig: CameraRig,
    frames: Sequence[Mapping[str, np.ndarray]],
    sightings: Sightings,
    errors: Mapping[Pair, np.ndarray],
    up: str = 'z',
) -> Problem | None:
    """Find the mistake in a rig that explains the epipolar errors.

    Args:
        rig: The cameras.
        frames: Per frame, camera name to (P, J, 3) ``u, v, score``.
        sightings: The same detections, undistorted with the lenses of the rig.
        errors: Their epipolar errors with the rig as given, by pair of cameras.
        up: The axis that points up in the rig's file.

    Returns:
        The problem, or None if the errors are small.
    """
    given = overall(errors)
    bad = {pair for pair, median in medians(errors).items() if median > BAD_PAIR}
    if np.isnan(given) or (given < EXCELLENT and not bad):
        return None
    poor = given >= POOR or bool(bad)
    enough = min(GOOD, (EXPLAINS_POOR if poor else EXPLAINS_FAIR) * given)
    best: tuple[float, Problem] | None = None
    # Corrections are tried on the suspected cameras and, in a large rig, on a sample of the others.
    tried = {*rig.sample(MAX_CAMERAS).names, *_suspects(rig, bad)}
    some = rig.select([name for name in rig.names if name in tried])
    for problem, other, lenses_differ in _mistakes(some, bad, up):
        seen = Sightings(other, frames) if lenses_differ else sightings
        score = overall(seen.errors(other, pairs_of(other)))
        if score < enough and (best is None or score < 0.9 * best[0]):
            best = score, problem
    if best is not None or not poor:
        return best[1] if best else None
    return _worst_camera(rig, frames, errors, bad) or Problem(
        'reprojection',
        f"the mean epipolar error between two cameras is {given:.0%} of a person's size "
        '(with a correct calibration below 7 %), and no usual mistake explains it; check that the '
        'keypoints belong to these cameras and this calibration, and that the recordings are '
        'synchronised',
    )


def _mistakes(rig: CameraRig, bad: set[Pair], up: str) -> Iterator[tuple[Problem, CameraRig, bool]]:
    """Usual mistakes: the problem, the corrected rig, and whether its lenses differ."""
    small_if = 'the epipolar error is small only if'
    for mistake, R, centers in other_readings(rig, up):
        yield (
            Problem(
                'reading',
                f'{small_if} the extrinsics are read otherwise: they look like {mistake}; give '
                'R from world to camera, with centre or translation as the format says',
            ),
            _posed(rig, R, centers),
            False,
        )
    R = np.stack([camera.R_w2c for camera in rig])
    mirrored = Problem(
        'mirrored',
        f'{small_if} one axis of the world is negated, so the world is mirrored; '
        'export the calibration in right-handed axes, or negate one axis of it',
    )
    # Which axis of the world does not matter: any two mirrored worlds are turned alike.
    flip_x = np.diag([-1.0, 1.0, 1.0])
    for mirror in MIRRORS:
        yield mirrored, _posed(rig, mirror @ R @ flip_x, rig.centers_w @ flip_x), False
    for axis in range(3):
        flip = np.diag(np.where(np.arange(3) == axis, -1.0, 1.0))
        yield mirrored, _posed(rig, R, rig.centers_w @ flip), False
    for ratio in USUAL_RATIOS:
        rescaled = CameraRig(tuple(_rescaled(c, ratio) for c in rig))
        yield _other_resolution(small_if, ratio), rescaled, True
    suspects = _suspects(rig, bad)
    for a, b in itertools.combinations(suspects, 2):
        exchanged = [
            dataclasses.replace(rig[{a: b, b: a}.get(c.name, c.name)], name=c.name) for c in rig
        ]
        yield (
            Problem(
                'names',
                f'{small_if} cameras {a!r} and {b!r} are exchanged, so their names look '
                f'swapped; exchange them with `mmpose-ours convert-calibration ... --rename '
                f'{shell_word(f"{a}={b}")} {shell_word(f"{b}={a}")}`, or exchange their '
                'recordings',
                (a, b),
            ),
            CameraRig(tuple(exchanged)),
            True,
        )


def _other_resolution(
    small_if: str, ratio: float, whose: str = '', cameras: tuple[str, ...] = ()
) -> Problem:
    return Problem(
        'resolution',
        f'{small_if} focal lengths and principal points{whose} are {ratio:.3g} times as '
        'large, so the calibration is one of another resolution than the images that people were '
        'found in; convert it to their size with `mmpose-ours convert-calibration ... '
        '--scale-intrinsics WxH`',
        cameras,
    )


def _posed(rig: CameraRig, R_w2c: np.ndarray, centers_w: np.ndarray) -> CameraRig:
    cameras = (
        dataclasses.replace(camera, R_w2c=R, t_w2c=-R @ center)
        for camera, R, center in zip(rig, R_w2c, centers_w)
    )
    return CameraRig(tuple(cameras))


def _rescaled(camera: Camera, ratio: float) -> Camera:
    K = np.diag([ratio, ratio, 1.0]) @ camera.K
    return dataclasses.replace(camera, K=K, size=None)


def _suspects(rig: CameraRig, bad: set[Pair]) -> list[str]:
    """The cameras in most bad pairs, in the rig's order; of two or three cameras all."""
    if len(rig) <= 3:
        return list(rig.names)
    counts = collections.Counter(name for pair in bad for name in pair)
    worst = sorted((n for n in rig.names if counts[n]), key=lambda n: -counts[n])[:MAX_SUSPECTS]
    return [name for name in rig.names if name in worst]


def _worst_camera(
    rig: CameraRig,
    frames: Sequence[Mapping[str, np.ndarray]],
    errors: Mapping[Pair, np.ndarray],
    bad: set[Pair],
) -> Problem | None:
    """The problem of a camera that is in every inconsistent pair, if there is only one."""
    if len(rig) < 3 or not bad:
        return None
    for name in sorted(set.intersection(*map(set, bad)), key=rig.names.index):
        own = {pair: v for pair, v in errors.items() if name in pair}
        rest = {pair: v for pair, v in errors.items() if name not in pair}
        if overall(rest) < GOOD:
            near = [c for c in rig if any(c.name in pair for pair in own)]
            for ratio in USUAL_RATIOS:
                other = CameraRig(tuple(_rescaled(c, ratio) if c.name == name else c for c in near))
                score = overall(Sightings(other, frames).errors(other, list(own)))
                if score < min(GOOD, EXPLAINS_POOR * overall(own)):
                    small_if = 'the epipolar error is small only if'
                    return _other_resolution(small_if, ratio, f' of camera {name!r}', (name,))
            return Problem(
                'camera',
                f'camera {name!r} is inconsistent with all others: the epipolar error of its pairs '
                f"is {overall(own):.0%} of a person's size, of the other pairs "
                f'{overall(rest):.0%}; it faces away, was moved after the calibration, or has the '
                'images of another recording; '
                f'calibrate it again, or leave it out with {argument("cameras")}',
                (name,),
            )
    return None
