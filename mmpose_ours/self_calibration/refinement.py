"""Refine the poses of a rig's cameras from 2D keypoints of people.

People are associated across views with the rig as it is, their joints triangulated, and all
cameras and joints adjusted (:mod:`~mmpose_ours.self_calibration.bundle`); with the refined rig they
are associated again. Whether the refined rig is better is decided on frames that had no part in
this, by the epipolar errors of ``check-rig``, which depend neither on triangulation nor on the
association.
"""

from __future__ import annotations

import dataclasses
from typing import Callable, Mapping, Sequence

import numpy as np

from mmpose_ours.association.epipolar import MAX_ERROR, MIN_SCORE, associate, gather
from mmpose_ours.calibration.alignment.poses import choose_frames
from mmpose_ours.calibration.checks.view_agreement import Sightings, overall, pairs_of
from mmpose_ours.detections import Detections, stack_views
from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.triangulation import triangulate
from mmpose_ours.self_calibration.bundle import Adjusted, Observations, adjust
from mmpose_ours.self_calibration.gauge import aligned_to, moved_degrees
from mmpose_ours.text import counted

# Frames that are used at most; every third of them is left out of the adjustment.
FRAMES, LEFT_OUT_EVERY = 300, 3
# Association and adjustment are repeated at most so often, until no camera turns by more degrees:
# with a rig that is off by some degrees the first association misses people.
ROUNDS, SETTLED_DEGREES = 4, 0.02
# Epipolar error up to which detections are associated with a rig that may be wrong, in mean
# epipolar errors of the rig; and at most.
LOOSE, MAX_LOOSE_ERROR = 3.0, 0.2
# Parts of the recording that are adjusted by themselves, for the standard deviations.
PARTS = 4
# Joints seen by two views or more that are needed for each camera.
MIN_JOINTS = 100
# The refined rig is taken if a camera moved by more than so many standard deviations, and by more
# than the errors that a detector repeats in every frame move a right rig.
SIGNIFICANT, BIAS_DEGREES, BIAS_MM = 3.0, 0.5, 60.0
# Standard deviation of a rotation above which the refined camera may be off by more than a degree.
UNCERTAIN_DEGREES = 0.5
# Left-out error of the refined rig divided by that of the given one: above it nothing is changed.
BETTER = 0.97


@dataclasses.dataclass(frozen=True, eq=False)
class CameraChange:
    """What became of one camera in the world of the given rig.

    Args:
        name: The camera.
        degrees: Angle between the given and the refined orientation.
        mm: Distance between the given and the refined centre.
        degrees_std: Standard deviation of the refined orientation about its least certain axis,
            from separate adjustments of parts of the recording. It does not contain what a
            detector repeats in every frame.
        mm_std: Likewise of the centre.
        joints: Observations of joints in the adjustment.
        error_px: Median reprojection error after the adjustment, px.
        error_mrad: The same as an angle, milliradians.
        significant: Whether the refined rig was taken and this camera moved by more than its
            uncertainty and the bias of a detector explain.
    """

    name: str
    degrees: float
    mm: float
    degrees_std: float
    mm_std: float
    joints: int
    error_px: float
    error_mrad: float
    significant: bool

    @property
    def uncertain(self) -> bool:
        """Whether the parts of the recording disagree so much that the pose may be wrong."""
        return not self.degrees_std <= UNCERTAIN_DEGREES


@dataclasses.dataclass(frozen=True, eq=False)
class Refinement:
    """The result of :func:`refine_rig`.

    Args:
        rig: The refined rig, or the given one where that is not worse on left-out frames.
        changed: Whether it is the refined one.
        cameras: What the adjustment did to each adjusted camera, also where it was not taken.
        frames: Frames in the adjustment.
        left_out_frames: Frames on which the rigs were compared.
        people: People (in single frames) in the adjustment.
        error: Mean epipolar error of the given rig on left-out frames, as a share of a person's
            size.
        error_refined: The same of the refined rig.
    """

    rig: CameraRig
    changed: bool
    cameras: tuple[CameraChange, ...]
    frames: int
    left_out_frames: int
    people: int
    error: float
    error_refined: float

    @property
    def uncertain(self) -> tuple[str, ...]:
        """The cameras whose refined poses may be wrong, see :attr:`CameraChange.uncertain`."""
        return tuple(change.name for change in self.cameras if change.uncertain)


