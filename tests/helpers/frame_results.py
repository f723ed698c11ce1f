"""Results of a frame from plain arrays."""

import numpy as np

from mmpose_ours.detections import with_skeleton
from mmpose_ours.predictions.reading import Predictions
from mmpose_ours.structures.frames import FrameResult
from mmpose_ours.structures.poses import Poses3D
from mmpose_ours.structures.skeletons import SKELETONS


def result_of(frame, poses, ids, scores=None, views=None, detections=None, joints='coco17'):
    """The people (P, J, 3) of a frame, their track IDs and what cameras detected."""
    people = Poses3D(SKELETONS[joints], np.asarray(poses), scores, np.asarray(ids), views)
    return FrameResult(frame, people, keypoints=with_skeleton(detections or {}))


def predictions_of(frames, joints='coco17', *, scores=None, ids=None, views=None, **about):
    """A file's people from arrays by frame: (P, J, 3) mm, and (P,) of what is known besides."""
    skeleton = SKELETONS[joints]

    def beside(values, frame):
        return None if values is None or frame not in values else np.asarray(values[frame])

    poses = {
        frame: Poses3D(
            skeleton,
            np.asarray(xyz_mm, float),
            np.ones(len(xyz_mm)) if scores is None else np.asarray(scores[frame]),
            beside(ids, frame),
            beside(views, frame),
        )
        for frame, xyz_mm in frames.items()
    }
    return Predictions(poses, skeleton, **about)
