"""How far a predicted pose is from an annotated one, when either may lack joints."""

from __future__ import annotations

import numpy as np

# Within this mean joint distance a person counts as found (VoxelPose's recall).
FOUND_MM = 500.0


def pose_distances(
    predictions: np.ndarray, truth: np.ndarray, visible: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Distances between every annotated and every predicted pose of one frame.

    A complete prediction is as far away as its mean joint error, as published. A joint
    that a prediction lacks (NaN) counts as far off: :data:`FOUND_MM`, or the mean error
    of its other joints where that is more. Leaving joints out brings nobody nearer.

    Args:
        predictions: (P, J, 3) mm; NaN where a joint is missing.
        truth: (G, J, 3) mm.
        visible: (G, J) bool: the joints that are annotated.

    Returns:
        ``distance`` (G, P) mm, infinite where the two have no joint in common, and
        ``error`` (G, P) mm, the mean over the joints that both have, NaN for none.
    """
    visible = visible & np.isfinite(truth).all(-1)
    per_joint = np.linalg.norm(truth[:, None] - predictions[None], axis=-1)
    shared = visible[:, None] & np.isfinite(per_joint)
    count = shared.sum(-1)
    absent = visible.sum(-1)[:, None] - count
    total = np.where(shared, per_joint, 0.0).sum(-1)
    with np.errstate(invalid='ignore', divide='ignore'):
        error = total / count
        distance = (total + absent * np.maximum(error, FOUND_MM)) / (count + absent)
    return np.where(count > 0, distance, np.inf), error
