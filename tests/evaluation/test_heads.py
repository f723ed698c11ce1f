"""The head recipes, spelled out again from the published protocols."""

import numpy as np
import pytest

from mmpose_ours.structures.joint_maps import convert_joints
from mmpose_ours.structures.skeletons import SKELETONS

POSES = np.random.default_rng(0).normal(size=(20, 17, 3)) * 1000


def part(*names):
    return POSES[:, SKELETONS['coco17'].index(*names)].mean(1)


def ear_head():
    shoulders, ears = part('left_shoulder', 'right_shoulder'), part('left_ear', 'right_ear')
    bottom = (shoulders + ears) / 2
    return bottom, bottom + 2 * (ears - bottom)


def nose_head(bottom, top):
    shoulders = part('left_shoulder', 'right_shoulder')
    up = part('nose') - shoulders
    return shoulders + up * bottom, shoulders + up * top


def shelf_head():
    """VoxelPose on Shelf: three quarters of a head from the nose, one from the ears."""
    nose = nose_head(0.5, [0.75, 0.75, 1.5])
    return [0.75 * n + 0.25 * e for n, e in zip(nose, ear_head())]


@pytest.mark.parametrize(
    ('recipe', 'expected'),
    [
        ('voxelpose_campus', ear_head()),
        ('voxelpose_shelf', shelf_head()),
        ('crossview', nose_head([0.3, 0.4, 0.6], [0.78, 0.5, 1.5])),
    ],
)
def test_head_recipe(recipe, expected):
    made = convert_joints(POSES, 'coco17', 'campus14', recipe)
    np.testing.assert_allclose(made[:, 12], expected[0], atol=1e-9)
    np.testing.assert_allclose(made[:, 13], expected[1], atol=1e-9)
