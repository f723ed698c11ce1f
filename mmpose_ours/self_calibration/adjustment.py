"""Poses of a rig from people: association, triangulation and bundle adjustment, repeated.

Frames that had no part in this judge the result, by the epipolar errors of ``check-rig``, which
depend neither on triangulation nor on the association.
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
# Standard deviation of a rotation above which the camera may be off by more than a degree.
UNCERTAIN_DEGREES = 0.5


@dataclasses.dataclass(frozen=True, eq=False)
class CameraFit:
    """How well one camera's pose is known.

    Args:
        name: The camera.
        degrees_std: Standard deviation of the orientation about its least certain axis, from
            separate adjustments of parts of the recording. It does not contain what a detector
            repeats in every frame.
        mm_std: Likewise of the centre.
        joints: Observations of joints in the adjustment.
        error_px: Median reprojection error after the adjustment, px.
        error_mrad: The same as an angle, milliradians.
    """

    name: str
    degrees_std: float
    mm_std: float
    joints: int
    error_px: float
    error_mrad: float

    @property
    def uncertain(self) -> bool:
        """Whether the parts of the recording disagree so much that the pose may be wrong."""
        return not self.degrees_std <= UNCERTAIN_DEGREES


@dataclasses.dataclass(frozen=True, eq=False)
class PoseFit:
    """The result of :func:`fit_poses`.

    Args:
        rig: The rig with adjusted poses, in the world of the one given.
        cameras: How well each adjusted camera is known.
        frames: Frames in the adjustment.
        left_out_frames: Frames by which the rigs are judged.
        center_cov_mm2: (V, 3, 3) covariances of the centres in the world of the rig, from separate
            adjustments of parts of the recording; infinite where these are too few.
        people: People (in single frames) in the adjustment.
        given_error: Mean epipolar error of the given rig on left-out frames, as a share of a
            person's size.
        error: The same of the adjusted rig.
    """

    rig: CameraRig
    cameras: tuple[CameraFit, ...]
    frames: int
    left_out_frames: int
    center_cov_mm2: np.ndarray
    people: int
    given_error: float
    error: float


def fit_poses(
    rig: CameraRig,
    detections: Detections,
    free: np.ndarray,
    progress: Callable[[int, int], None] | None = None,
    rounds: int = ROUNDS,
) -> PoseFit:
    """Fit the poses of cameras to the people whom they see.

    Args:
        rig: Two or more cameras in millimetres, roughly calibrated.
        detections: frame -> camera -> (P, 17, 3) ``u, v, score``, COCO-17, synchronised.
        free: (V,) bool, the cameras whose poses are adjusted.
        progress: Called with steps done and to do.
        rounds: Association and adjustment are repeated at most so often.

    Raises:
        InputError: A camera shares too few joints with the others.
    """
    frames = choose_frames(detections, rig, FRAMES)
    held_out = left_out(detections, rig)
    fitted = [views for i, views in enumerate(frames) if i % LEFT_OUT_EVERY != LEFT_OUT_EVERY - 1]
    judged = Sightings(rig.names, held_out)
    pairs = pairs_of(rig)
    given_error = overall(judged.errors(rig, pairs))
    if not np.isfinite(given_error):
        raise _too_few(rig.names[0], 0)
    steps = rounds + PARTS
    now, error = rig, given_error
    for step in range(rounds):
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

    def tell(part: int) -> None:
        if progress is not None:
            progress(rounds + part, steps)

    turn_cov, center_cov = _covariances(rig, now, people, free, tell)
    std = np.stack([_largest_std(turn_cov), _largest_std(center_cov)], axis=1)
    cameras = tuple(
        _camera_fit(now, index, std[index], done, seen) for index in np.flatnonzero(free).tolist()
    )
    return PoseFit(
        now, cameras, len(fitted), len(held_out), center_cov, people.shape[1], given_error, error
    )


def left_out(detections: Detections, rig: CameraRig) -> list[Mapping[str, np.ndarray]]:
    """The frames that have no part in the adjustment."""
    return choose_frames(detections, rig, FRAMES)[LEFT_OUT_EVERY - 1 :: LEFT_OUT_EVERY]


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


def _covariances(
    rig: CameraRig,
    refined: CameraRig,
    people: np.ndarray,
    free: np.ndarray,
    tell: Callable[[int], None],
) -> tuple[np.ndarray, np.ndarray]:
    """(V, 3, 3) of orientations in degrees and of centres in mm, squared.

    By separate adjustments of consecutive parts of the recording.
    """
    turns, centers = [], []
    for number, rows in enumerate(np.array_split(np.arange(people.shape[1]), PARTS)):
        points, seen = _points(refined, people[:, rows])
        if (np.bincount(seen.camera, minlength=len(rig))[free] >= MIN_JOINTS / PARTS).all():
            done = adjust(refined, points, seen, free)
            part = aligned_to(rig, done.R, done.t, free)
            turns.append([moved_degrees(a, b) for a, b in zip(refined, part)])
            centers.append(part.centers_w - refined.centers_w)
        tell(number + 1)
    if len(turns) < 2:
        unknown = np.full((len(rig), 3, 3), np.inf)
        return unknown, unknown
    return _of_mean(np.array(turns)), _of_mean(np.array(centers))


def _of_mean(parts: np.ndarray) -> np.ndarray:
    """(V, 3, 3) covariances of the means of parts (N, V, 3)."""
    off = parts - parts.mean(0)
    return np.einsum('nvi,nvj->vij', off, off) / (len(parts) * (len(parts) - 1))


def _largest_std(covariances: np.ndarray) -> np.ndarray:
    """(V,) standard deviations along the least certain axes of (V, 3, 3)."""
    known = np.isfinite(covariances).all((1, 2))
    largest = np.linalg.eigvalsh(np.where(known[:, None, None], covariances, 0.0))[:, -1]
    return np.where(known, np.sqrt(np.maximum(largest, 0.0)), np.inf)


def _camera_fit(
    rig: CameraRig, index: int, std: np.ndarray, done: Adjusted, seen: Observations
) -> CameraFit:
    camera = rig.cameras[index]
    mine = seen.camera == index
    residual = _angles(done, seen, mine)
    return CameraFit(
        camera.name,
        float(std[0]),
        float(std[1]),
        int(mine.sum()),
        float(np.median(residual) * np.sqrt(np.linalg.det(camera.K[:2, :2]))),
        float(np.median(np.radians(_ray_angles(done, seen, mine))) * 1000),
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
