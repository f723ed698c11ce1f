"""Which poses a bank has: what it covers of other poses, how varied it is, what is there twice.

Poses are compared without place, heading and size, and with their mirror images, because the
generator places, turns, scales and mirrors every pose anyway.
"""

from __future__ import annotations

import dataclasses
from typing import Iterator

import numpy as np

from mmpose_ours.synthetic.poses.anthropometry import COCO17, joint_of, stature_of
from mmpose_ours.synthetic.poses.body_model import STATURE_MM
from mmpose_ours.synthetic.poses.pose_bank import PoseBank

# A pose is covered by one that is this near on average over the joints.
COVERED_MM = 100.0
# Two poses are compared over the joints that both know, if these are enough.
MIN_COMMON = 8
# Rows compared at a time, so that they stay in the processor's cache.
BLOCK = 64


@dataclasses.dataclass(frozen=True)
class Coverage:
    """How well a bank covers other poses.

    Args:
        share: Of the other poses, those with a neighbour in the bank within
            :data:`COVERED_MM`.
        median_mm: Median distance to the nearest pose.
        p90_mm: Nine of ten are nearer than this.
    """

    share: float
    median_mm: float
    p90_mm: float


def measure_coverage(bank: PoseBank, of: PoseBank) -> Coverage:
    """How much of the poses ``of`` a bank has."""
    nearest = np.sort(nearest_mm(of, bank))
    median, p90 = (float(nearest[int(share * (len(nearest) - 1))]) for share in (0.5, 0.9))
    return Coverage(float((nearest <= COVERED_MM).mean()), median, p90)


def standardised(bank: PoseBank) -> PoseBank:
    """Poses about their hips, facing +x, of people 1.7 m tall.

    They face where the left of hips and shoulders says. Who lacks both shoulders is turned by the
    hips alone.
    """
    xyz = bank.known_poses
    xyz = xyz - joint_of(xyz, 'mid_hip')[:, None]
    stature = stature_of(xyz)[:, None, None]
    xyz = xyz * np.where(stature > 0, STATURE_MM / stature, 1.0)
    shoulders = joint_of(xyz, 'left_shoulder') - joint_of(xyz, 'right_shoulder')
    left = joint_of(xyz, 'left_hip') - joint_of(xyz, 'right_hip') + np.nan_to_num(shoulders)
    length = np.hypot(left[:, 0], left[:, 1])[:, None]
    x, y = (left[:, :2] / np.where(length > 0, length, 1)).T[..., None]
    turned = np.stack(
        [y * xyz[..., 0] - x * xyz[..., 1], x * xyz[..., 0] + y * xyz[..., 1], xyz[..., 2]], axis=-1
    )
    return PoseBank(np.where(bank.visible[..., None], turned, 0.0), bank.visible)


def nearest_mm(poses: PoseBank, bank: PoseBank) -> np.ndarray:
    """Distance of each pose to the nearest of a bank, or to its mirror image.

    Returns:
        (N,) mean over the joints that both know, in millimetres of people 1.7 m tall; infinite
        where no pose of the bank shares enough joints.
    """
    there = standardised(bank)
    mirrored = PoseBank(
        there.poses[:, COCO17.flip_order] * (1, -1, 1), there.visible[:, COCO17.flip_order]
    )
    here = standardised(poses)
    rows = [
        np.minimum(to_pose.min(1), to_mirror.min(1))
        for to_pose, to_mirror in zip(_distances(here, there), _distances(here, mirrored))
    ]
    return np.concatenate(rows).astype(np.float64)


def spread_mm(bank: PoseBank, sample: int = 1000) -> float:
    """Mean distance between two poses of a bank (of evenly spread ones, where it is large)."""
    few = standardised(bank.take(np.linspace(0, len(bank) - 1, min(len(bank), sample)).astype(int)))
    rows = np.concatenate(list(_distances(few, few)))
    pairs = rows[~np.eye(len(rows), dtype=bool) & np.isfinite(rows)]
    return float(pairs.mean()) if len(pairs) else 0.0


def _distances(poses: PoseBank, bank: PoseBank) -> Iterator[np.ndarray]:
    """(B, M) mean joint distances of blocks of poses to all of a bank.

    Squared distances are matrix products: |a|^2 - 2ab + |b|^2.
    """
    b = bank.poses.transpose(1, 2, 0).astype(np.float32)
    b = np.concatenate([b, (b * b).sum(1, keepdims=True), np.ones_like(b[:, :1])], axis=1)
    b_known = np.ascontiguousarray(bank.visible.T).astype(np.float32)
    for start in range(0, len(poses), BLOCK):
        a = poses.poses[start : start + BLOCK].transpose(1, 0, 2).astype(np.float32)
        a_known = poses.visible[start : start + BLOCK].T.astype(np.float32)
        a = np.concatenate(
            [-2 * a, np.ones_like(a[..., :1]), (a * a).sum(2, keepdims=True)], axis=2
        )
        total = np.zeros((a.shape[1], len(bank)), dtype=np.float32)
        for joint in range(len(COCO17)):
            squared = a[joint] @ b[joint]
            np.maximum(squared, 0, out=squared)
            np.sqrt(squared, out=squared)
            if not (a_known[joint].all() and b_known[joint].all()):
                squared *= a_known[joint][:, None]
                squared *= b_known[joint]
            total += squared
        common = a_known.T @ b_known
        with np.errstate(divide='ignore', invalid='ignore'):
            yield np.where(common >= MIN_COMMON, total / common, np.inf)


def thin(bank: PoseBank, apart_mm: float) -> np.ndarray:
    """Choose poses so that no two of them are nearly the same.

    Args:
        bank: N poses; the first of several that are alike stays.
        apart_mm: Root mean square distance over the joints, without place and heading but with
            size and side, below which poses are alike. 0 keeps all but exact copies.

    Returns:
        Indices of those that stay, ascending.
    """
    from scipy.spatial import cKDTree  # takes a moment to import

    same_size = standardised(bank).poses
    size = stature_of(bank.known_poses)[:, None, None] / STATURE_MM
    # Joints that are unknown stand at the hips: who knows less is not alike.
    flat = (same_size * np.where(size > 0, size, 1.0)).reshape(-1, 3 * len(COCO17))
    tree = cKDTree(flat)
    left = np.ones(len(bank), dtype=bool)
    chosen = []
    for index in range(len(bank)):
        if left[index]:
            chosen.append(index)
            left[tree.query_ball_point(flat[index], apart_mm * len(COCO17) ** 0.5 + 1e-6)] = False
    return np.array(chosen, dtype=int)
