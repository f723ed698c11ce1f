"""Hand-made people for the tests of this folder."""

import numpy as np

from mmpose_ours.structures.skeletons import SKELETONS

# Right leg, left leg, right arm, left arm and head of a person whose arms are stretched out:
# every limb is 400 mm long, the head 300 and the torso 800.
STANDING = np.array(
    [
        [-100, 0, 0], [-100, 0, 400], [-100, 0, 800],
        [100, 0, 800], [100, 0, 400], [100, 0, 0],
        [-1000, 0, 1400], [-600, 0, 1400], [-200, 0, 1400],
        [200, 0, 1400], [600, 0, 1400], [1000, 0, 1400],
        [0, 0, 1600], [0, 0, 1900],
    ],
    dtype=float,
)  # fmt: skip


def standing(x=0.0, y=0.0):
    """(14, 3) mm: a person of ``campus14`` standing at x, y."""
    return STANDING + [x, y, 0]


def moved(pose, joint, by):
    """The pose with one joint of ``campus14`` moved by (3,) mm, or lost with None."""
    pose = pose.copy()
    row = SKELETONS['campus14'].index(joint)[0]
    pose[row] = np.nan if by is None else pose[row] + by
    return pose


def nobody():
    """(14, 3) of NaN: an actor who is not annotated."""
    return np.full((14, 3), np.nan)
