"""Refine the poses of a rig's cameras from 2D keypoints of people.

The poses are fitted by :mod:`~mmpose_ours.self_calibration.adjustment`. Whether the refined rig is
better is decided on frames that had no part in this.
"""

from __future__ import annotations

import dataclasses
from typing import Callable, Sequence

import numpy as np

from mmpose_ours.detections import Detections
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.self_calibration.adjustment import CameraFit, fit_poses
from mmpose_ours.self_calibration.gauge import moved_degrees

# The refined rig is taken if a camera moved by more than so many standard deviations, and by more
# than the errors that a detector repeats in every frame move a right rig.
SIGNIFICANT, BIAS_DEGREES, BIAS_MM = 3.0, 0.5, 60.0
# Left-out error of the refined rig divided by that of the given one: above it nothing is changed.
BETTER = 0.97


@dataclasses.dataclass(frozen=True, eq=False)
class CameraChange(CameraFit):
    """What became of one camera in the world of the given rig.

    Args:
        degrees: Angle between the given and the refined orientation.
        mm: Distance between the given and the refined centre.
        significant: Whether the refined rig was taken and this camera moved by more than its
            uncertainty and the bias of a detector explain.
    """

    degrees: float
    mm: float
    significant: bool


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
        """The cameras whose refined poses may be wrong, see :attr:`CameraFit.uncertain`."""
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
    fit = fit_poses(rig, detections, free, progress)
    changes = tuple(_change(rig, fit.rig, camera) for camera in fit.cameras)
    better = fit.error < BETTER * fit.given_error and any(c.significant for c in changes)
    if not better:
        changes = tuple(dataclasses.replace(change, significant=False) for change in changes)
    return Refinement(
        fit.rig if better else rig, better, changes, fit.frames, fit.left_out_frames, fit.people,
        fit.given_error, fit.error,
    )  # fmt: skip


def _change(rig: CameraRig, refined: CameraRig, fit: CameraFit) -> CameraChange:
    given, camera = rig[fit.name], refined[fit.name]
    degrees = float(np.linalg.norm(moved_degrees(given, camera)))
    mm = float(np.linalg.norm(camera.center_w - given.center_w))
    turned = degrees > max(SIGNIFICANT * fit.degrees_std, BIAS_DEGREES)
    return CameraChange(
        **dataclasses.asdict(fit),
        degrees=degrees,
        mm=mm,
        significant=turned or mm > max(SIGNIFICANT * fit.mm_std, BIAS_MM),
    )
