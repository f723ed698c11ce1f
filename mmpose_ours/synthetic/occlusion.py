"""What hides a joint from a camera: nearer people, and the person's own head."""

from __future__ import annotations

import numpy as np

from mmpose_ours.cameras import CameraRig
from mmpose_ours.keypoints import JOINT_SETS
from mmpose_ours.synthetic.crowd import Crowd

FACE = JOINT_SETS['coco17'].index('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear')
# A person is in front of another if nearer to the camera by this much.
NEARER_MM = 200.0
# How far a joint of a body covers, in sizes of that body in the image.
COVER_REACH = 0.06
# Keeps the arrays of joint by joint within a cache.
PAIRS_AT_ONCE = 128


def covered(
    crowd: Crowd, rig: CameraRig, uv: np.ndarray, found: np.ndarray, size_px: np.ndarray
) -> np.ndarray:
    """Tell which joints lie, in the image, close to a joint of a nearer person.

    Args:
        crowd: N people.
        rig: V cameras.
        uv: (N, V, 17, 2) pixels; NaN where a joint has no image.
        found: (N, V, 17) bool, the joints to tell of.
        size_px: (N, V) sizes of people in the image.

    Returns:
        (N, V, 17) bool.
    """
    middle = crowd.poses.mean(1)
    depth = np.stack([camera.to_camera(middle)[:, 2] for camera in rig], axis=1)
    # A joint without a place, or behind the camera, covers nothing.
    covers = crowd.visible[:, None] & np.isfinite(uv[..., 0])
    low, high = joint_box(uv, found)
    cover_low, cover_high = joint_box(uv, covers)
    reach = COVER_REACH * size_px

    pair = crowd.pairs()
    behind, before = np.concatenate([pair, pair[::-1]], axis=1)
    nearer = depth[before] < depth[behind] - NEARER_MM
    # Joints are compared only where the boxes around two people touch.
    near_low, near_high = cover_low - reach[..., None], cover_high + reach[..., None]
    touch = (near_low[before] <= high[behind]) & (low[behind] <= near_high[before])
    row, view = np.nonzero(nearer & touch.all(-1))
    behind, before = behind[row], before[row]

    hidden = np.zeros(found.shape, dtype=bool)
    for part in range(0, len(view), PAIRS_AT_ONCE):
        few = slice(part, part + PAIRS_AT_ONCE)
        one, other, at = behind[few], before[few], view[few]
        # (2, 1, M, 17) joints that may be hidden, and (2, 17, M, 1) those that may hide them.
        target = np.moveaxis(uv[one, at], -1, 0)[:, None]
        cover = np.where(covers[other, at, :, None], uv[other, at], np.inf)
        gap_u, gap_v = target - np.ascontiguousarray(cover.T)[..., None]
        with np.errstate(invalid='ignore'):
            near = gap_u * gap_u + gap_v * gap_v < (reach[other, at] ** 2)[:, None]
        np.logical_or.at(hidden, (one, at), near.any(0))
    return hidden & found


def joint_box(uv: np.ndarray, of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest (..., 2) pixel of the joints (..., 17) asked for, inf if none."""
    axes = uv[..., 0], uv[..., 1]
    low = [np.where(of, pixel, np.inf).min(-1) for pixel in axes]
    high = [np.where(of, pixel, -np.inf).max(-1) for pixel in axes]
    return np.stack(low, -1), np.stack(high, -1)


def far_side_of_head(crowd: Crowd, rig: CameraRig) -> np.ndarray:
    """Tell which of nose, eyes and ears (see :data:`FACE`) the head itself hides.

    Args:
        crowd: N people.
        rig: V cameras.

    Returns:
        (N, V, 5) bool; False where the place of the nose or of an ear is unknown.
    """
    # NaN makes every comparison below false.
    face = np.where(crowd.visible[:, FACE, None], crowd.poses[:, FACE], np.nan)
    nose, _, _, left_ear, right_ear = np.moveaxis(face, 1, 0)
    centre = (left_ear + right_ear) / 2
    to_camera = rig.centers_w - centre[:, None]
    to_camera /= np.linalg.norm(to_camera, axis=-1, keepdims=True)

    def cosine(axis: np.ndarray) -> np.ndarray:
        length = np.linalg.norm(axis, axis=-1, keepdims=True)
        return (axis[:, None] * to_camera).sum(-1) / np.maximum(length, 1e-6)

    front, left = cosine(nose - centre), cosine(left_ear - right_ear)
    with np.errstate(invalid='ignore'):
        hidden = [
            front < -0.1,
            front + 0.5 * left < 0,
            front - 0.5 * left < 0,
            left < -0.4,
            left > 0.4,
        ]
    return np.stack(hidden, -1)