def refine_rig(
    rig: CameraRig,
    detections: Detections,
    cameras: Sequence[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Refinement:
    """Refine camera poses from 2D keypoints of people by robust bundle adjustment.

    Intrinsics are not changed. The world of the given rig is kept: where all cameras are adjusted,
    the result is aligned with it by a similarity that follows the majority of the cameras.

    Args:
        rig: Two or more cameras in millimetres, roughly calibrated (within about 5 degrees).
        detections: frame -> camera -> (P, 17, 3) ``u, v, score``, COCO-17, synchronised.
        cameras: Names of the cameras that are adjusted; None is all.
        progress: Called with steps done and to do.

    Returns:
        The refined rig if it has clearly smaller epipolar errors on left-out frames and a camera
        moved significantly, otherwise the given one; and what was found for each camera.

    Raises:
        InputError: A name is not in the rig, or a camera shares too few joints with the others.
    """
    chosen = rig.names if cameras is None else rig.select(cameras).names
    free = np.array([name in chosen for name in rig.names])
    frames = choose_frames(detections, rig, FRAMES)
    held_out = frames[LEFT_OUT_EVERY - 1 :: LEFT_OUT_EVERY]
    fitted = [views for i, views in enumerate(frames) if i % LEFT_OUT_EVERY != LEFT_OUT_EVERY - 1]
    judged = Sightings(rig.names, held_out)
    pairs = pairs_of(rig)
    given_error = overall(judged.errors(rig, pairs))
    if not np.isfinite(given_error):
        raise _too_few(rig.names[0], 0)
    steps = ROUNDS + PARTS
    now, error = rig, given_error
    for step in range(ROUNDS):
        people = _associated(now, fitted, float(np.clip(LOOSE * error, MAX_ERROR, MAX_LOOSE_ERROR)))
        points, seen = _points(now, people)
        _check_enough(now, free, seen)
        done = adjust(now, points, seen, free)
        before, now = now, aligned_to(rig, done.R, done.t, free)
        error = overall(judged.errors(now, pairs))
        if progress is not None:
            progress(step + 1, steps)
        if all(np.linalg.norm(moved_degrees(*c)) < SETTLED_DEGREES for c in zip(before, now)):
            break
    std = _standard_deviations(rig, now, people, free, lambda n: progress and progress(n, steps))
    changes = tuple(
        _change(rig, now, index, std[index], done, seen) for index in np.flatnonzero(free).tolist()
    )
    better = error < BETTER * given_error and any(change.significant for change in changes)
    if not better:
        changes = tuple(dataclasses.replace(change, significant=False) for change in changes)
    return Refinement(
        now if better else rig, better, changes, len(fitted), len(held_out), people.shape[1],
        given_error, error,
    )  # fmt: skip


def _associated(
    rig: CameraRig, frames: Sequence[Mapping[str, np.ndarray]], max_error: float
) -> np.ndarray:
    """(V, N, J, 3) detections of the people of all frames, in order of time."""
    found = []
    for views in frames:
        keypoints = stack_views(views, rig.names)
        groups = associate(rig, keypoints, max_error)
        if len(groups):
            found.append(gather(keypoints, groups))
    return np.concatenate(found or [np.zeros((len(rig), 0, 17, 3))], axis=1)


def _points(rig: CameraRig, people: np.ndarray) -> tuple[np.ndarray, Observations]:
    """Joints (P, 3) mm that two views or more have, and their observations."""
    uv = people[..., :2].reshape(len(rig), -1, 2)
    known = people[..., 2].reshape(len(rig), -1) > MIN_SCORE
    rays = np.stack([camera.normalise_points(u, k) for camera, u, k in zip(rig, uv, known)])
    known &= np.isfinite(rays).all(-1)
    xyz_mm = triangulate(rig, uv, known)[0]
    kept = np.isfinite(xyz_mm).all(-1)
    known &= kept
    camera, point = np.nonzero(known)
    number = np.cumsum(kept) - 1
    return xyz_mm[kept], Observations(camera, number[point], rays[known])


def _check_enough(rig: CameraRig, free: np.ndarray, seen: Observations) -> None:
    counts = np.bincount(seen.camera, minlength=len(rig))
    for index in np.flatnonzero(free & (counts < MIN_JOINTS)).tolist():
        raise _too_few(rig.names[index], int(counts[index]))


def _too_few(name: str, count: int) -> InputError:
    return InputError(
        f'camera {name!r} shares {counted(count, "joint")} of people with other cameras, expected '
        f'{MIN_JOINTS} or more; give more frames in which several cameras see the same people, or '
        'check that the keypoints belong to these cameras with `mmpose-ours check-rig --keypoints`',
        code='no-data',
        camera=name,
        found=count,
        expected=MIN_JOINTS,
    )


def _standard_deviations(
    rig: CameraRig,
    refined: CameraRig,
    people: np.ndarray,
    free: np.ndarray,
    tell: Callable[[int], object],
) -> np.ndarray:
    """(V, 2) degrees and mm, by separate adjustments of consecutive parts of the recording."""
    turns, centers = [], []
    for number, rows in enumerate(np.array_split(np.arange(people.shape[1]), PARTS)):
        points, seen = _points(refined, people[:, rows])
        if (np.bincount(seen.camera, minlength=len(rig))[free] >= MIN_JOINTS / PARTS).all():
            done = adjust(refined, points, seen, free)
            part = aligned_to(rig, done.R, done.t, free)
            turns.append([moved_degrees(a, b) for a, b in zip(refined, part)])
            centers.append(part.centers_w - refined.centers_w)
        tell(ROUNDS + number + 1)
    if len(turns) < 2:
        return np.full((len(rig), 2), np.inf)
    # Of the mean of the parts; the axis along which they differ most.
    per_mean = np.sqrt(len(turns) * (len(turns) - 1))
    worst = [
        np.linalg.norm(part - part.mean(0), axis=0).max(-1) / per_mean
        for part in (np.array(turns), np.array(centers))
    ]
    return np.stack(worst, axis=1)


def _change(
    rig: CameraRig,
    refined: CameraRig,
    index: int,
    std: np.ndarray,
    done: Adjusted,
    seen: Observations,
) -> CameraChange:
    given, camera = rig.cameras[index], refined.cameras[index]
    mine = seen.camera == index
    residual = _angles(done, seen, mine)
    degrees = float(np.linalg.norm(moved_degrees(given, camera)))
    mm = float(np.linalg.norm(camera.center_w - given.center_w))
    turned = degrees > max(SIGNIFICANT * std[0], BIAS_DEGREES)
    return CameraChange(
        camera.name,
        degrees,
        mm,
        float(std[0]),
        float(std[1]),
        int(mine.sum()),
        float(np.median(residual) * np.sqrt(np.linalg.det(camera.K[:2, :2]))),
        float(np.median(np.radians(_ray_angles(done, seen, mine))) * 1000),
        bool(turned or mm > max(SIGNIFICANT * std[1], BIAS_MM)),
    )


def _projected(done: Adjusted, seen: Observations, mine: np.ndarray) -> np.ndarray:
    """(M, 3) adjusted joints of a camera's observations in its frame."""
    index = seen.camera[mine][0]
    return done.points[seen.point[mine]] @ done.R[index].T + done.t[index]


def _angles(done: Adjusted, seen: Observations, mine: np.ndarray) -> np.ndarray:
    """(M,) distances in the plane z = 1."""
    xyz_c = _projected(done, seen, mine)
    return np.linalg.norm(xyz_c[:, :2] / xyz_c[:, 2:] - seen.ray[mine], axis=1)


def _ray_angles(done: Adjusted, seen: Observations, mine: np.ndarray) -> np.ndarray:
    """(M,) degrees between observed rays and adjusted joints."""
    rays = np.concatenate([seen.ray[mine], np.ones((int(mine.sum()), 1))], axis=1)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    xyz_c = _projected(done, seen, mine)
    directions = xyz_c / np.linalg.norm(xyz_c, axis=1, keepdims=True)
    cosine_sine = (rays * directions).sum(1), np.linalg.norm(np.cross(rays, directions), axis=1)
    return np.degrees(np.arctan2(cosine_sine[1], cosine_sine[0]))
