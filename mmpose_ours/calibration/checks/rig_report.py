"""Checks of a rig from its calibration alone: figures, evidence and problems.

Unit and orientation are checked separately from each other and from the epipolar error, which can
be small for a rig that is upside down or has the wrong unit. Images and detections are checked in
:mod:`.image_sizes` and :mod:`.recording_report`.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, Iterator, Sequence

import numpy as np

from mmpose_ours.calibration.capture_volume import fit_space, seen_by_each
from mmpose_ours.calibration.checks.optical_axes import (
    angle_degrees,
    focus_point,
    focuses_of_others,
    off_axis_degrees,
    working_distance,
)
from mmpose_ours.calibration.checks.orientation import judge_orientation
from mmpose_ours.calibration.checks.sanity import Problem, problems_of
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig, list_names
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.text import argument

# Principal points of whole images sit within 0.05 of the middle; a calibration made at
# another resolution puts those of all cameras off by the same share along both axes.
MIN_OFF_BY_RESOLUTION, SAME_SHARE = 0.1, 0.04
USUAL_RATIOS = (1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 4 / 3, 3 / 2, 2.0, 3.0, 4.0)
MAX_FOV_DEGREES, MIN_FOV_DEGREES = 150.0, 8.0
# What a camera looks at is within this angle of its axis, and what it turns away from
# beyond the last; in between it depends on what it sees.
LOOKS_AT_DEGREES, LOOKS_ASIDE_DEGREES, LOOKS_AWAY_DEGREES = 40.0, 50.0, 75.0
# What lies behind a camera, as near its axis as what it would look at.
LOOKS_BACK_DEGREES = 180.0 - LOOKS_AT_DEGREES
# All pairs of 200 cameras are compared, and as many of more.
MAX_PAIRS = 20_000
# Of more cameras only the one farthest off what the others look at can look away from it.
MAX_SUSPECTS = 50
# Of the capture volume: less is nothing.
MIN_SHARE_SEEN = 0.02


def camera_facts(camera: Camera) -> dict[str, Any]:
    """Numbers that a person can compare with the real camera.

    Returns:
        ``size``, ``fov_degrees`` (horizontal, vertical), ``principal_point_off`` (share of a
        side off the middle, x and y), ``rotation_error``, ``center_mm``, ``height_mm``,
        ``tilt_degrees`` (down is positive), ``roll_degrees``, ``lens``. None stands for what
        needs the image size where that is not known, and in ``fov_degrees`` for a direction in
        which no ray before the camera ends at the edge of the image.
    """
    right, down, forward = camera.R_w2c
    facts: dict[str, Any] = {
        'name': camera.name,
        'size': camera.size,
        'lens': camera.lens,
        'focal_px': [float(camera.K[0, 0]), float(camera.K[1, 1])],
        'fov_degrees': None,
        'principal_point_off': None,
        'rotation_error': float(np.abs(camera.R_w2c @ camera.R_w2c.T - np.eye(3)).max()),
        'center_mm': camera.center_w.round(3).tolist(),
        'height_mm': float(camera.center_w[2]),
        'tilt_degrees': float(np.degrees(np.arcsin(np.clip(-forward[2], -1, 1)))),
        'roll_degrees': float(np.degrees(np.arctan2(-right[2], -down[2]))),
    }
    if camera.size is not None:
        width, height = camera.size
        cx, cy = camera.K[:2, 2]
        edges = np.array([[-0.5, cy], [width - 0.5, cy], [cx, -0.5], [cx, height - 0.5]])
        angles = np.degrees(np.arctan(np.linalg.norm(camera.normalise_points(edges), axis=-1)))
        both = (angles[:2].sum(), angles[2:].sum())
        facts['fov_degrees'] = [float(fov) if np.isfinite(fov) else None for fov in both]
        facts['principal_point_off'] = [
            float((cx + 0.5) / width - 0.5),
            float((cy + 0.5) / height - 0.5),
        ]
    return facts


def rig_facts(rig: CameraRig) -> dict[str, Any]:
    """How the cameras stand to each other.

    Returns:
        ``pairs`` of cameras and ``pairs_compared``, a sample where there are more than
        :data:`MAX_PAIRS`; of those ``baselines_mm`` and ``view_angles_degrees`` (least, median,
        most); ``focus_mm`` (the point that the cameras look at, or None),
        ``working_distance_mm``, ``off_focus_degrees`` by camera name.
    """
    axes = _axes(rig)
    first, second = _pairs(len(rig))
    angles = angle_degrees(axes[first], axes[second])
    baselines = np.linalg.norm(rig.centers_w[first] - rig.centers_w[second], axis=-1)
    if len(first) < len(rig) * (len(rig) - 1) // 2:
        # The extremes need no sample.
        from scipy.spatial import cKDTree

        nearest = cKDTree(rig.centers_w).query(rig.centers_w, k=2)[0][:, 1].min()
        baselines = np.append(baselines, (nearest, rig.farthest_pair[2]))
    focus = focus_point(rig)
    off = None
    if focus is not None:
        degrees = off_axis_degrees(axes, rig.centers_w, focus)
        off = dict(zip(rig.names, degrees.round(1).tolist()))
    return {
        'pairs': len(rig) * (len(rig) - 1) // 2,
        'pairs_compared': len(first),
        'baselines_mm': _min_median_max(baselines),
        'view_angles_degrees': _min_median_max(angles),
        'focus_mm': None if focus is None else focus.round(1).tolist(),
        'working_distance_mm': working_distance(rig),
        'off_focus_degrees': off,
    }


def _pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of so many cameras, or a sample of them that is always the same."""
    if count * (count - 1) // 2 <= MAX_PAIRS:
        return np.triu_indices(count, 1)
    rng = np.random.default_rng(0)
    first = rng.integers(count, size=MAX_PAIRS)
    return first, (first + rng.integers(1, count, size=MAX_PAIRS)) % count


