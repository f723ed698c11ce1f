"""False positives of a detector: people whom only one view has, where others should too."""

from __future__ import annotations

import numpy as np

from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.noise_estimation.misses import Share
from mmpose_ours.noise_estimation.observations import Observations

# Others who should see a person for its absence there to tell something.
OTHERS = 2
TRIES_PER_VIEW = 400


def count_false_positives(observations: Observations) -> Share:
    """Count detections that no other view confirms.

    How far away somebody would be follows from the size in the image. Where fewer than two other
    cameras see that place, a detection says nothing; how often that is for poses anywhere in
    the image is tried out, and the count corrected for it.

    Returns:
        False positives that were counted, views with people, and false positives per such view.
    """
    rig = observations.rig
    body_mm = _body_mm(observations)
    rng = np.random.default_rng(0)
    expected = false_positives = 0
    views = (observations.people > 0).sum(0)
    for number, camera in enumerate(rig):
        real = observations.keypoints[number, observations.has[number]]
        unassigned = observations.unassigned[observations.unassigned_at[:, 1] == number]
        if not len(real):
            continue
        false_positives += int(
            _testable(rig, camera, _middle(unassigned), _box_px(unassigned), body_mm).sum()
        )
        size_px = _box_px(real[rng.integers(len(real), size=TRIES_PER_VIEW)])
        spots = rng.random((TRIES_PER_VIEW, 2)) * camera.need_size()
        expected += views[number] * _testable(rig, camera, spots, size_px, body_mm).mean()
    return Share(false_positives, int(views.sum()), float(false_positives / max(expected, 1)))


def _body_mm(observations: Observations) -> float:
    """How large people are who are detected, by the box around their joints."""
    sizes = []
    for number, camera in enumerate(observations.rig):
        has = observations.has[number]
        xyz, known = observations.crowd.poses[has], observations.crowd.visible[has]
        depth = (camera.to_camera(xyz)[..., 2] * known).sum(1) / np.maximum(known.sum(1), 1)
        sizes.append(_box_px(observations.keypoints[number, has]) * depth / camera.K[0, 0])
    return float(np.median(np.concatenate(sizes)))


def _box_px(people: np.ndarray) -> np.ndarray:
    """(D,) longer sides of the boxes around found joints, of (D, 17, 3)."""
    found = people[..., 2:] > 0
    low = np.where(found, people[..., :2], np.inf).min(1, initial=np.inf)
    high = np.where(found, people[..., :2], -np.inf).max(1, initial=-np.inf)
    return np.maximum((high - low).max(-1), 1.0)


def _middle(people: np.ndarray) -> np.ndarray:
    """(D, 2) means of found joints."""
    found = people[..., 2:] > 0
    return (people[..., :2] * found).sum(1) / np.maximum(found.sum(1), 1)


def _testable(
    rig: CameraRig, camera: Camera, uv: np.ndarray, size_px: np.ndarray, body_mm: float
) -> np.ndarray:
    """(D,) bool: who would be seen by others too, of people at pixels (D, 2)."""
    rays = camera.normalise_points(uv)
    depth = body_mm * camera.K[0, 0] / size_px
    xyz_c = np.concatenate([rays, np.ones_like(rays[:, :1])], -1) * depth[:, None]
    xyz_w = (xyz_c - camera.t_w2c) @ camera.R_w2c
    return np.isfinite(rays).all(-1) & (rig.sees(xyz_w).sum(0) > OTHERS)
