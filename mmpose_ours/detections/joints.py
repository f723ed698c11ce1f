"""Which joints the 2D keypoints of a recording have, and which of them are used."""

from __future__ import annotations

import numpy as np

from mmpose_ours.detections.arrays import KeypointFrames
from mmpose_ours.detections.summary import listed
from mmpose_ours.errors import PathLike
from mmpose_ours.structures.joint_maps import has_human_body, joint_map
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17


def compared_joints(skeleton: Skeleton | None) -> Skeleton:
    """COCO-17 for a skeleton of people (or none), otherwise the skeleton itself."""
    return COCO17 if skeleton is None or has_human_body(skeleton) else skeleton


def skeleton_of(frames: KeypointFrames) -> Skeleton | None:
    """The skeleton of a recording, whose people are all of one; None where there is nobody."""
    skeletons = (people.skeleton for views in frames.values() for people in views.values())
    return next(skeletons, None)


def lost_joints(frames: KeypointFrames, skeleton: Skeleton, path: PathLike) -> list[str]:
    """A sentence on joints that are wanted, and that the skeleton of a recording cannot give.

    Args:
        frames: frame -> camera -> people, all of one skeleton.
        skeleton: The joints that are wanted.
        path: Where the people come from.
    """
    own = skeleton_of(frames) or skeleton
    given = np.asarray(joint_map(own, skeleton).any((0, 2)))
    lost = [joint for joint, is_given in zip(skeleton.joints, given) if not is_given]
    if not lost:
        return []
    return [
        f'{path}: of the {len(skeleton)} joints of {skeleton.name}, {own.name} has no '
        f'{listed(lost)}; going on without them'
    ]
