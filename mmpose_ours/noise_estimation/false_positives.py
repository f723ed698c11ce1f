"""Rate of false positives: detections in one view that at least two others should confirm."""

from __future__ import annotations

import numpy as np

from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.noise_estimation.misses import Share
from mmpose_ours.noise_estimation.observations import Observations

# A detection is testable if more than this many cameras see its 3D position, its own included.
OTHER_VIEWS = 2
# Random image positions per view from which the testable fraction is estimated.
SAMPLES_PER_VIEW = 400


def count_false_positives(observations: Observations) -> Share:
    """Estimate the rate of false positives from detections that no other view confirms.

    The size in the image gives the distance of a detection. It is testable if two other cameras see
    that position. The testable fraction is estimated by random image positions, and the rate is
    the number of testable unassigned detections divided by the expected number for a rate of 1.

    Returns:
        The number of testable unassigned detections, the number of views with people, and the rate
        per such view.
    """
    rig = observations.rig
    body_mm = _body_mm(observations)
    rng = np.random.default_rng(0)
    expected = false_positives = 0  # expected: for one false positive per view
    views = (observations.detection_counts > 0).sum(0)
    for number, camera in enumerate(rig):
        real = observations.keypoints[number, observations.has[number]]
        unassigned = observations.unassigned[observations.unassigned_at[:, 1] == number]
        if not len(real):
            continue
        false_positives += int(
            _testable(rig, camera, _middle(unassigned), _box_px(unassigned), body_mm).sum()
        )
        size_px = _box_px(real[rng.integers(len(real), size=SAMPLES_PER_VIEW)])
        uv = rng.random((SAMPLES_PER_VIEW, 2)) * camera.need_size()
        expected += views[number] * _testable(rig, camera, uv, size_px, body_mm).mean()
    return Share(false_positives, int(views.sum()), float(false_positives / max(expected, 1)))


def _body_mm(observations: Observations) -> float:
    """Median size of detected people in mm: longer side of the box in pixels * depth / f."""
    sizes = []
    for number, camera in enumerate(observations.rig):
        has = observations.has[number]
        xyz, known = observations.crowd.poses[has], observations.crowd.visible[has]
        depth = (camera.to_camera(xyz)[..., 2] * known).sum(1) / np.maximum(known.sum(1), 1)
        sizes.append(_box_px(observations.keypoints[number, has]) * depth / camera.K[0, 0])
    return float(np.median(np.concatenate(sizes)))


def _box_px(detections: np.ndarray) -> np.ndarray:
    """(D,) longer sides of the bounding boxes of detections (D, J, 3), at least 1 pixel."""
    found = detections[..., 2:] > 0
    low = np.where(found, detections[..., :2], np.inf).min(1, initial=np.inf)
    high = np.where(found, detections[..., :2], -np.inf).max(1, initial=-np.inf)
    return np.maximum((high - low).max(-1), 1.0)


def _middle(detections: np.ndarray) -> np.ndarray:
    """(D, 2) mean pixel of the joints of detections (D, J, 3)."""
    found = detections[..., 2:] > 0
    return (detections[..., :2] * found).sum(1) / np.maximum(found.sum(1), 1)


def _testable(
    rig: CameraRig, camera: Camera, uv: np.ndarray, size_px: np.ndarray, body_mm: float
) -> np.ndarray:
    """Whether other cameras see the 3D positions of detections.

    Args:
        rig: V cameras.
        camera: The camera of the detections.
        uv: (D, 2) pixels of their centres.
        size_px: (D,) sizes.
        body_mm: Size of people.

    Returns:
        (D,) bool.
    """
    rays = camera.normalise_points(uv)
    depth = body_mm * camera.K[0, 0] / size_px
    xyz_c = np.concatenate([rays, np.ones_like(rays[:, :1])], -1) * depth[:, None]
    xyz_w = (xyz_c - camera.t_w2c) @ camera.R_w2c
    return np.isfinite(rays).all(-1) & (rig.sees(xyz_w).sum(0) > OTHER_VIEWS)
