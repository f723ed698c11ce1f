"""2D tracks of people in one view: frame-to-frame association of detections.

Tracks are short on purpose: one that ends early costs little, one that changes from one person to
another spoils a hypothesis.
"""

from __future__ import annotations

import numpy as np

from mmpose_ours.association.epipolar import MIN_COMMON_JOINTS, SeenPeople

# Largest mean distance of the joints of a person from one frame to the next, as a share of the
# person's size in the image; and the second best must be so many times as far.
MAX_STEP, CLEAR = 0.25, 1.5


def track_view(people: SeenPeople) -> np.ndarray:
    """Link the detections of consecutive frames.

    A detection continues a track if both are each other's nearest, and clearly so.

    Args:
        people: Detections of F frames, P per frame (padded).

    Returns:
        (F, P) number of the track of each detection, from 0; -1 where there is no detection.
    """
    tracks = np.full(people.size.shape, -1)
    count = 0
    for frame in range(len(people)):
        exists = np.isfinite(people.size[frame])
        if frame:
            far = _distances(people, frame)
            for old, new in np.argwhere(_clear_matches(far)):
                tracks[frame, new] = tracks[frame - 1, old]
        fresh = np.flatnonzero(exists & (tracks[frame] < 0))
        tracks[frame, fresh] = count + np.arange(len(fresh))
        count += len(fresh)
    return tracks


def _distances(people: SeenPeople, frame: int) -> np.ndarray:
    """(P, P) from the detections of the frame before to those of a frame, shares of a size."""
    old, new = people.at(np.array([frame - 1])), people.at(np.array([frame]))
    common = old.found[0][:, None] & new.found[0][None]
    step = np.linalg.norm(old.rays[0][:, None] - new.rays[0][None], axis=-1)
    total = np.where(common, step, 0.0).sum(-1)
    number = common.sum(-1)
    with np.errstate(invalid='ignore', divide='ignore'):
        far = total / number / np.fmax(old.size[0][:, None], new.size[0][None])
    return np.where((number >= MIN_COMMON_JOINTS) & np.isfinite(far), far, np.inf)


def _clear_matches(far: np.ndarray) -> np.ndarray:
    """(P, P) bool: pairs that are each other's nearest by a margin."""
    ok = far < MAX_STEP
    for axis in (0, 1):
        ordered = np.sort(far, axis=axis)
        best = np.take(ordered, [0], axis=axis)
        ok &= far == best
        if far.shape[axis] > 1:
            second = np.take(ordered, [1], axis=axis)
            ok &= (second >= CLEAR * far) & np.isfinite(far)
    return ok
