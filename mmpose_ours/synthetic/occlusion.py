"""Which joints a camera sees, and what hides them: other people, the own head, the edge."""

from __future__ import annotations

import numpy as np

from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic.crowd import Crowd

FACE = SKELETONS['coco17'].index('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear')
# A person is in front of another if nearer to the camera by this much.
NEARER_MM = 200.0
# How far a joint of a body covers, in sizes of that body in the image.
COVER_REACH = 0.06
# How far from the edge of the image detectors do worse, in sizes of the body.
BORDER_REACH = 0.06
# Keeps the arrays of joint by joint within a cache.
PAIRS_AT_ONCE = 128


def seen_joints(crowd: Crowd, rig: CameraRig) -> tuple[np.ndarray, np.ndarray]:
    """Where each joint is in each image, (2, 17, V, N), and whether it is inside, (17, V, N)."""
    uv = np.empty((2, 17, len(rig), len(crowd)))
    found = np.empty(uv.shape[1:], dtype=bool)
    poses = np.moveaxis(crowd.joints_first, 0, -1)
    for view, camera in enumerate(rig):
        pixels, _ = camera.project(poses)
        uv[:, :, view] = np.moveaxis(pixels, -1, 0)
        found[:, view] = camera.in_image(pixels) & crowd.visible.T
    return uv, found


def covered(
    crowd: Crowd,
    rig: CameraRig,
    uv: np.ndarray,
    found: np.ndarray,
    box: tuple[np.ndarray, np.ndarray],
    cover_reach: float = COVER_REACH,
) -> np.ndarray:
    """Tell which joints lie, in the image, close to a joint of a nearer person.

    Args:
        crowd: N people.
        rig: V cameras.
        uv: (2, 17, V, N) pixels; NaN where a joint has no image.
        found: (17, V, N) bool, the joints to tell of.
        box: :func:`joint_box` of these.
        cover_reach: How far a joint of a body covers, in sizes of that body in the image.

    Returns:
        (17, V, N) bool.
    """
    middle = crowd.joints_first.mean(1)
    # A sum, not a product of matrices, whose rounding may depend on a person's neighbours.
    depth = np.stack([(c.R_w2c[2][:, None] * middle).sum(0) + c.t_w2c[2] for c in rig])
    # A joint without a place, or behind the camera, covers nothing.
    covers = crowd.visible.T[:, None] & np.isfinite(uv[0])
    (low, high), (cover_low, cover_high) = box, joint_box(uv, covers)
    reach = cover_reach * longer_side(box)

    pair = crowd.pairs()
    behind, before = np.concatenate([pair, pair[::-1]], axis=1)
    nearer = depth[:, before] < depth[:, behind] - NEARER_MM
    # Joints are compared only where the boxes around two people touch.
    near_low, near_high = cover_low - reach, cover_high + reach
    touch = (near_low[..., before] <= high[..., behind]) & (
        low[..., behind] <= near_high[..., before]
    )
    view, row = np.nonzero(nearer & touch.all(0))
    behind, before = behind[row], before[row]

    hidden = np.zeros(found.shape, dtype=bool)
    for part in range(0, len(view), PAIRS_AT_ONCE):
        few = slice(part, part + PAIRS_AT_ONCE)
        one, other, at = behind[few], before[few], view[few]
        cover = np.where(covers[:, at, other], uv[:, :, at, other], np.inf)
        # Of M pairs each joint that may be hidden and each that may hide it: (17, 17, M).
        gap_u, gap_v = uv[:, :, None, at, one] - cover[:, None]
        with np.errstate(invalid='ignore'):
            near = gap_u * gap_u + gap_v * gap_v < reach[at, other] ** 2
        joint, which = np.nonzero(near.any(1))
        hidden[joint, at[which], one[which]] = True
    return hidden & found


def joint_box(uv: np.ndarray, of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest pixel (2, ...) of the joints asked for, inf if none.

    Args:
        uv: (2, 17, ...) pixels.
        of: (17, ...) bool.
    """
    return np.where(of, uv, np.inf).min(1), np.where(of, uv, -np.inf).max(1)


def longer_side(box: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """The longer side (...) of boxes (2, ...) in pixels; 0 if there is no joint in it."""
    low, high = box
    return np.maximum(high - low, 0.0).max(0)


def far_side_of_head(crowd: Crowd, rig: CameraRig, beyond: float = 0.0) -> np.ndarray:
    """Tell which of nose, eyes and ears (see :data:`FACE`) the head itself hides.

    Args:
        crowd: N people.
        rig: V cameras.
        beyond: Cosine by which a joint must be farther behind to count, for those who want to
            be sure; negative for those who want to be sure of the opposite.

    Returns:
        (5, V, N) bool; False where the place of the nose or of an ear is unknown.
    """
    # NaN makes every comparison below false.
    face = np.where(crowd.visible.T[FACE], crowd.joints_first[:, FACE], np.nan)
    nose, _, _, left_ear, right_ear = face.swapaxes(0, 1)
    centre = (left_ear + right_ear) / 2
    to_camera = rig.centers_w.T[..., None] - centre[:, None]
    distance = _length(to_camera)

    def cosine(axis: np.ndarray) -> np.ndarray:
        along = (axis[:, None] * to_camera).sum(0)
        return along / (np.maximum(_length(axis), 1e-6) * distance)

    front, left = cosine(nose - centre), cosine(left_ear - right_ear)
    with np.errstate(invalid='ignore'):
        hidden = [
            front < -0.1 - beyond,
            front + 0.5 * left < -beyond,
            front - 0.5 * left < -beyond,
            left < -0.4 - beyond,
            left > 0.4 + beyond,
        ]
    return np.stack(hidden)


def at_border(
    rig: CameraRig,
    uv: np.ndarray,
    box: tuple[np.ndarray, np.ndarray],
    border_reach: float = BORDER_REACH,
) -> np.ndarray:
    """Tell which joints lie close to the edge of the image.

    Args:
        rig: V cameras, whose image sizes are known.
        uv: (2, 17, V, N) pixels; NaN where a joint has no image.
        box: :func:`joint_box` of the joints inside the image.
        border_reach: How far from the edge that is, in sizes of the body in the image.

    Returns:
        (17, V, N) bool.
    """
    reach = border_reach * longer_side(box)
    size = np.array([camera.need_size() for camera in rig], float).T[:, None, :, None]
    with np.errstate(invalid='ignore'):
        return np.minimum(uv, size - 1 - uv).min(0) < reach


def _length(xyz: np.ndarray) -> np.ndarray:
    return np.sqrt((xyz * xyz).sum(0))
