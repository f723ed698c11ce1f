"""Matching of predicted 3D poses with the 2D detections of each view.

A predicted pose is projected into every view and matched with a detection by Hungarian assignment;
matching is one-to-one per view. It does not depend on how the predictions were made, so it also
applies to a camera that they were made without.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.association.epipolar import MIN_COMMON_JOINTS, MIN_SCORE, associate
from mmpose_ours.geometry.rig import CameraRig

# Gate of the matching: mean joint distance divided by the diagonal of the detection's box. For a
# person who stands upright this is about a third of a metre.
SUPPORT_SHARE = 0.2
# A person is visible to a camera if at least this share of the known joints is in its image.
DUE_SHARE = 0.5


@dataclasses.dataclass(frozen=True, eq=False)
class Support:
    """Matches of P predicted people in V views.

    Args:
        match: (V, P) index of the matched detection of the view, -1 for none.
        due: (V, P) whether the person is visible to the camera.
        error_px: (V, P, J) reprojection errors, NaN without a match or where a joint is missing.
        box_px: (V, P) diagonal of the bounding box of the matched detection, NaN without match.
    """

    match: np.ndarray
    due: np.ndarray
    error_px: np.ndarray
    box_px: np.ndarray

    @property
    def supported(self) -> np.ndarray:
        """(P,) bool: matched with a detection in at least one view."""
        return np.asarray((self.match >= 0).any(0))

    @property
    def false_positives(self) -> np.ndarray:
        """(P,) bool: visible to a camera, and matched in no view."""
        return self.due.any(0) & ~self.supported

    @property
    def out_of_view(self) -> np.ndarray:
        """(P,) bool: visible to no camera, and matched in no view."""
        return ~self.due.any(0) & ~self.supported


def find_support(rig: CameraRig, poses: np.ndarray, keypoints: np.ndarray) -> Support:
    """Match predicted people with the detections of each view.

    Args:
        rig: V cameras, with image sizes.
        poses: (P, J, 3) mm, NaN where a joint is missing.
        keypoints: (V, D, J, 3) ``u, v, score`` of the same joints; people without a joint are
            padding.

    Returns:
        Matches with at least four common joints and a mean distance below :data:`SUPPORT_SHARE` of
        the detection's box, by Hungarian assignment per view.

    Raises:
        InputError: A camera has no image size.
    """
    # scipy.optimize takes a quarter of a second to import.
    from scipy.optimize import linear_sum_assignment

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
        # A pair outside the gate costs more than all pairs inside it, so that most are matched.
        cost = np.where(fits[view], share[view], SUPPORT_SHARE * (1 + min(share[view].shape)))
        for person, detection in zip(*linear_sum_assignment(cost)):
            if fits[view, person, detection]:
                match[view, person] = detection
                known = shared[view, person, detection]
                error[view, person, known] = distance[view, person, detection, known]
                box_px[view, person] = box[view, detection]
    inside = np.stack([camera.in_image(pixels) for camera, pixels in zip(rig, uv)]) & valid
    seen, known = inside.sum(-1), np.isfinite(poses).all(-1).sum(-1)
    due = (seen >= MIN_COMMON_JOINTS) & (seen >= DUE_SHARE * known)
    return Support(match, due, error, box_px)


def joint_errors(
    rig: CameraRig, poses: np.ndarray, keypoints: np.ndarray, match: np.ndarray
) -> np.ndarray:
    """Reprojection errors of people to the detections that they are matched with.

    Args:
        rig: V cameras.
        poses: (P, J, 3) mm, NaN where a joint is missing.
        keypoints: (V, D, J, 3) ``u, v, score`` of the same joints.
        match: (V, P) of :class:`Support`.

    Returns:
        (V, P, J) px; NaN without a match, or where either lacks the joint.
    """
    uv, valid = rig.project(poses)
    error = np.full(valid.shape, np.nan)
    for view, person in zip(*np.nonzero(match >= 0)):
        detected = keypoints[view, match[view, person]]
        known = valid[view, person] & (detected[:, 2] > MIN_SCORE)
        apart = np.linalg.norm(uv[view, person] - detected[:, :2], axis=-1)
        error[view, person] = np.where(known, apart, np.nan)
    return error


def missed_people(rig: CameraRig, keypoints: np.ndarray, match: np.ndarray) -> tuple[int, int]:
    """Count the people whom two cameras detect, and those of them without a 3D pose.

    Args:
        rig: V cameras.
        keypoints: (V, D, J, 3) ``u, v, score``.
        match: (V, P) of :class:`Support`.

    Returns:
        Number of groups of detections that cross-view association assigns to one person (see
        :func:`mmpose_ours.association.epipolar.associate`), and number of these groups without a
        detection that is matched with a prediction.
    """
    groups = associate(rig, keypoints)
    used = [set(row[row >= 0].tolist()) for row in match]
    missed = [
        not any(index in used[view] for view, index in enumerate(group) if index >= 0)
        for group in groups.tolist()
    ]
    return len(groups), sum(missed)


def _box_px(uv: np.ndarray, found: np.ndarray) -> np.ndarray:
    """(V, D) diagonal of the box around found joints; 0 for padding, which no pose matches."""
    low = np.where(found[..., None], uv, np.inf).min(-2, initial=np.inf)
    high = np.where(found[..., None], uv, -np.inf).max(-2, initial=-np.inf)
    return np.linalg.norm(np.where(found.any(-1, keepdims=True), high - low, 0.0), axis=-1)