def _axes(rig: CameraRig) -> np.ndarray:
    """(V, 3) optical axes in the world."""
    return np.stack([camera.R_w2c[2] for camera in rig])


def _min_median_max(values: np.ndarray) -> list[float] | None:
    if not len(values):
        return None
    return [float(values.min()), float(np.median(values)), float(values.max())]


@dataclasses.dataclass(frozen=True, eq=False)
class RigInspection:
    """A rig judged from its calibration alone; each thing is worked out once, when asked for.

    Args:
        rig: Cameras in millimetres, z up.
        unit: The unit of lengths in the file, for sentences.
        up: The axis that points up in the file.
        given_space: The capture volume; None fits it to the cameras.
    """

    rig: CameraRig
    unit: str = 'mm'
    up: str = 'z'
    given_space: CaptureVolume | None = None

    @functools.cached_property
    def cameras(self) -> list[dict[str, Any]]:
        """What :func:`camera_facts` says of each camera."""
        return [camera_facts(camera) for camera in self.rig]

    @functools.cached_property
    def orientation(self) -> tuple[str, Problem | None]:
        """What :func:`judge_orientation` says."""
        return judge_orientation(self.rig, self.up)

    @property
    def space(self) -> CaptureVolume | None:
        """The given or the fitted space; None where there is none or an image size is unknown."""
        return self._space_or_why_not[0]

    @functools.cached_property
    def _space_or_why_not(self) -> tuple[CaptureVolume | None, str]:
        try:
            return self.given_space or fit_space(self.rig), ''
        except CalibrationError as error:
            return None, str(error)

    @functools.cached_property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong or strange about the rig."""
        return tuple(self._problems())

    def _problems(self) -> Iterator[Problem]:
        found = list(problems_of(self.rig, self.unit, self.up))
        if any(problem.topic == 'reading' for problem in found):
            # Under another meaning of R and t, lengths mean nothing.
            found = [problem for problem in found if problem.topic != 'unit']
        yield from found
        known = {name for problem in found for name in problem.cameras}
        yield from _of_resolution(self.rig, known)
        yield from _of_fov(self.cameras)
        topics = {problem.topic for problem in found}
        if topics & {'count', 'place', 'reading', 'unit'}:
            return  # a rig that is not one has no horizon and sees nothing
        mirrored = list(_of_mirrored_world(self.rig))
        if mirrored:  # neither its up axis nor its floor says anything
            yield from mirrored
            return
        leaning = self.orientation[1]
        if leaning is not None:
            yield leaning
        if leaning is not None and not leaning.warning:
            return  # the floor is elsewhere, so who sees it says nothing
        yield from _of_floor(self.rig)
        if all(camera.size is not None for camera in self.rig):
            away = list(_of_looking_away(self.rig))
            yield from away or _of_space(self.rig, *self._space_or_why_not)


def _of_resolution(rig: CameraRig, known: set[str]) -> Iterator[Problem]:
    """Principal points all off by the same share, as after a change of resolution."""
    sized = [c for c in rig if c.size is not None and c.name not in known]
    if not sized:
        return
    scales = np.array([2 * (c.K[:2, 2] + 0.5) / np.array(c.size) for c in sized])
    scale = float(scales.mean())
    same = np.abs(scales - scale).max() < 2 * SAME_SHARE
    if same and abs(scale - 1) > 2 * MIN_OFF_BY_RESOLUTION:
        camera = sized[0]
        width, height = camera.need_size()
        ratio = min(USUAL_RATIOS, key=lambda usual: abs(usual - scale))
        like = f'{ratio * width:.0f}x{ratio * height:.0f}'
        yield Problem(
            'resolution',
            f'camera {camera.name!r}{" and the others" if len(sized) > 1 else ""}: principal '
            f'point ({camera.K[0, 2]:.1f}, {camera.K[1, 2]:.1f}) is that of a {like} image, but '
            f'the image size is {width}x{height}, so the calibration is one of another '
            f'resolution; write {like} as its size, then scale it with `mmpose-ours '
            f'convert-calibration ... --scale-intrinsics {width}x{height}`',
            tuple(c.name for c in sized),
        )


def _of_fov(cameras: Sequence[dict[str, Any]]) -> Iterator[Problem]:
    for facts in cameras:
        name, fov = facts['name'], facts['fov_degrees']
        if fov is None or facts['lens'] != 'opencv':
            continue
        if None in fov:
            found = 'has a distortion that folds back before the edge of its image'
        elif MIN_FOV_DEGREES <= max(fov) <= MAX_FOV_DEGREES:
            continue
        else:
            found = f'sees {max(fov):.0f} degrees'
        yield Problem(
            'lens',
            f'camera {name!r} {found}, which no ordinary lens does; check focal length, '
            'distortion and image size',
            (name,),
            warning=True,
        )


def _of_floor(rig: CameraRig) -> Iterator[Problem]:
    below = [camera.name for camera in rig if camera.center_w[2] < 0]
    if below:
        yield Problem(
            'floor',
            f'{"cameras" if below[1:] else "camera"} {list_names([repr(n) for n in below])} '
            f'{"stand" if below[1:] else "stands"} below the floor z = 0; ground the rig '
            'with `mmpose-ours align-rig`',
            tuple(below),
            warning=True,
        )


def _of_looking_away(rig: CameraRig) -> Iterator[Problem]:
    """A camera that turns its back on what all others look at, or sees nothing of it."""
    if len(rig) <= 2:
        return
    for name in _looking_aside(rig):
        off, off_others = _off_focus_of_others(rig, name)
        if off_others >= LOOKS_AT_DEGREES or off <= LOOKS_ASIDE_DEGREES:
            continue
        if off > LOOKS_AWAY_DEGREES or _sees_nothing_of_others(rig, name):
            yield Problem(
                'view',
                f'camera {name!r} looks away: all others look at one place, which lies '
                f'{off:.0f} degrees off its axis; check its extrinsics, or leave it out with '
                f'{argument("cameras")}',
                (name,),
            )


def _of_mirrored_world(rig: CameraRig) -> Iterator[Problem]:
    """A scene behind every camera: the poses of a left-handed world, made rotations by a sign."""
    focus = focus_point(rig)
    if len(rig) <= 2 or focus is None:
        return
    off = off_axis_degrees(_axes(rig), rig.centers_w, focus)
    if off.min() > 90.0 and np.median(off) > LOOKS_BACK_DEGREES:
        yield Problem(
            'mirrored',
            f'the optical axes of all {len(rig)} cameras meet behind them, so they look away from '
            'each other, or the world of the file is left-handed (mirrored); if they do stand '
            'around a scene, write -R diag(1, -1, 1) for R (world to camera) and -T for T, which '
            'negates y of the world',
            warning=True,
        )


def _looking_aside(rig: CameraRig) -> list[str]:
    """The cameras that may look away from what all others look at.

    Each is judged by a space fitted to the others, so of many cameras only the one that can.
    """
    if len(rig) <= MAX_SUSPECTS:
        return list(rig.names)
    axes, centers = _axes(rig), rig.centers_w
    off = off_axis_degrees(axes, centers, focuses_of_others(axes, centers))
    worst = int(off.argmax())
    return [rig.names[worst]] if off[worst] > LOOKS_ASIDE_DEGREES - 1.0 else []


def _sees_nothing_of_others(rig: CameraRig, name: str) -> bool:
    """Whether a camera sees nothing of the space that the others share."""
    try:
        space = fit_space(rig.select([other for other in rig.names if other != name]))
    except CalibrationError:
        return False
    return bool(seen_by_each(rig.select([name]), space)[0] < MIN_SHARE_SEEN)


def _of_space(rig: CameraRig, space: CaptureVolume | None, why_not: str) -> Iterator[Problem]:
    """No space, or a camera that sees nothing of what the others share."""
    if space is None:
        yield Problem('view', why_not)
        return
    for name, share in zip(rig.names, seen_by_each(rig, space)):
        if share < MIN_SHARE_SEEN:
            yield Problem(
                'view',
                f'camera {name!r} sees {share:.0%} of the space around ({space.center_mm[0]:.0f}, '
                f'{space.center_mm[1]:.0f}) mm that the others share; check its extrinsics, or '
                f'leave it out with {argument("cameras")}',
                (name,),
                warning=True,
            )


def _off_focus_of_others(rig: CameraRig, name: str) -> tuple[float, float]:
    """Degrees off its axis of the point that the others look at; the most of theirs."""
    others = rig.select([other for other in rig.names if other != name])
    focus = focus_point(others)
    if focus is None:
        return 0.0, 180.0
    off = off_axis_degrees(_axes(rig), rig.centers_w, focus)
    own = rig.names.index(name)
    return float(off[own]), float(np.delete(off, own).max())
