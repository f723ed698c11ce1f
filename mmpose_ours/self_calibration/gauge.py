"""The world of an adjusted rig: kept by a similarity that follows the majority of the cameras.

A least-squares similarity would spread the change of one bumped camera over all others.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.calibration.alignment.similarity import Similarity
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.rotations import to_vector

# Steps of IRLS for medians, and the smallest deviation that gets a weight of its own, as a share
# of the median deviation.
STEPS, FLOOR = 30, 0.1


def aligned_to(rig: CameraRig, R: np.ndarray, t: np.ndarray, free: np.ndarray) -> CameraRig:
    """The cameras of a rig with adjusted poses, in the rig's world.

    Args:
        rig: V cameras.
        R: (V, 3, 3) adjusted rotations, world to camera.
        t: (V, 3) adjusted translations in mm.
        free: (V,) bool, which poses were adjusted. Where two cameras or more were not, the world
            is fixed already.
    """
    cameras = (
        dataclasses.replace(camera, R_w2c=_rotation(of_R), t_w2c=of_t) if is_free else camera
        for camera, of_R, of_t, is_free in zip(rig, R, t, free)
    )
    adjusted = CameraRig(tuple(cameras))
    held = np.flatnonzero(~free)
    if len(held) >= 2:
        return adjusted
    if len(held) == 1:
        center = rig.centers_w[held[0]]
        scale = _scale(adjusted, rig)
        sized = Similarity(np.eye(3), scale, (1 - scale) * center).of_rig(adjusted)
        return CameraRig(
            tuple(new if is_free else old for old, new, is_free in zip(rig, sized, free))
        )
    turn = _median_rotation(np.stack([old.R_w2c.T @ new.R_w2c for old, new in zip(rig, adjusted)]))
    sized = Similarity(turn, _scale(adjusted, rig)).of_rig(adjusted)
    shift = _median_vector(rig.centers_w - sized.centers_w)
    return sized.moved(shift)


def moved_degrees(old: Camera, new: Camera) -> np.ndarray:
    """(3,) rotation vector in degrees from one orientation of a camera to another."""
    return np.degrees(to_vector(new.R_w2c @ old.R_w2c.T))


def _scale(adjusted: CameraRig, rig: CameraRig) -> float:
    first, second = np.triu_indices(len(rig), 1)
    return float(np.median(rig.distances_mm[first, second] / adjusted.distances_mm[first, second]))


def _rotation(R: np.ndarray) -> np.ndarray:
    """The nearest rotation of a matrix that is one but for rounding."""
    left, _, right = np.linalg.svd(R)
    return left @ np.diag([1.0, 1.0, np.linalg.det(left @ right)]) @ right


def _median_rotation(rotations: np.ndarray) -> np.ndarray:
    weight = np.ones(len(rotations))
    for _ in range(STEPS):
        mean = _rotation(np.einsum('n,nij->ij', weight, rotations))
        weight = _inverse(np.linalg.norm(rotations - mean, axis=(1, 2)))
    return mean


def _median_vector(vectors: np.ndarray) -> np.ndarray:
    weight = np.ones(len(vectors))
    for _ in range(STEPS):
        mean = np.average(vectors, axis=0, weights=weight)
        weight = _inverse(np.linalg.norm(vectors - mean, axis=1))
    return mean


def _inverse(deviation: np.ndarray) -> np.ndarray:
    return 1 / np.maximum(deviation, max(FLOOR * float(np.median(deviation)), 1e-12))
