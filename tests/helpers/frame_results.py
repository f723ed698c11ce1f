"""Results of a frame from plain arrays."""

import numpy as np

from mmpose_ours.detections import with_skeleton
from mmpose_ours.structures.frames import FrameResult
from mmpose_ours.structures.poses import Poses3D
from mmpose_ours.structures.skeletons import SKELETONS


def result_of(frame, poses, ids, scores=None, views=None, detections=None, joints='coco17'):
    """The people (P, J, 3) of a frame, their track IDs and what cameras detected."""
    people = Poses3D(SKELETONS[joints], np.asarray(poses), scores, np.asarray(ids), views)
    return FrameResult(frame, people, keypoints=with_skeleton(detections or {}))
