"""Files as other tools write them, of people that are known."""

import json

import numpy as np

from mmpose_ours.keypoints import JOINT_SETS

CAMERAS = ('cam_a', 'cam_b')


def person(joint_set='coco17', shift=0.0):
    """(J, 3) of a joint set, each joint where its name says, whatever the set's order.

    Every number is exact in binary: comparisons need no tolerance.
    """
    rows = []
    for name in JOINT_SETS[joint_set].joints:
        place = sum(name.encode())  # unlike for each name
        rows.append([place * 0.5 + shift, place * 0.25 + shift, 0.5])
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
