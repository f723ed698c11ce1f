"""How tall 3D poses are."""

import numpy as np
import pytest
from errors import fails

from mmpose_ours.calibration import CalibrationError
from mmpose_ours.calibration.alignment.height import (
    JOINT_HEIGHTS,
    USUAL_HEIGHT_MM,
    body_height,
    limb_lengths,
    rough_height,
)
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic import built_in_poses


class TestBodyHeight:
    def standing(self, statures):
        """People as Drillis and Contini draw them, in any posture of straight segments."""
        people = np.full((len(statures), 17, 3), np.nan)
        for joint, share in JOINT_HEIGHTS.items():
            for side, x in (('left', -100), ('right', 100)):
                index = SKELETONS['coco17'].index(f'{side}_{joint}')[0]
                people[:, index] = [(x, 0, share * stature) for stature in statures]
        return people

    def test_is_the_stature(self):
        height = body_height(self.standing([1500, 1600, 1700, 1800, 1900]))
        assert height.median == pytest.approx(1700)
        assert (height.low, height.high) == (pytest.approx(1600), pytest.approx(1800))
        assert height.count == 5

    def test_where_the_hip_is_put_does_not_matter(self):
        people = self.standing([1700] * 6)
        people[:, SKELETONS['coco17'].index('left_hip', 'right_hip'), 2] -= 70
        assert body_height(people).median == pytest.approx(1700)

    def test_people_without_feet_do_not_count(self):
        people = self.standing([1700] * 8)
        people[:4, SKELETONS['coco17'].index('left_ankle', 'right_ankle')] = np.nan
        with fails(CalibrationError, code='no-data', found=4):
            body_height(people)


class TestRoughHeight:
    @pytest.fixture
    def people(self):
        return built_in_poses(200, np.random.default_rng(1), ('walk', 'stand'))

    def test_is_the_body_height_where_that_is_known(self, people):
        assert rough_height(people) == body_height(people).median

    @pytest.mark.parametrize('scale', [1.0, 0.5, 1e-3])
    def test_heads_and_arms_will_do(self, people, scale):
        people[:, 11:] = np.nan
        assert rough_height(scale * people) == pytest.approx(scale * USUAL_HEIGHT_MM, rel=0.1)
        assert set(limb_lengths(people)) == {('shoulder', 'elbow'), ('elbow', 'wrist')}

    def test_heads_alone_will_not(self, people):
        people[:, 5:] = np.nan
        with fails(CalibrationError, code='no-data', found=0):
            rough_height(people)
