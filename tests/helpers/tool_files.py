"""Files as other tools write them, of people that are known."""

import json
import re

import numpy as np

from mmpose_ours.structures.skeletons import SKELETONS

CAMERAS = ('cam_a', 'cam_b')


# Half a body, x and y: readers may look whether people look like people.
_PLACES = {
    'nose': (0, 16), 'eye': (2, 14), 'ear': (4, 15), 'head': (0, 4), 'neck': (0, 28),
    'shoulder': (10, 30), 'elbow': (14, 46), 'wrist': (16, 62), 'mid_hip': (0, 61),
    'hip': (6, 60), 'knee': (7, 84), 'ankle': (8, 108),
    'heel': (7, 112), 'big_toe': (10, 114), 'small_toe': (12, 113),
}  # fmt: skip


def person(skeleton='coco17', shift=0.0):
    """(J, 3) of a skeleton, each joint where its name says, whatever the set's order.

    Every number is exact in binary: comparisons need no tolerance.
    """
    rows = []
    for name in SKELETONS[skeleton].joints:
        x, y = _PLACES[re.sub('^(left|right)_', '', name)]
        mirrored = -x if name.startswith('right_') else x
        rows.append([(30 + mirrored) * 2.5 + shift, y * 1.25 + shift, 0.5])
    return np.array(rows)


def expected(shift=0.0, size=17):
    """The same person as COCO-17."""
    return person('coco17', shift).astype(np.float32)


def flat(rows):
    return [float(x) for x in np.ravel(rows)]


def save(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))
    return path


def openpose_json(*people):
    return {'version': 1.3, 'people': [{'person_id': [-1], 'pose_keypoints_2d': flat(p)}
                                       for p in people]}  # fmt: skip


def mmpose_instances(*people, box=(5.0, 5.0, 60.0, 90.0), score=0.9):
    """As ``split_instances`` of MMPose makes them: ``bbox`` is a list in a tuple."""
    return [
        {
            'keypoints': p[:, :2].tolist(),
            'keypoint_scores': p[:, 2].tolist(),
            'bbox': [list(box)],
            'bbox_score': score,
        }
        for p in people
    ]


def results(image_id, *people):
    return [
        {'image_id': image_id, 'category_id': 1, 'keypoints': flat(p), 'score': 2.9} for p in people
    ]
