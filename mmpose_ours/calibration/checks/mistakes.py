"""Search for the mistake in a calibration that explains the epipolar errors of 2D detections.

How large the error of a correct calibration is depends on the detector, so no fixed error is called
wrong. A calibration is called wrong in three cases only:

- the correction of a usual mistake, tried out on the recording, reduces the error to
  :data:`EXPLAINS` of what it was;
- the error of all pairs of one camera is far above that of the other pairs, and other poses of this
  camera show that it is its pose (:mod:`~mmpose_ours.calibration.checks.camera_pose`);
- all joints of a person deviate to the same side by more than they differ from each other, which
  the noise of a detector does not do, or the error is as large as with randomly turned cameras.

A large error that is none of these is a hint that the 2D detector is inaccurate.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Iterator, Mapping, Sequence

import numpy as np

from mmpose_ours.calibration.alignment.poses import MAX_CAMERAS
from mmpose_ours.calibration.checks.camera_pose import (
    LIKE_RANDOM,
    REPOSED,
    random_error,
    reposed_ratio,
)
from mmpose_ours.calibration.checks.optical_axes import other_readings
from mmpose_ours.calibration.checks.rig_report import USUAL_RATIOS
from mmpose_ours.calibration.checks.sanity import Problem
from mmpose_ours.calibration.checks.view_agreement import (
    Pair,
    Sightings,
    by_pair,
    common_and_own_error,
    overall,
    pairs_of,
)
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.terminal import shell_word
from mmpose_ours.text import argument

# A mistake explains the error if its correction reduces it to at most this ratio, for the pairs
# that the correction changes. On ten real recordings with a correct calibration, the exchange of
# two cameras multiplies it by 3 or more.
EXPLAINS = 0.75
# Errors, as shares of a person's size. Below EXCELLENT no mistake is searched for; a camera whose
# pairs are below MOVED was not moved; above COARSE the detector is inaccurate.
EXCELLENT, MOVED, COARSE = 0.01, 0.04, 0.06
# A pair or camera is an outlier if its error is this many times that of the other pairs.
OUTLIER = 2.0
# Keypoints and calibration are inconsistent if the joints of a person deviate in common by this
# share of what they deviate from each other, and by more than COARSE. With 10 and 15 % noise the
# share is at most 0.35 for correct calibrations, and 0.6 or more for turned or permuted cameras.
COMMON = 0.7
# Cameras whose exchange and whose resolution are tried out; frames on which corrections are tried.
MAX_SWAPPED, MAX_SUSPECTS, TRIAL_FRAMES = 12, 4, 12
# Pairs of cameras on which a correction is tried first; it is dropped if their error becomes so
# many times as large.
FIRST_PAIRS, WORSE = 2, 1.3
# Camera axes in a mirrored world: one negated, or two exchanged.
MIRRORS = (
    *(np.diag(np.where(np.arange(3) == axis, -1.0, 1.0)) for axis in range(3)),
    *(np.eye(3)[list(order)] for order in ((1, 0, 2), (2, 1, 0), (0, 2, 1))),
)


@dataclasses.dataclass(frozen=True)
class Explanation:
    """What explains the epipolar errors.

    Args:
        problem: The problem; a warning if the detector explains them.
        pairs: The pairs of cameras whose errors are too large.
        ratio: The error with the correction divided by the given error; 1 without a correction.
    """

    problem: Problem
    pairs: tuple[Pair, ...] = ()
    ratio: float = 1.0


@dataclasses.dataclass(frozen=True)
class _Correction:
    topic: str
    condition: str  # completes 'the epipolar error is ... if'
    rig: CameraRig
    cameras: tuple[str, ...] = ()  # that it changes; all if empty

    def problem(self, given: float, corrected: float) -> Problem:
        return Problem(
            self.topic,
            f"the epipolar error is {corrected:.1%} instead of {given:.1%} of a person's size if "
            f'{self.condition}',
            self.cameras,
            found=given,
            expected=corrected,
        )


def diagnose(
    rig: CameraRig,
    sightings: Sightings,
    errors: Mapping[Pair, np.ndarray],
    up: str = 'z',
) -> Explanation | None:
    """Find the mistake in a rig that explains the epipolar errors.

    Args:
        rig: The cameras.
        sightings: The detections.
        errors: Their epipolar errors with the rig as given, by pair of cameras.
        up: The axis that points up in the rig's file.

    Returns:
        The explanation, or None if the errors need none.
    """
    given = overall(errors)
    if np.isnan(given) or given < EXCELLENT:
        return None
    # Corrections are tried on the cameras with the largest errors and, in a large rig, on a sample.
    suspects = _worst_first(rig, errors)[:MAX_SWAPPED]
    tried = {*rig.sample(MAX_CAMERAS).names, *suspects}
    some = rig.select([name for name in rig.names if name in tried])
    suspects = [name for name in some.names if name in suspects]
    found = _best_correction(some, sightings, _corrections(some, suspects, errors, up))
    if found is not None:
        return found
    wrong = _wrong_pose(rig, sightings, errors)
    if wrong is not None:
        return Explanation(wrong, tuple(p for p in by_pair(errors) if set(wrong.cameras) & set(p)))
    if _inconsistent(rig, sightings):
        return Explanation(
            Problem(
                'reprojection',
                f"the mean epipolar error between two cameras is {given:.0%} of a person's size, "
                'more than the inaccuracy of the 2D detector explains, so keypoints and '
                'calibration are inconsistent, and no usual mistake explains it; check that the '
                'keypoints belong to these cameras and this calibration, and that the recordings '
                'are synchronised',
                found=given,
            ),
            tuple(pair for pair, error in by_pair(errors).items() if error > COARSE),
        )
    if given < COARSE:
        return None
    return Explanation(
        Problem(
            'reprojection',
            f"the mean epipolar error between two cameras is {given:.0%} of a person's size, and "
            'no correction of the calibration reduces it, so the 2D detector is inaccurate on '
            'this recording; a more accurate one gives better 3D poses',
            warning=True,
            found=given,
            expected=COARSE,
        )
    )


def _inconsistent(rig: CameraRig, sightings: Sightings) -> bool:
    """Whether people as a whole deviate from the epipolar lines, or as if cameras were turned."""
    pairs = pairs_of(rig)
    common, own = common_and_own_error(rig, sightings, pairs)
    if common > max(COARSE, COMMON * own):
        return True
    few = _few_frames(rig, sightings, pairs)
    error = overall(few.errors(rig, pairs))
    return error > COARSE and error > LIKE_RANDOM * random_error(rig, few, pairs, rig.names)


def _few_frames(rig: CameraRig, sightings: Sightings, pairs: Sequence[Pair]) -> Sightings:
    """Some of the frames, if as many pairs of cameras can be compared in them."""
    few = sightings.thinned(TRIAL_FRAMES)
    enough = len(by_pair(few.errors(rig, pairs))) == len(by_pair(sightings.errors(rig, pairs)))
    return few if enough else sightings


def _best_correction(
    rig: CameraRig, sightings: Sightings, corrections: Iterator[_Correction]
) -> Explanation | None:
    """The correction that reduces the error most, if that is clearly enough."""
    pairs = pairs_of(rig)
    few = _few_frames(rig, sightings, pairs)
    errors = few.errors(rig, pairs)
    best: tuple[float, _Correction] | None = None
    for correction in corrections:
        ratio, whole = _ratio(correction, few, errors)
        # Of two that are equally good the first.
        if ratio < EXPLAINS and (best is None or whole < 0.9 * best[0]):
            best = whole, correction
    if best is None:
        return None
    correction = best[1]
    errors = sightings.errors(rig, pairs)
    ratio, whole = _ratio(correction, sightings, errors)
    if ratio >= EXPLAINS:
        return None
    given, after = overall(errors), by_pair(sightings.errors(correction.rig, pairs))
    too_large = tuple(p for p, e in by_pair(errors).items() if e * EXPLAINS > after.get(p, e))
    return Explanation(correction.problem(given, whole * given), too_large, whole)


def _ratio(
    correction: _Correction, sightings: Sightings, errors: Mapping[Pair, np.ndarray]
) -> tuple[float, float]:
    """Error with a correction divided by the given one: of the pairs that it changes, and of all.

    Infinite where too few can be compared.
    """
    changed = [
        pair for pair in errors if not correction.cameras or set(correction.cameras) & set(pair)
    ]
    before = by_pair({pair: errors[pair] for pair in changed})
    # Most corrections make the error of every pair larger: a few pairs tell that.
    first = list(before)[:: max(1, -(-len(before) // FIRST_PAIRS))]
    after = by_pair(sightings.errors(correction.rig, first))
    if sum(after.values()) > WORSE * sum(before[pair] for pair in first):
        return float('inf'), float('inf')
    after = by_pair(sightings.errors(correction.rig, changed))
    if not before or set(after) != set(before):
        return float('inf'), float('inf')
    rest = sum(by_pair({p: v for p, v in errors.items() if p not in before}).values())
    old, new = sum(before.values()), sum(after.values())
    return new / max(old, 1e-12), (new + rest) / max(old + rest, 1e-12)


def _corrections(
    rig: CameraRig, suspects: Sequence[str], errors: Mapping[Pair, np.ndarray], up: str
) -> Iterator[_Correction]:
    """Corrections of usual mistakes."""
    for mistake, R, centers in other_readings(rig, up):
        yield _Correction(
            'reading',
            f'the extrinsics are read otherwise: they look like {mistake}; give '
            'R from world to camera, with centre or translation as the format says',
            _posed(rig, R, centers),
        )
    R = np.stack([camera.R_w2c for camera in rig])
    mirrored = (
        'one axis of the world is negated, so the world is mirrored; '
        'export the calibration in right-handed axes, or negate one axis of it'
    )
    # Which axis of the world does not matter: any two mirrored worlds are turned alike.
    flip_x = np.diag([-1.0, 1.0, 1.0])
    for mirror in MIRRORS:
        other = _posed(rig, mirror @ R @ flip_x, rig.centers_w @ flip_x)
        yield _Correction('mirrored', mirrored, other)
    for axis in range(3):
        flip = np.diag(np.where(np.arange(3) == axis, -1.0, 1.0))
        yield _Correction('mirrored', mirrored, _posed(rig, R, rig.centers_w @ flip))
    for ratio in USUAL_RATIOS:
        yield _other_resolution(rig, ratio, rig.names)
    for a, b in itertools.combinations(suspects, 2):
        exchanged = [
            dataclasses.replace(rig[{a: b, b: a}.get(c.name, c.name)], name=c.name) for c in rig
        ]
        yield _Correction(
            'names',
            f'cameras {a!r} and {b!r} are exchanged, so their names look '
            f'swapped; exchange them with `mmpose-ours convert-calibration ... --rename '
            f'{shell_word(f"{a}={b}")} {shell_word(f"{b}={a}")}`, or exchange their '
            'recordings',
            CameraRig(tuple(exchanged)),
            (a, b),
        )
    if len(rig) < 3:
        return
    for name in _outlying_cameras(rig, errors):
        for ratio in USUAL_RATIOS:
            yield _other_resolution(rig, ratio, (name,))


def _other_resolution(rig: CameraRig, ratio: float, cameras: Sequence[str]) -> _Correction:
    whole = len(cameras) == len(rig)
    whose = '' if whole else f' of camera {cameras[0]!r}'
    return _Correction(
        'resolution',
        f'focal lengths and principal points{whose} are {ratio:.3g} times as '
        'large, so the calibration is one of another resolution than the images that people were '
        'found in; convert it to their size with `mmpose-ours convert-calibration ... '
        '--scale-intrinsics WxH`',
        CameraRig(tuple(_rescaled(c, ratio) if c.name in cameras else c for c in rig)),
        () if whole else tuple(cameras),
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


def _worst_first(rig: CameraRig, errors: Mapping[Pair, np.ndarray]) -> list[str]:
    """Camera names by the mean error of their pairs, the largest first."""
    own: dict[str, list[float]] = {}
    for pair, error in by_pair(errors).items():
        for name in pair:
            own.setdefault(name, []).append(error)
    known = [name for name in rig.names if name in own]
    return sorted(known, key=lambda name: -float(np.mean(own[name])))


def _outlying_cameras(rig: CameraRig, errors: Mapping[Pair, np.ndarray]) -> list[str]:
    """Cameras of three or more whose pairs have far larger errors than the others, worst first."""
    found = []
    for name in _worst_first(rig, errors)[:MAX_SUSPECTS]:
        own = overall({pair: v for pair, v in errors.items() if name in pair})
        rest = overall({pair: v for pair, v in errors.items() if name not in pair})
        if own > max(MOVED, OUTLIER * rest):
            found.append(name)
    return found


def _wrong_pose(
    rig: CameraRig, sightings: Sightings, errors: Mapping[Pair, np.ndarray]
) -> Problem | None:
    """The problem of a camera whose pose is wrong, while the others are consistent."""
    two = len(rig) == 2
    for name in rig.names[:1] if two else _outlying_cameras(rig, errors):
        own = {pair: v for pair, v in errors.items() if name in pair}
        rest = {pair: v for pair, v in errors.items() if name not in pair}
        pairs = list(by_pair(own))
        given, others = overall(own), overall(rest)
        if not pairs or given < MOVED:
            continue
        near = rig.select([n for n in rig.names if any(n in pair for pair in pairs)])
        few = _few_frames(near, sightings, pairs)
        random = random_error(near, few, pairs, (name,))
        lost = not two and overall(few.errors(near, pairs)) > LIKE_RANDOM * random
        if not lost and reposed_ratio(near, sightings, name, pairs) > REPOSED:
            continue
        if two:
            return Problem(
                'camera',
                f'another pose of camera {rig.names[1]!r} relative to {rig.names[0]!r} reduces the '
                f"epipolar error, {given:.0%} of a person's size, to less than half; one of them "
                'was moved after the calibration: calibrate them again',
                rig.names,
                found=given,
            )
        cause = (
            'it faces away, was moved after the calibration, or has the images of another recording'
            if lost
            else 'and another pose of it reduces that to less than half: it was moved after the '
            'calibration'
        )
        return Problem(
            'camera',
            f'camera {name!r} is inconsistent with all others: the epipolar error of its pairs '
            f"is {given:.0%} of a person's size, of the other pairs {others:.0%}; {cause}; "
            f'calibrate it again, or leave it out with {argument("cameras")}',
            (name,),
            found=given,
            expected=others,
        )
    return None
