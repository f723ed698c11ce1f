"""Whether the pose of one camera of a rig is wrong: by trying other poses.

A large epipolar error of a camera can come from a detector that is less accurate in its view. Its
pose is called wrong only if other poses show that: the error is as large as with a random
orientation while the other cameras agree, or another pose makes it much smaller, in frames that
were not used to find that pose.
"""

from __future__ import annotations

import dataclasses
from typing import Sequence

import numpy as np

from mmpose_ours.calibration.checks.view_agreement import Pair, Sightings, overall
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.rotations import from_vector

# Random orientations: their angle from the given one, and how many are tried.
RANDOM_DEGREES, RANDOM_TRIALS = 20.0, 4
# Errors of at least this share of those with random orientations: the pose tells nothing.
LIKE_RANDOM = 0.8
# A pose is wrong if another one reduces the error of its pairs to this ratio, in other frames.
REPOSED = 0.4
# Evaluations of the search for another pose, and the size of its first steps.
MAX_EVALUATIONS = 160
STEP_DEGREES, STEP_OF_BASELINE = 2.0, 0.03
# Frames that are used to find another pose, and as many to evaluate it.
FRAMES = 12


def turned(camera: Camera, rotation: np.ndarray, shift: np.ndarray | None = None) -> Camera:
    """A camera turned about its centre, and moved.

    Args:
        camera: The camera.
        rotation: (3,) rotation vector in radians, in the camera's axes.
        shift: (3,) displacement of its centre in the world.
    """
    R = from_vector(rotation) @ camera.R_w2c
    center = camera.center_w if shift is None else camera.center_w + shift
    return dataclasses.replace(camera, R_w2c=R, t_w2c=-R @ center)


def random_error(
    rig: CameraRig, sightings: Sightings, pairs: Sequence[Pair], names: Sequence[str]
) -> float:
    """Epipolar error if some cameras had random orientations, see :func:`overall`.

    Args:
        rig: V cameras.
        sightings: Their detections.
        pairs: Pairs of cameras that are evaluated.
        names: The cameras that are turned, each by :data:`RANDOM_DEGREES`.
    """
    rng = np.random.default_rng(0)
    errors = []
    for _ in range(RANDOM_TRIALS):
        axes = rng.normal(size=(len(rig), 3))
        axes *= np.radians(RANDOM_DEGREES) / np.linalg.norm(axes, axis=1, keepdims=True)
        cameras = (turned(c, axis) if c.name in names else c for c, axis in zip(rig, axes))
        errors.append(overall(sightings.errors(CameraRig(tuple(cameras)), pairs)))
    return float(np.mean(errors))


def reposed_ratio(rig: CameraRig, sightings: Sightings, name: str, pairs: Sequence[Pair]) -> float:
    """By how much another pose of a camera reduces the epipolar error of its pairs.

    Args:
        rig: V cameras.
        sightings: Their detections.
        name: The camera whose pose is changed.
        pairs: Pairs with this camera.

    Returns:
        Error with the best other pose divided by the given error, in frames that were not used to
        find it; 1 if it cannot be evaluated.
    """
    from scipy.optimize import minimize

    near = [camera for camera in rig if any(camera.name in pair for pair in pairs)]
    fitted, held_out = sightings.split(FRAMES)
    baselines = [
        np.linalg.norm(camera.center_w - rig[name].center_w)
        for camera in near
        if camera.name != name
    ]
    step = STEP_OF_BASELINE * float(np.median(baselines))

    def error(x: np.ndarray, seen: Sightings) -> float:
        moved = turned(rig[name], x[:3] * np.radians(STEP_DEGREES), x[3:] * step)
        other = CameraRig(tuple(moved if c.name == name else c for c in near))
        return overall(seen.errors(other, pairs))

    start = np.zeros(6)
    given = error(start, held_out)
    if not np.isfinite(given + error(start, fitted)) or given <= 0:
        return 1.0
    simplex = np.concatenate([start[None], np.eye(6)])
    best = minimize(
        error,
        start,
        args=(fitted,),
        method='Nelder-Mead',
        options={'maxfev': MAX_EVALUATIONS, 'initial_simplex': simplex},
    ).x
    return error(best, held_out) / given
