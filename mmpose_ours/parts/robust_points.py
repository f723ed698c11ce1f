"""Single joints from the rays of several views, a part of which are wrong.

A joint's hypotheses are the points where two of its rays come closest; the one on which most rays
agree is refined by IRLS with Geman-McClure weights. How often a view agrees on the joints of a part
says how far it is trusted on each of them: a detector that takes one hand for another is wrong in
all of its joints.

Letters of dimensions: N items (a person's part), J joints of the part, V views, K pairs of views.
"""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np

from mmpose_ours.geometry.rig import CameraRig

# Detected joints whose score is not above this are missing.
MIN_SCORE = 0.1
# Scale of the Geman-McClure weight 1 / (1 + d^2 / c^2)^2, in standard deviations of a ray, and the
# distance up to which a ray counts as agreeing.
SCALE_STDS, INLIER_STDS = 3.0, 3.0
# Views with the most joints of a part, whose pairs make its hypotheses.
MAX_VIEWS = 8
IRLS_STEPS = 3
# A view that agrees on a smaller share of the joints that it shows of a part takes no part in it.
LEAST_TRUST = 0.34
LEAST_JOINTS = 3
# What is usually so counts as so many residuals of a part.
USUAL_FREEDOM = 10.0
# Sine of the angle between rays below which they do not tell where they meet.
MIN_SINE = 0.05


@dataclasses.dataclass(frozen=True)
class PartRays:
    """The rays of N parts.

    Args:
        origins: (V, 3) camera centres, mm.
        directions: (N, V, J, 3) unit vectors.
        weights: (N, V, J) 0 where a view does not show the joint.
    """

    origins: np.ndarray
    directions: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, rig: CameraRig, seen: np.ndarray) -> PartRays:
        """From detections (N, V, J, 3), ``u, v, score`` in pixels; weights are the scores."""
        directions = np.zeros(seen.shape)
        weights = np.where(seen[..., 2] > MIN_SCORE, seen[..., 2], 0.0)
        for view, camera in enumerate(rig):
            known = weights[:, view] > 0
            if not known.any():
                continue
            xy = camera.normalise_points(seen[:, view][known][:, :2])
            reached = np.isfinite(xy).all(-1)
            local = np.ones((len(xy), 3))
            local[:, :2] = np.where(reached[:, None], xy, 0.0)
            local /= np.sqrt((local * local).sum(-1, keepdims=True))
            directions[:, view][known] = local @ camera.R_w2c
            weights[:, view][known] *= reached
        return cls(rig.centers_w, directions, weights)

    def squared_distances(self, xyz_mm: np.ndarray) -> np.ndarray:
        """(N, V, J) squared distances of the rays from points (N, J, 3), mm^2; inf behind."""
        away = xyz_mm[:, None] - self.origins[None, :, None]
        along = (away * self.directions).sum(-1)
        squared = (away * away).sum(-1) - along * along
        return np.where(along > 0, np.maximum(squared, 0.0), np.inf)


@dataclasses.dataclass(frozen=True)
class Points:
    """Joints of N parts.

    Args:
        xyz_mm: (N, J, 3), NaN where fewer than two views agree.
        covariance: (N, J, 3, 3) mm^2.
        std_mm: (N,) standard deviation across the rays of a part, as its residuals say.
    """

    xyz_mm: np.ndarray
    covariance: np.ndarray
    std_mm: np.ndarray


