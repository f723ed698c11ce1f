import numpy as np
import pytest
from matplotlib.colors import to_rgb

from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic import PoseBank, built_in_poses
from mmpose_ours.visualization.figures.pose_sheet import LEFT_COLOUR, RIGHT_COLOUR, draw_poses

COCO17 = SKELETONS['coco17']


def pixels(image, colour):
    """(N, 2) column and row of the pixels of a colour."""
    like = np.abs(image - 255 * np.array(to_rgb(colour))).max(-1) < 12
    return np.argwhere(like)[:, ::-1]


@pytest.mark.parametrize('turn', [0.0, 2.0, 4.0])
def test_people_face_us_wherever_they_faced(turn):
    pose = built_in_poses(1, np.random.default_rng(0), ('arms_out',))
    c, s = np.cos(turn), np.sin(turn)
    pose = pose @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    image = draw_poses(PoseBank(pose, np.ones((1, 17), dtype=bool)), 'one')
    left, right = pixels(image, LEFT_COLOUR), pixels(image, RIGHT_COLOUR)
    assert len(left) > 60 and len(right) > 60
    # As we see somebody who looks at us: their left is on our right.
    assert left[:, 0].mean() > right[:, 0].mean() + 10


def test_unknown_joints_are_not_drawn():
    poses = built_in_poses(3, np.random.default_rng(0), ('stand',))
    visible = np.ones((3, 17), dtype=bool)
    visible[:, [i for i, name in enumerate(COCO17.joints) if name.startswith('right')]] = False
    visible[:, COCO17.index('right_hip')] = True
    image = draw_poses(PoseBank(np.where(visible[..., None], poses, 0.0), visible))
    assert len(pixels(image, RIGHT_COLOUR)) == 0 and len(pixels(image, LEFT_COLOUR)) > 200
