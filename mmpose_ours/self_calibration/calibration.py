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
from mmpose_ours.calibration.alignment.align import align, check_named_cameras
from mmpose_ours.calibration.alignment.evidence import Evidence
from mmpose_ours.calibration.alignment.height import USUAL_HEIGHT_MM
from mmpose_ours.detections import Detections, stack_views
from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.recordings.frame_matching import frame_order
from mmpose_ours.self_calibration.adjustment import PARTS, CameraFit, PoseFit, fit_poses, left_out
from mmpose_ours.self_calibration.pair_poses import PairOfViews, RelativePose
from mmpose_ours.self_calibration.pose_graph import agrees, chained, consistent
from mmpose_ours.self_calibration.view_tracks import track_view
from mmpose_ours.text import counted

# Frames in a row that are used at most, and that are needed at least.
FRAMES, MIN_FRAMES = 3000, 30
# Rounds of association and adjustment: the chained poses may be off by some degrees.
ROUNDS = 8
# Largest mean epipolar error on left-out frames, as a share of a person's size. Right rigs have
# 0.01 to 0.05.
MAX_LEFT_OUT_ERROR = 0.1

# Share of the detections of a camera that are associated with those of others, on left-out frames.
# A camera of another recording has 0.35 to 0.41 by chance.
MIN_MATCHED = 0.6
# Relative standard deviations of a scale: of statures of adults of both sexes, and of what a
# detector's joints make of them (docs/rig.md: up to 3 % off on recordings).
ADULTS_STD, JOINTS_STD = 0.06, 0.03


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
        center_cov_mm2: (V, 3, 3) covariances of the camera centres; infinite where too few people
            tell. They do not contain the uncertainty of the scale.
        people: People (in single frames) in the adjustment.
        error: Mean epipolar error on the left-out frames, as a share of a person's size.
        scale_by: What fixed the scale: ``'person_height'``, ``'distance'``, or
            ``'usual_height'``, that of adults, where neither was given.
        scale_std: Relative standard deviation of the scale.
        person_height_mm: The mean stature that fixed the scale; None where a distance did.
        pairs: Pairs of cameras of which people gave a relative pose that agrees with the rig.
        notes: How up axis, scale and floor were found, sentences.
    """

    rig: CameraRig
    cameras: tuple[CalibratedCamera, ...]
    frames: int
    left_out_frames: int
    center_cov_mm2: np.ndarray
    people: int
    error: float
    scale_by: str
    scale_std: float
    person_height_mm: float | None
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
    distance: tuple[str, str, float] | None = None,
) -> CalibratedRig:
    """Calibrate camera poses from 2D keypoints of people.

    Args:
        cameras: Two or more cameras; their intrinsics are used and their poses are not.
        detections: frame -> camera -> (P, 17, 3) ``u, v, score``, COCO-17, synchronised, of
            consecutive frames.
        person_height_mm: Mean stature of the people, which fixes the scale.
        progress: Called with steps done and to do.
        distance: Two cameras and the distance between their centres in mm, which fixes the scale
            in place of the stature. Without either, people are taken to be 1700 mm tall.

    Raises:
        InputError: Too few frames or people, or cameras that cannot be connected
            (``code='no-data'``); or poses that people on left-out frames contradict
            (``code='conflict'``).
        CalibrationError: Height or distance is out of range, both are given, a camera is unknown,
            or bodies do not tell up axis or scale.
    """
    usual = person_height_mm is None and distance is None
    height = USUAL_HEIGHT_MM if usual else person_height_mm
    evidence = Evidence(people=detections, person_height_mm=height, distance=distance)
    evidence.source_of('scale')
    check_named_cameras(cameras, evidence)
    pairs = list(itertools.combinations(range(len(cameras)), 2))
    steps = len(pairs) + ROUNDS + PARTS

    def tell(done: int) -> None:
        if progress is not None:
            progress(done, steps)

    candidates = _pair_candidates(cameras, detections, height or USUAL_HEIGHT_MM, tell)
    chosen, support = consistent(len(cameras), candidates)
    start = chained(cameras, chosen, support)
    free = np.ones(len(cameras), bool)
    fit = fit_poses(start, detections, free, lambda done, _: tell(len(pairs) + done), ROUNDS)
    matched = _matched(fit.rig, left_out(detections, fit.rig))
    _check_agreement(fit, matched)
    aligned = align(fit.rig, evidence)
    transform = aligned.transform
    sized = tuple(
        CalibratedCamera(
            **dataclasses.asdict(camera)
            | {'mm_std': camera.mm_std * transform.scale, 'matched': share}
        )
        for camera, share in zip(fit.cameras, matched)
    )
    known = np.isfinite(fit.center_cov_mm2).all()
    covariances = (
        transform.scale**2 * transform.R @ fit.center_cov_mm2 @ transform.R.T
        if known
        else fit.center_cov_mm2
    )
    agreeing = [
        (cameras.names[a], cameras.names[b])
        for (a, b), pose in chosen.items()
        if agrees(pose, fit.rig, a, b)
    ]
    return CalibratedRig(
        aligned.rig, sized, fit.frames, fit.left_out_frames, covariances, fit.people, fit.error,
        'usual_height' if usual else 'distance' if distance else 'person_height',
        _scale_std(aligned.rig, covariances, usual, distance), height,
        tuple(agreeing),
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


def _matched(rig: CameraRig, frames: Sequence[Mapping[str, np.ndarray]]) -> list[float]:
    """Per camera the share of detections that are associated; NaN without any."""
    associated, all_people = np.zeros(len(rig)), np.zeros(len(rig))
    for views in frames:
        associated += (associate(rig, stack_views(views, rig.names)) >= 0).sum(0)
        all_people += [len(views.get(name, ())) for name in rig.names]
    return [float(a / n) if n else float('nan') for a, n in zip(associated, all_people)]


def _scale_std(
    rig: CameraRig,
    covariances: np.ndarray,
    usual: bool,
    distance: tuple[str, str, float] | None,
) -> float:
    """The relative standard deviation of the scale."""
    if distance is None:
        return float(np.hypot(JOINTS_STD, ADULTS_STD if usual else 0.0))
    first, second = (rig.names.index(name) for name in distance[:2])
    along = rig.centers_w[second] - rig.centers_w[first]
    length = float(np.linalg.norm(along))
    variance = along @ (covariances[first] + covariances[second]) @ along / length**2
    return float(np.sqrt(variance)) / length if np.isfinite(variance) else float('inf')


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
