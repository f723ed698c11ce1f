"""The poses of people from their rays and the body prior.

``rays``, ``frame`` (N,) and ``groups`` (N, V) are those of
:mod:`mmpose_ours.kernels.triangulation`, ``body`` is that of :mod:`mmpose_ours.kernels.body`.
Estimates are a tuple of poses (N, J, 3) mm, standard deviations (N, J, 3), and shift (N, 3) and
rotation (N, 3, 3) of the person frames.
"""

from __future__ import annotations

import numpy as np

from mmpose_ours.kernels.body import energies, map_poses
from mmpose_ours.kernels.constants import (
    DEFAULT_DEPTH_MM,
    HEADINGS,
    MAX_DEPTH_MM,
    MIN_ELEVATION_SINE,
    MIN_LOCATED_JOINTS,
)
from mmpose_ours.kernels.person_frame import person_frames
from mmpose_ours.kernels.triangulation import triangulate_weakly, weights_of


def estimate_poses(rays, frame, groups, floor_mm, body, steps):
    """Estimates of people, without a starting pose.

    Args:
        rays: See above, as the following ones.
        frame: (N,).
        groups: (N, V).
        floor_mm: (N,) height of the floor in the frame of the rays.
        body: The prior.
        steps: Scales of the Geman-McClure weights in mm, of the initial estimate and of the
            refinement; the last one is also that of :func:`~mmpose_ours.kernels.body.energies`.
    """
    joints = triangulate_weakly(rays, frame, groups)
    initial = initial_estimates(rays, frame, groups, floor_mm, joints, body, steps)
    return refine_poses(rays, frame, groups, initial, body, steps[1])


def initial_estimates(rays, frame, groups, floor_mm, joints, body, steps):
    """Rough estimates; arguments as those of :func:`estimate_poses`.

    ``joints`` are approximate ones (N, J, 3) in mm, and which of them are known (N, J).
    """
    points, known = joints
    sides = known[:, body[4]]
    turned = (sides[:, 0] & sides[:, 1]) | (sides[:, 2] & sides[:, 3])
    located = turned & (known.sum(1) >= MIN_LOCATED_JOINTS)
    if located.all():
        shift, rotation = person_frames(points, known, -floor_mm, body[4])
        start = np.where(known[..., None], points, np.nan)
        return _solve(rays, frame, groups, body, shift, rotation, start, steps[0])
    result = (
        np.empty(points.shape), np.empty(points.shape), np.empty((len(points), 3)),
        np.empty((len(points), 3, 3)),
    )  # fmt: skip
    own = np.nonzero(located)[0]
    rest = np.nonzero(~located)[0]
    if len(own):
        args = frame[own], groups[own], floor_mm[own], (points[own], known[own])
        parts = initial_estimates(rays, *args, body, steps)
        for whole, part in zip(result, parts):
            whole[own] = part
    parts = _try_headings(rays, frame[rest], groups[rest], floor_mm[rest], body, steps)
    for whole, part in zip(result, parts):
        whole[rest] = part
    return result


def refine_poses(rays, frame, groups, estimates, body, scales_mm, prior=None):
    """Estimates by IRLS from given ones.

    Args:
        rays: See above, as the following ones.
        frame: (N,).
        groups: (N, V).
        estimates: Where it starts.
        body: The prior.
        scales_mm: Scales of the Geman-McClure weights, one per step.
        prior: mean (N, J, 3) and inverse variance (N, J) of a second, isotropic prior of joints.
    """
    poses, _, shift, _ = estimates
    known = np.ones(poses.shape[:2], bool)
    shift, rotation = person_frames(poses, known, shift[:, 2].copy(), body[4])
    return _solve(rays, frame, groups, body, shift, rotation, poses, scales_mm, prior)


def _solve(rays, frame, groups, body, shift, rotation, start, scales_mm, prior=None, std=True):
    mean, precision = prior or (np.zeros(start.shape), np.zeros(start.shape[:2]))
    poses, std = map_poses(
        *rays, frame, groups, body, shift, rotation, start, scales_mm, mean, precision, std
    )
    return poses, std, shift, rotation


def _try_headings(rays, frame, groups, floor_mm, body, steps):
    """Estimates of people with too few triangulated joints, mostly of one view.

    One IRLS step for each of ``HEADINGS`` headings, of which the one with the lowest energy is
    taken, and another step from there.
    """
    shift = np.column_stack([-_positions_on_floor(rays, frame, groups, floor_mm, body), -floor_mm])
    angle = np.arange(HEADINGS) * (2 * np.pi / HEADINGS)
    turned = np.zeros((HEADINGS, 3, 3))
    turned[:, 0, 0] = turned[:, 1, 1] = np.cos(angle)
    turned[:, 0, 1] = np.sin(angle)
    turned[:, 1, 0] = -turned[:, 0, 1]
    turned[:, 2, 2] = 1.0
    count, joints = len(frame), len(body[0])
    frames, many = np.repeat(frame, HEADINGS), np.repeat(groups, HEADINGS, axis=0)
    shifts, rotations = np.repeat(shift, HEADINGS, axis=0), np.tile(turned, (count, 1, 1))
    unknown = np.full((count * HEADINGS, joints, 3), np.nan)
    # One step that has no Geman-McClure weights, and one that has.
    rough = _solve(rays, frames, many, body, shifts, rotations, unknown, steps[0], std=False)[0]
    energy = energies(*rays, frames, many, body, rough, shifts, rotations, steps[1][-1])
    best = energy.reshape(count, HEADINGS).argmin(1)
    start = rough.reshape(count, HEADINGS, joints, 3)[np.arange(count), best]
    return _solve(rays, frame, groups, body, shift, turned[best], start, steps[0])


def _positions_on_floor(rays, frame, groups, floor_mm, body):
    """(N, 2) positions on the floor, from rays at the heights of the mean pose's joints.

    The ray of each joint is intersected with the horizontal plane at the height of that joint in
    the mean pose; the position is the median of the intersections.
    """
    origins, directions, _ = rays
    view = np.arange(groups.shape[1])
    detected = weights_of(rays, frame, groups) > 0
    own = directions[frame[:, None], view, np.maximum(groups, 0)]
    origin = origins[frame][:, :, None]
    up = np.where(np.abs(own[..., 2]) < MIN_ELEVATION_SINE, np.nan, own[..., 2])
    height = body[0][:, 2] + floor_mm[:, None]
    depth = (height[:, None] - origin[..., 2]) / up
    usable = detected & (depth > 0) & (depth < MAX_DEPTH_MM)
    # The default depth only counts in views where no joint has a usable intersection.
    counts = usable | (detected & ~usable.any(2, keepdims=True))
    depth = np.where(usable, depth, DEFAULT_DEPTH_MM)
    points = np.where(counts[..., None], origin + depth[..., None] * own, np.nan)[..., :2]
    points = np.sort(points.reshape(len(frame), -1, 2), axis=1)
    # Of an even number the lower one of the two middle values; NaN is sorted to the end.
    middle = np.maximum(counts.sum((1, 2)) - 1, 0) // 2
    return np.nan_to_num(points[np.arange(len(frame)), middle])
