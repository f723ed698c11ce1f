"""Where 3D poses stand."""

import numpy as np
import pytest
from errors import fails

from mmpose_ours.calibration import CalibrationError
from mmpose_ours.calibration.alignment.floor import ANKLE_MM, floor_by_people
from mmpose_ours.calibration.alignment.height import USUAL_HEIGHT_MM
from mmpose_ours.synthetic import built_in_poses
from mmpose_ours.synthetic.poses.body_model import ANKLE_HEIGHT


@pytest.fixture
def people():
    return built_in_poses(300, np.random.default_rng(1), ('walk', 'stand'))


@pytest.mark.parametrize('scale', [1.0, 1.0 / 1.7, 0.33 / 1.7, 1e-3])
def test_people_of_any_size_stand_on_the_same_floor(people, scale):
    # Of this body model ankles are higher than of those whom detectors see.
    due = ANKLE_HEIGHT * USUAL_HEIGHT_MM - ANKLE_MM
    assert floor_by_people(scale * people) == pytest.approx(scale * due, abs=scale * 10)


def test_people_who_jump_do_not_raise_it(people):
    level = floor_by_people(people)
    people[::4, :, 2] += 400
    assert floor_by_people(people) == pytest.approx(level, abs=5)


def test_without_feet(people):
    people[4:, 15:] = np.nan
    with fails(CalibrationError, code='no-data', found=4):
        floor_by_people(people)
