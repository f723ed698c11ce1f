"""Which way is up by 3D poses whose truth is known."""

import tracemalloc

import numpy as np
import pytest
from errors import fails
from lost_rigs import lying
from scipy.spatial.transform import Rotation

from mmpose_ours.calibration import CalibrationError
from mmpose_ours.calibration.alignment.up_axis import up_by_people
from mmpose_ours.calibration.checks.optical_axes import degrees_off_z
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic import built_in_poses


def turned_about(people):
    """The same people, each looking another way."""
    yaw = np.random.default_rng(2).uniform(0, 2 * np.pi, len(people))
    return np.einsum(
        'nij,nkj->nki', Rotation.from_rotvec(yaw[:, None] * (0, 0, 1)).as_matrix(), people
    )


class TestUpOfBodies:
    """People in one spot: feet cannot tell, bodies must."""

    @pytest.fixture
    def poses(self):
        """Of 200 people with an action; all look along x unless they are turned about."""
        return lambda actions: built_in_poses(200, np.random.default_rng(1), actions)

    def test_sitters_who_all_look_one_way(self, poses):
        sitting = poses(('sit',))
        assert degrees_off_z(up_by_people(sitting).up) < 12

    def test_half_of_the_people_lie(self, poses):
        people = turned_about(poses(('walk', 'stand')))
        people[::2] = lying(people[::2])
        assert degrees_off_z(up_by_people(people).up) < 2

    def test_wrong_associations(self, poses):
        people = turned_about(poses(('walk', 'stand')))
        rng = np.random.default_rng(0)
        # A joint in five belongs to somebody else, and another one to nobody.
        wrong = rng.random(people.shape[:2]) < 0.2
        people[wrong] = rng.uniform(-2000, 2000, (wrong.sum(), 3))
        people[rng.random(people.shape[:2]) < 0.2] = np.nan
        assert degrees_off_z(up_by_people(people).up) < 3

    def test_stoopers_who_all_look_one_way_are_righted_by_their_feet(self, poses):
        people = poses(('bend_over',))
        people[..., :2] += np.random.default_rng(0).uniform(-2000, 2000, (len(people), 1, 2))
        found = up_by_people(people)
        assert degrees_off_z(found.up) < 0.5 and found.feet > 50

    def test_people_all_over_the_place(self, poses):
        people = poses(None)
        turns = Rotation.random(len(people), random_state=0).as_matrix()
        people = np.einsum('nij,nkj->nki', turns, people)
        with fails(CalibrationError, code='conflict', expected=0.3):
            up_by_people(people)

    def test_spread_and_share_are_those_of_the_bodies(self, poses):
        # Legs straight up and trunks 10 degrees off: the middle, all within 5 degrees.
        people = np.full((40, 17, 3), np.nan)
        lean = np.radians(10)
        for joint, z in (('ankle', 80), ('knee', 480), ('hip', 880)):
            for side, x in (('left', -100), ('right', 100)):
                people[:, SKELETONS['coco17'].index(f'{side}_{joint}')[0]] = (x, 0, z)
        top = (500 * np.sin(lean), 880 + 500 * np.cos(lean))
        for side, x in (('left', -100), ('right', 100)):
            people[:, SKELETONS['coco17'].index(f'{side}_shoulder')[0]] = (x, *top)
        found = up_by_people(people)
        assert degrees_off_z(found.up) == pytest.approx(5, abs=0.1)
        assert found.spread_degrees == pytest.approx(5, abs=0.1)
        assert (found.bodies, found.share, found.feet) == (80, 1.0, 0)

    def test_many_people_take_little_memory(self, poses):
        people = np.tile(turned_about(poses(('walk', 'stand'))), (20, 1, 1))
        tracemalloc.start()
        up = up_by_people(people).up
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert degrees_off_z(up) < 1 and peak < 1e8

    def test_people_of_any_size(self, poses):
        people = poses(('bend_over',))
        people[..., :2] += np.random.default_rng(0).uniform(-2000, 2000, (len(people), 1, 2))
        np.testing.assert_allclose(up_by_people(people / 3).up, up_by_people(people).up, atol=1e-9)
