"""A metric rig with z up from the 2D keypoints of people alone, for known intrinsics.

Relative poses of all pairs of cameras (:mod:`~mmpose_ours.self_calibration.pair_poses`) are
chosen so that they agree around triplets of cameras, chained along a maximum spanning tree, and
adjusted together (:mod:`~mmpose_ours.self_calibration.adjustment`). Up axis, scale and floor follow
from the bodies (:mod:`mmpose_ours.calibration.alignment`).
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Callable, Mapping, Sequence

import numpy as np

from mmpose_ours.association.epipolar import SeenPeople, associate
from mmpose_ours.calibration.alignment.align import align
from mmpose_ours.calibration.alignment.evidence import Evidence
from mmpose_ours.calibration.alignment.height import USUAL_HEIGHT_MM
from mmpose_ours.detections import Detections, stack_views
from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import CameraRig, list_names
from mmpose_ours.recordings.frame_matching import frame_order
from mmpose_ours.self_calibration.adjustment import PARTS, CameraFit, PoseFit, fit_poses, left_out
from mmpose_ours.self_calibration.pair_poses import PairOfViews, RelativePose, angle_degrees
from mmpose_ours.self_calibration.view_tracks import track_view
from mmpose_ours.text import counted

# Frames in a row that are used at most, and that are needed at least.
FRAMES, MIN_FRAMES = 3000, 30
# Rotations around a triplet of cameras that agree within so many degrees support each other.
LOOP_DEGREES = 8.0
# Rounds of association and adjustment: the chained poses may be off by some degrees.
ROUNDS = 8
# Largest mean epipolar error on left-out frames, as a share of a person's size. Right rigs have
# 0.01 to 0.05.
MAX_LEFT_OUT_ERROR = 0.1

# Share of a camera's detections that are associated with those of other cameras, on left-out frames.
# A camera of another recording has 0.35 to 0.41 by chance.
MIN_MATCHED = 0.6

Edges = dict[tuple[int, int], RelativePose]


@dataclasses.dataclass(frozen=True, eq=False)
class CalibratedCamera(CameraFit):
    """How well one camera's pose is known.

    Args:
        matched: Share of its detections that are associated with those of other cameras, on
            left-out frames in which another camera has detections.
    """

    matched: float

    @property
    def uncertain(self) -> bool:
        """Whether parts of the recording disagree, or most people are not matched."""
        return super().uncertain or not self.matched >= MIN_MATCHED


@dataclasses.dataclass(frozen=True, eq=False)
class CalibratedRig:
    """The result of :func:`calibrate`.

    Args:
        rig: The rig in millimetres, z up, the floor z = 0, the origin below where people were.
        cameras: How well each camera is known.
        frames: Frames in the adjustment.
        left_out_frames: Frames that had no part in it.
        people: People (in single frames) in the adjustment.
        error: Mean epipolar error on the left-out frames, as a share of a person's size.
        person_height_mm: The mean stature that fixed the scale.
        height_assumed: Whether it is the usual one, because none was given.
        pairs: Pairs of cameras of which people gave a relative pose that agrees with the rig.
        notes: How up axis, scale and floor were found, sentences.
    """

    rig: CameraRig
    cameras: tuple[CalibratedCamera, ...]
    frames: int
    left_out_frames: int
    people: int
    error: float
    person_height_mm: float
    height_assumed: bool
    pairs: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    @property
    def uncertain(self) -> tuple[str, ...]:
        """The cameras whose poses may be wrong, see :attr:`CalibratedCamera.uncertain`."""
        return tuple(camera.name for camera in self.cameras if camera.uncertain)


def calibrate(
    cameras: CameraRig,
    detections: Detections,
    person_height_mm: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> CalibratedRig:
    """Calibrate camera poses from 2D keypoints of people.

    Args:
        cameras: Two or more cameras; their intrinsics are used and their poses are not.
        detections: frame -> camera -> (P, 17, 3) ``u, v, score``, COCO-17, synchronised, of
            consecutive frames.
        person_height_mm: Mean stature of the people; None is 1700 mm, which leaves the scale
            uncertain by what people differ from that.
        progress: Called with steps done and to do.

    Raises:
        InputError: Too few frames or people, or cameras that cannot be connected
            (``code='no-data'``); or poses that people on left-out frames contradict
            (``code='conflict'``).
        CalibrationError: The height is out of range, or bodies do not tell up axis or scale.
    """
    height = USUAL_HEIGHT_MM if person_height_mm is None else person_height_mm
    evidence = Evidence(people=detections, person_height_mm=height)
    pairs = list(itertools.combinations(range(len(cameras)), 2))
    steps = len(pairs) + ROUNDS + PARTS

    def tell(done: int) -> None:
        if progress is not None:
            progress(done, steps)

    candidates = _pair_candidates(cameras, detections, height, tell)
    chosen, support = _consistent(len(cameras), candidates)
    start = _chained(cameras, chosen, support)
    free = np.ones(len(cameras), bool)
    fit = fit_poses(start, detections, free, lambda done, _: tell(len(pairs) + done), ROUNDS)
    matched = _matched(fit.rig, left_out(detections, fit.rig))
    _check_agreement(fit, matched)
    aligned = align(fit.rig, evidence)
    sized = tuple(
        CalibratedCamera(
            **dataclasses.asdict(camera)
            | {'mm_std': camera.mm_std * aligned.transform.scale, 'matched': share}
        )
        for camera, share in zip(fit.cameras, matched)
    )
    agreeing = [
        (cameras.names[a], cameras.names[b])
        for (a, b), pose in chosen.items()
        if _agrees(pose, fit.rig, a, b)
    ]
    return CalibratedRig(
        aligned.rig, sized, fit.frames, fit.left_out_frames, fit.people, fit.error, height,
        person_height_mm is None, tuple(agreeing),
        tuple(f'{part}: {aligned.figures[part]["sentence"]}' for part in ('up', 'scale', 'floor')),
    )  # fmt: skip


def _pair_candidates(
    cameras: CameraRig, detections: Detections, height_mm: float, tell: Callable[[int], None]
) -> dict[tuple[int, int], list[RelativePose]]:
    names = sorted(detections, key=frame_order)[:FRAMES]
    if len(names) < MIN_FRAMES:
        raise InputError(
            f'{counted(len(names), "frame")} with people, expected {MIN_FRAMES} or more; give '
            'keypoints of a longer recording',
            code='no-data',
            found=len(names),
            expected=MIN_FRAMES,
        )
    keypoints = _padded([stack_views(detections[name], cameras.names) for name in names])
    people = [SeenPeople.by(camera, seen) for camera, seen in zip(cameras, keypoints)]
    tracks = [track_view(seen) for seen in people]
    found = {}
    for a, b in itertools.combinations(range(len(cameras)), 2):
        pair = PairOfViews(
            (cameras.cameras[a], cameras.cameras[b]), (keypoints[a], keypoints[b]),
            (people[a], people[b]), (tracks[a], tracks[b]), height_mm,
        )  # fmt: skip
        found[a, b] = pair.poses()
        tell(len(found))
    return found


def _padded(frames: Sequence[np.ndarray]) -> np.ndarray:
    """(V, F, P, 17, 3) from F arrays (V, P, 17, 3) of different P."""
    most = max(1, *(frame.shape[1] for frame in frames))
    padded = np.zeros((frames[0].shape[0], len(frames), most, *frames[0].shape[2:]))
    for index, frame in enumerate(frames):
        padded[:, index, : frame.shape[1]] = frame
    return padded


def _consistent(
    count: int, candidates: dict[tuple[int, int], list[RelativePose]]
) -> tuple[Edges, dict[tuple[int, int], float]]:
    """The pose of each pair with most support, and that: its score and that of its triplets."""
    chosen: Edges = {}
    support: dict[tuple[int, int], float] = {}
    for (a, b), poses in candidates.items():
        values = [
            pose.score
            + sum(_loop(pose, (a, b), c, candidates) for c in range(count) if c not in (a, b))
            for pose in poses
        ]
        if values:
            best = int(np.argmax(values))
            chosen[a, b], support[a, b] = poses[best], values[best]
    return chosen, support


def _loop(
    pose: RelativePose,
    pair: tuple[int, int],
    other: int,
    candidates: dict[tuple[int, int], list[RelativePose]],
) -> float:
    """The best score of a triplet that agrees with a pose: the smallest of its three."""
    best = 0.0
    for first in _rotations(candidates, pair[0], other):
        for second in _rotations(candidates, other, pair[1]):
            if angle_degrees(second[0] @ first[0] @ pose.R.T) < LOOP_DEGREES:
                best = max(best, min(pose.score, first[1], second[1]))
    return best


def _rotations(
    candidates: dict[tuple[int, int], list[RelativePose]], start: int, end: int
) -> list[tuple[np.ndarray, float]]:
    """Rotations from one camera to another, and their scores."""
    if start < end:
        return [(pose.R, pose.score) for pose in candidates[start, end]]
    return [(pose.R.T, pose.score) for pose in candidates[end, start]]


def _chained(cameras: CameraRig, chosen: Edges, support: dict[tuple[int, int], float]) -> CameraRig:
    """Poses along the maximum spanning tree, in the frame of the first camera."""
    poses = {0: (np.eye(3), np.zeros(3))}
    while len(poses) < len(cameras):
        across = [pair for pair in chosen if (pair[0] in poses) != (pair[1] in poses)]
        if not across:
            raise _unconnected(cameras, set(poses))
        a, b = max(across, key=lambda pair: support[pair])
        R, t = chosen[a, b].R, chosen[a, b].t
        if a in poses:
            poses[b] = R @ poses[a][0], R @ poses[a][1] + t
        else:
            poses[a] = R.T @ poses[b][0], R.T @ (poses[b][1] - t)
    return CameraRig(
        tuple(
            dataclasses.replace(camera, R_w2c=poses[index][0], t_w2c=poses[index][1])
            for index, camera in enumerate(cameras)
        )
    )


def _unconnected(cameras: CameraRig, reached: set[int]) -> InputError:
    apart = [name for index, name in enumerate(cameras.names) if index not in reached]
    together = [cameras.names[index] for index in sorted(reached)]
    return InputError(
        f'people do not connect the cameras: {list_names(apart)} share too few people with '
        f'{list_names(together)}; record people who walk where these cameras see them at the same '
        'time, or check that the cameras are synchronised',
        code='no-data',
        camera=apart[0],
        found=len(reached),
        expected=len(cameras),
    )


def _matched(rig: CameraRig, frames: Sequence[Mapping[str, np.ndarray]]) -> list[float]:
    """Per camera the share of detections that are associated; NaN without any."""
    associated, all_people = np.zeros(len(rig)), np.zeros(len(rig))
    for views in frames:
        associated += (associate(rig, stack_views(views, rig.names)) >= 0).sum(0)
        all_people += [len(views.get(name, ())) for name in rig.names]
    return [float(a / n) if n else float('nan') for a, n in zip(associated, all_people)]


def _check_agreement(fit: PoseFit, matched: Sequence[float]) -> None:
    """Refuse a rig that people contradict."""
    advice = (
        'check that the cameras are synchronised, that the intrinsics belong to these images, and '
        'that people walk through the volume that the cameras share'
    )
    for camera, share in zip(fit.cameras, matched):
        if camera.uncertain and not share >= MIN_MATCHED:
            raise InputError(
                f'the pose of camera {camera.name!r} does not fit the people: {share:.0%} of its '
                f'detections match those of other cameras, expected {MIN_MATCHED:.0%} or more, and '
                f'parts of the recording disagree by {camera.degrees_std:.1f} degrees; {advice}',
                code='conflict',
                camera=camera.name,
                found=share,
                expected=MIN_MATCHED,
            )
    if not fit.error <= MAX_LEFT_OUT_ERROR:
        raise InputError(
            'the cameras do not agree on the people: the mean epipolar error on left-out frames is '
            f"{fit.error:.1%} of a person's size, expected {MAX_LEFT_OUT_ERROR:.0%} or less; "
            f'{advice}',
            code='conflict',
            found=fit.error,
            expected=MAX_LEFT_OUT_ERROR,
        )


def _agrees(pose: RelativePose, rig: CameraRig, a: int, b: int) -> bool:
    R = rig.cameras[b].R_w2c @ rig.cameras[a].R_w2c.T
    return angle_degrees(pose.R @ R.T) < LOOP_DEGREES