def robust_points(
    rays: PartRays, std_mm: float | np.ndarray, anchors: np.ndarray, reach_mm: np.ndarray
) -> Points:
    """Triangulate the joints of parts.

    Args:
        rays: Of N parts.
        std_mm: Standard deviation of a joint across its ray; one for all parts, or (N,).
        anchors: (N, A, 3) points of the body that each part hangs on; NaN where missing.
        reach_mm: (N, J) Joints farther than this from all anchors are none of the part.
    """
    best = _best_hypotheses(rays, std_mm, anchors, reach_mm)
    inlier = agreeing(rays, best, std_mm)
    seen = (rays.weights > 0) & np.isfinite(best).all(-1)[:, None]
    share = inlier.sum(-1) / np.maximum(seen.sum(-1), 1)  # (N, V)
    share = np.where(share < LEAST_TRUST, 0.0, share)
    # Of two joints or one, nothing tells which view to trust.
    if rays.weights.shape[-1] >= LEAST_JOINTS and (share < 1).any():
        weights = rays.weights * share[..., None]
        rays = dataclasses.replace(rays, weights=weights)
        best = _best_hypotheses(rays, std_mm, anchors, reach_mm)
    return _refined(rays, best, std_mm)


def normal_equations(rays: PartRays, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """``A`` (N, J, 3, 3) and ``b`` (N, J, 3) of ``sum w |(I - d d^T) (x - o)|^2``."""
    d = rays.directions
    total = weights.sum(1)
    outer = np.einsum('nvj,nvji,nvjk->njik', weights, d, d)
    A = total[..., None, None] * np.eye(3) - outer
    along = np.einsum('nvji,vi->nvj', d, rays.origins)
    b = np.einsum('nvj,vi->nji', weights, rays.origins)
    b = b - np.einsum('nvj,nvji->nji', weights * along, d)
    return A, b


def robust_weights(rays: PartRays, xyz_mm: np.ndarray, std_mm: float | np.ndarray) -> np.ndarray:
    """(N, V, J) Geman-McClure weights times those of the rays; 0 for joints that are NaN."""
    squared = rays.squared_distances(np.where(np.isfinite(xyz_mm), xyz_mm, 0.0))
    scale2 = np.reshape(np.square(SCALE_STDS * std_mm), (-1, 1, 1))
    weights = rays.weights / (1 + squared / scale2) ** 2
    return np.where(np.isfinite(xyz_mm).all(-1)[:, None], weights, 0.0)


def agreeing(rays: PartRays, xyz_mm: np.ndarray, std_mm: float | np.ndarray) -> np.ndarray:
    """(N, V, J) which rays pass their joint."""
    known = np.isfinite(xyz_mm).all(-1)[:, None]
    squared = rays.squared_distances(np.where(np.isfinite(xyz_mm), xyz_mm, 0.0))
    return (
        known
        & (rays.weights > 0)
        & (squared < np.reshape(np.square(INLIER_STDS * std_mm), (-1, 1, 1)))
    )


def _best_hypotheses(
    rays: PartRays, std_mm: float | np.ndarray, anchors: np.ndarray, reach_mm: np.ndarray
) -> np.ndarray:
    """(N, J, 3) for each joint the point of two rays with which most others agree, or NaN."""
    count, views, joints = rays.weights.shape
    best = np.full((count, joints, 3), np.nan)
    if views < 2 or not count:
        return best
    chosen = _most_seen(rays.weights)
    pairs = np.array(list(itertools.combinations(range(chosen.shape[1]), 2)))
    first, second = chosen[:, pairs[:, 0]], chosen[:, pairs[:, 1]]  # (N, K)
    item = np.arange(count)[:, None]
    d1, d2 = rays.directions[item, first], rays.directions[item, second]  # (N, K, J, 3)
    both = (rays.weights[item, first] > 0) & (rays.weights[item, second] > 0)
    between = (rays.origins[second] - rays.origins[first])[:, :, None]
    cosine = (d1 * d2).sum(-1)
    sine2 = np.maximum(1 - cosine**2, 1e-12)
    along1, along2 = (between * d1).sum(-1), (between * d2).sum(-1)
    depth1 = (along1 - cosine * along2) / sine2
    depth2 = (cosine * along1 - along2) / sine2
    point1 = rays.origins[first][:, :, None] + depth1[..., None] * d1
    point2 = rays.origins[second][:, :, None] + depth2[..., None] * d2
    points = (point1 + point2) / 2  # (N, K, J, 3)
    usable = both & (sine2 > MIN_SINE**2) & (depth1 > 0) & (depth2 > 0)
    usable &= _in_reach(points, anchors, reach_mm)
    away = points[:, :, None] - rays.origins[None, None, :, None]  # (N, K, V, J, 3)
    along = (away * rays.directions[:, None]).sum(-1)
    squared = np.maximum((away * away).sum(-1) - along * along, 0.0)
    scale2 = np.reshape(np.square(SCALE_STDS * std_mm), (-1, 1, 1, 1))
    agreement = rays.weights[:, None] / (1 + squared / scale2) ** 2
    score = np.where(usable, np.where(along > 0, agreement, 0.0).sum(2), -1.0)  # (N, K, J)
    chosen_pair = score.argmax(1)[:, None, :, None]
    best = np.take_along_axis(points, chosen_pair, axis=1)[:, 0]
    return np.where((score.max(1) > 0)[..., None], best, np.nan)


def _most_seen(weights: np.ndarray) -> np.ndarray:
    """(N, at most MAX_VIEWS) the views with the largest sum of weights."""
    total = weights.sum(-1)
    return np.argsort(-total, axis=1, kind='stable')[:, : min(MAX_VIEWS, total.shape[1])]


def _in_reach(points: np.ndarray, anchors: np.ndarray, reach_mm: np.ndarray) -> np.ndarray:
    """(N, K, J) which points are near enough to an anchor; all of parts without anchors."""
    known = np.isfinite(anchors).all(-1)
    result = np.zeros(points.shape[:-1], bool)
    for index in range(anchors.shape[1]):
        apart = points - np.where(known[:, index, None], anchors[:, index], np.inf)[:, None, None]
        with np.errstate(invalid='ignore'):
            result |= (apart * apart).sum(-1) < reach_mm[:, None] ** 2
    return result | ~known.any(-1)[:, None, None]


def _refined(rays: PartRays, start: np.ndarray, std_mm: float | np.ndarray) -> Points:
    xyz = start
    for _ in range(IRLS_STEPS):
        weights = robust_weights(rays, xyz, std_mm)
        A, b = normal_equations(rays, weights)
        A = A + 1e-9 * np.eye(3)
        xyz = np.where(np.isfinite(start), np.linalg.solve(A, b[..., None])[..., 0], np.nan)
    inlier = agreeing(rays, xyz, std_mm)
    enough = (inlier.sum(1) >= 2) & _apart(rays, inlier)
    xyz = np.where(enough[..., None], xyz, np.nan)
    weights = robust_weights(rays, xyz, std_mm)
    variance = _variance(rays, xyz, inlier & enough[:, None], std_mm)
    A, _ = normal_equations(rays, weights / variance[:, None, None])
    return Points(xyz, np.linalg.inv(A + 1e-9 * np.eye(3)), np.sqrt(variance))


def _variance(
    rays: PartRays, xyz: np.ndarray, inlier: np.ndarray, std_mm: float | np.ndarray
) -> np.ndarray:
    """(N,) variance across a ray, mm^2: what is usual, and what the residuals of the part say."""
    squared = rays.squared_distances(np.where(np.isfinite(xyz), xyz, 0.0))
    total = np.where(inlier, squared, 0.0).sum((1, 2))
    count = inlier.sum(1)
    # Two residuals per ray, three unknowns per joint.
    freedom = np.where(count > 0, 2 * count - 3, 0).sum(-1)
    return (USUAL_FREEDOM * np.square(std_mm) + total) / (USUAL_FREEDOM + freedom)


def _apart(rays: PartRays, inlier: np.ndarray) -> np.ndarray:
    """(N, J) whether two of the agreeing rays come from clearly different directions."""
    d = np.where(inlier[..., None], rays.directions, 0.0)
    mean = d.sum(1) / np.maximum(inlier.sum(1), 1)[..., None]
    # The mean of unit vectors is shorter the farther they are apart: of two at the angle a, it is
    # cos(a / 2).
    return (mean * mean).sum(-1) < 1 - (MIN_SINE / 2) ** 2
