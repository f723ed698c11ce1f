"""Which 2D person of each view is which person in 3D: the ground of figures without truth.

A predicted person is projected into every view and paired with the 2D person whom they cover
best; each 2D person supports one prediction at most. Nothing here knows where the predictions
come from, so it also holds for a camera that they were made without.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.optimize import linear_sum_assignment

from mmpose_ours.association.epipolar import MIN_COMMON_JOINTS, MIN_SCORE, associate
from mmpose_ours.geometry.rig import CameraRig

# Mean joint distance, as a share of the 2D person's box, within which it supports a prediction:
# a third of a metre on somebody who stands upright.
SUPPORT_SHARE = 0.2
# A camera should see a person of whose known joints this share falls into its image.
DUE_SHARE = 0.5


@dataclasses.dataclass(frozen=True, eq=False)
class Support:
    """What V views say of P predicted people.

    Args:
        match: (V, P) which 2D person of the view it is, -1 for none.
        due: (V, P) whether the camera should see the person.
        error_px: (V, P, J) distances between the joints of the two, NaN where there are none.
        box_px: (V, P) diagonal of the box around the 2D person's joints, NaN without match.
    """

    match: np.ndarray
    due: np.ndarray
    error_px: np.ndarray
    box_px: np.ndarray

    @property
    def supported(self) -> np.ndarray:
        """(P,) bool: some view has a 2D person for them."""
        return (self.match >= 0).any(0)

    @property
    def false_positives(self) -> np.ndarray:
        """(P,) bool: some camera should see them, and none has anybody there."""
        return self.due.any(0) & ~self.supported

    @property
    def out_of_view(self) -> np.ndarray:
        """(P,) bool: no camera should see them, and none does."""
        return ~self.due.any(0) & ~self.supported


def find_support(rig: CameraRig, poses: np.ndarray, keypoints: np.ndarray) -> Support:
    """Pair predicted people with those detected in each view.

    Args:
        rig: V cameras, with image sizes.
        poses: (P, J, 3) mm, NaN where a joint is missing.
        keypoints: (V, D, J, 3) ``u, v, score`` of the same joints; people without a joint are
            padding.

    Returns:
        Pairs with four joints in common or more and a mean distance below
        :data:`SUPPORT_SHARE` of the 2D person's box, chosen per view so that the summed
        distance of all pairs is least.

    Raises:
        InputError: A camera has no image size.
    """
    uv, valid = rig.project(poses)
    found = (keypoints[..., 2] > MIN_SCORE) & np.isfinite(keypoints[..., :2]).all(-1)
    box = _box_px(keypoints[..., :2], found)
    distance = np.linalg.norm(uv[:, :, None] - keypoints[:, None, ..., :2], axis=-1)
    shared = valid[:, :, None] & found[:, None]  # (V, P, D, J)
    count = shared.sum(-1)
    with np.errstate(invalid='ignore', divide='ignore'):
        share = np.where(shared, distance, 0.0).sum(-1) / count / box[:, None]
        fits = (count >= MIN_COMMON_JOINTS) & (share < SUPPORT_SHARE)

    match = np.full(valid.shape[:2], -1)
    error = np.full(valid.shape, np.nan)
    box_px = np.full(match.shape, np.nan)
    for view in range(len(rig)):
        # What does not fit costs more than all that fits together, so that most people pair.
        cost = np.where(fits[view], share[view], SUPPORT_SHARE * (1 + min(share[view].shape)))
        for person, other in zip(*linear_sum_assignment(cost)):
            if fits[view, person, other]:
                match[view, person] = other
                known = shared[view, person, other]
                error[view, person, known] = distance[view, person, other, known]
                box_px[view, person] = box[view, other]
    inside = np.stack([camera.in_image(pixels) for camera, pixels in zip(rig, uv)]) & valid
    seen, known = inside.sum(-1), np.isfinite(poses).all(-1).sum(-1)
    due = (seen >= MIN_COMMON_JOINTS) & (seen >= DUE_SHARE * known)
    return Support(match, due, error, box_px)


def missed_people(rig: CameraRig, keypoints: np.ndarray, match: np.ndarray) -> tuple[int, int]:
    """Count people whom two cameras see in 2D, and those of them who are not in 3D.

    Args:
        rig: V cameras.
        keypoints: (V, D, J, 3) ``u, v, score``.
        match: (V, P) of :class:`Support`.

    Returns:
        Groups of detections that are one person by geometry alone (see
        :func:`mmpose_ours.association.epipolar.associate`), and groups no member of which supports
        a prediction.
    """
    groups = associate(rig, keypoints)
    used = [set(row[row >= 0].tolist()) for row in match]
    missed = [
        not any(index in used[view] for view, index in enumerate(group) if index >= 0)
        for group in groups.tolist()
    ]
    return len(groups), sum(missed)


def _box_px(uv: np.ndarray, found: np.ndarray) -> np.ndarray:
    """(V, D) diagonal of the box around found joints; 0 for padding, which then fits nobody."""
    low = np.where(found[..., None], uv, np.inf).min(-2, initial=np.inf)
    high = np.where(found[..., None], uv, -np.inf).max(-2, initial=-np.inf)
    return np.linalg.norm(np.where(found.any(-1)[..., None], high - low, 0.0), axis=-1)
