"""Projection of joints, and what occludes them: other people, the own head, the image border.

Joints come first in the arrays: (J, V, N) are J joints, V views, N people; the sizes of people
are the longer sides of their bounding boxes in the image.
"""

from __future__ import annotations

import numpy as np

from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.synthetic.crowd import Crowd
from mmpose_ours.synthetic.joint_noise import FACE

# A person is in front of another one if the mean depth of the joints is smaller by this much.
NEARER_MM = 200.0
# Radius in the image that a joint of the person in front occludes, in sizes of that person.
OCCLUSION_RADIUS = 0.06
# Width of the image border in which detectors miss joints, in sizes of the person.
BORDER_WIDTH = 0.06
# Pairs of people processed at a time, so that the (J, J, M) arrays stay in the cache.
PAIRS_AT_ONCE = 128


def project_joints(crowd: Crowd, rig: CameraRig) -> tuple[np.ndarray, np.ndarray]:
    """Project joints: (2, J, V, N) pixels, and (J, V, N) bool, known and inside the image."""
    uv = np.empty((2, len(crowd.skeleton), len(rig), len(crowd)))
    found = np.empty(uv.shape[1:], dtype=bool)
    poses = np.moveaxis(crowd.joints_first, 0, -1)
    for view, camera in enumerate(rig):
        pixels, _ = camera.project(poses)
        uv[:, :, view] = np.moveaxis(pixels, -1, 0)
        found[:, view] = camera.in_image(pixels) & crowd.visible.T
    return uv, found


def occluded_by_people(
    crowd: Crowd,
    rig: CameraRig,
    uv: np.ndarray,
    found: np.ndarray,
    box: tuple[np.ndarray, np.ndarray],
    radius: float = OCCLUSION_RADIUS,
) -> np.ndarray:
    """Find the joints that are near a joint of a person in front in the image.

    Args:
        crowd: N people.
        rig: V cameras.
        uv: (2, J, V, N) pixels; NaN for a joint that cannot be projected.
        found: (J, V, N) bool, the joints to test.
        box: :func:`joint_box` of these.
        radius: Distance in the image below which a joint is occluded, in sizes of the person in
            front.

    Returns:
        (J, V, N) bool.
    """
    middle = crowd.joints_first.mean(1)
    # A sum, not a matrix product, whose rounding can depend on the other people in the array.
    depth = np.stack([(c.R_w2c[2][:, None] * middle).sum(0) + c.t_w2c[2] for c in rig])
    # A joint that is unknown or behind the camera occludes nothing.
    occluding = crowd.visible.T[:, None] & np.isfinite(uv[0])
    (low, high), (front_low, front_high) = box, joint_box(uv, occluding)
    radius_px = radius * longer_side(box)

    pair = crowd.pairs()
    behind, front = np.concatenate([pair, pair[::-1]], axis=1)
    nearer = depth[:, front] < depth[:, behind] - NEARER_MM
    # Joints are compared only if the bounding boxes of the two people overlap.
    near_low, near_high = front_low - radius_px, front_high + radius_px
    overlap = (near_low[..., front] <= high[..., behind]) & (
        low[..., behind] <= near_high[..., front]
    )
    view, row = np.nonzero(nearer & overlap.all(0))
    behind, front = behind[row], front[row]

    occluded = np.zeros(found.shape, dtype=bool)
    for start in range(0, len(view), PAIRS_AT_ONCE):
        part = slice(start, start + PAIRS_AT_ONCE)
        one, other, at = behind[part], front[part], view[part]
        front_uv = np.where(occluding[:, at, other], uv[:, :, at, other], np.inf)
        # For M pairs, each joint of the person behind with each joint in front: (J, J, M).
        gap_u, gap_v = uv[:, :, None, at, one] - front_uv[:, None]
        with np.errstate(invalid='ignore'):
            near = gap_u * gap_u + gap_v * gap_v < radius_px[at, other] ** 2
        joint, which = np.nonzero(near.any(1))
        occluded[joint, at[which], one[which]] = True
    return occluded & found


def joint_box(uv: np.ndarray, selected: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bounding box of the selected joints: minimum and maximum pixel (2, ...), inf if none.

    Args:
        uv: (2, J, ...) pixels.
        selected: (J, ...) bool.
    """
    return np.where(selected, uv, np.inf).min(1), np.where(selected, uv, -np.inf).max(1)


def longer_side(box: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Longer side (...) of bounding boxes (2, ...) in pixels; 0 for a box without joints."""
    low, high = box
    return np.maximum(high - low, 0.0).max(0)


def far_side_of_head(crowd: Crowd, rig: CameraRig, margin: float = 0.0) -> np.ndarray:
    """Find the joints of :data:`~.joint_noise.FACE` that the person's own head occludes.

    Args:
        crowd: N people.
        rig: V cameras.
        margin: A joint counts if the cosine of its direction to the camera is below its threshold
            by more than this. With a positive margin, the result are joints that are certainly
            occluded; with a negative one, all others are certainly visible.

    Returns:
        (5, V, N) bool; False if the position of the nose or of an ear is unknown.

    Raises:
        InputError: The skeleton lacks one of these joints.
    """
    joints = crowd.skeleton.index(*FACE)
    # NaN makes every comparison below false.
    face = np.where(crowd.visible.T[joints], crowd.joints_first[:, joints], np.nan)
    nose, _, _, left_ear, right_ear = face.swapaxes(0, 1)
    centre = (left_ear + right_ear) / 2
    to_camera = rig.centers_w.T[..., None] - centre[:, None]
    distance = _length(to_camera)

    def cosine(axis: np.ndarray) -> np.ndarray:
        along = (axis[:, None] * to_camera).sum(0)
        return along / (np.maximum(_length(axis), 1e-6) * distance)

    front, left = cosine(nose - centre), cosine(left_ear - right_ear)
    with np.errstate(invalid='ignore'):
        occluded = [
            front < -0.1 - margin,
            front + 0.5 * left < -margin,
            front - 0.5 * left < -margin,
            left < -0.4 - margin,
            left > 0.4 + margin,
        ]
    return np.stack(occluded)


def at_border(
    rig: CameraRig,
    uv: np.ndarray,
    box: tuple[np.ndarray, np.ndarray],
    width: float = BORDER_WIDTH,
) -> np.ndarray:
    """Find the joints close to the image border.

    Args:
        rig: V cameras, whose image sizes are known.
        uv: (2, J, V, N) pixels; NaN for a joint that cannot be projected.
        box: :func:`joint_box` of the joints inside the image.
        width: Distance from the border in sizes of the person.

    Returns:
        (J, V, N) bool.
    """
    width_px = width * longer_side(box)
    size = np.array([camera.need_size() for camera in rig], float).T[:, None, :, None]
    with np.errstate(invalid='ignore'):
        return np.minimum(uv, size - 1 - uv).min(0) < width_px


def _length(xyz: np.ndarray) -> np.ndarray:
    return np.sqrt((xyz * xyz).sum(0))
