"""Up, floor and size by people: invented ones whose truth is known, and recorded ones."""

import numpy as np
import pytest
from calibration_rigs import ring_rig
from lost_rigs import extent, lost_world, people_before, up_error_degrees
from scipy.spatial.transform import Rotation

from mmpose_ours.calibration import CalibrationError, read_rig
from mmpose_ours.calibration.align import Evidence, align, strange_about
from mmpose_ours.calibration.align_people import (
    JOINT_HEIGHTS,
    body_height,
    find_people,
    up_by_people,
)
from mmpose_ours.calibration.inspect_people import body_up
from mmpose_ours.detections import read_detections
from mmpose_ours.evaluation.actors import read_actors
from mmpose_ours.files import read_json
from mmpose_ours.keypoints import JOINT_SETS
from mmpose_ours.synthetic import DetectorFaults, built_in_poses

CAMPUS14 = JOINT_SETS['campus14']
# Of stature, after Drillis and Contini.
EYES = 0.936


def lying(poses):
    """The same people on their backs on the floor, along one direction."""
    poses = poses @ np.array([[0, 0, 1.0], [0, 1, 0], [-1, 0, 0]]).T
    poses[..., 2] -= poses[..., 2].min(1, keepdims=True) - 60
    poses[..., :2] -= poses[:, 11:13, :2].mean(1, keepdims=True)
    return poses


def every_third_lies(poses):
    poses[::3] = lying(poses[::3])
    return poses


def turned_about(people):
    """The same people, each looking another way."""
    yaw = np.random.default_rng(2).uniform(0, 2 * np.pi, len(people))
    return np.einsum(
        'nij,nkj->nki', Rotation.from_rotvec(yaw[:, None] * (0, 0, 1)).as_matrix(), people
    )


def degrees_off_z(up):
    return np.degrees(np.arctan2(np.linalg.norm(up[:2]), up[2]))


def compare(done, lost, true, floor_z_mm=0.0, at=(0.0, 0.0)):
    """Up error in degrees, scale error, and floor error in mm at a place of the true room."""
    found_from_true = done.transform.after(lost)
    scale = float(np.median((extent(done.rig) / np.maximum(extent(true), 1e-9))[extent(true) > 1]))
    floor_mm = float(found_from_true(np.array([*at, floor_z_mm]))[2])
    return up_error_degrees(done.rig, true), scale - 1, floor_mm


class TestInventedPeople:
    @pytest.mark.parametrize(
        ('actions', 'change', 'seed'),
        [
            (None, lambda poses: poses, 0),
            (None, lambda poses: poses, 1),
            (('sit',), lambda poses: poses, 2),
            (('bend_over', 'crouch'), lambda poses: poses, 3),
            (None, every_third_lies, 4),
        ],
        ids=['all', 'all again', 'who sit', 'who bend', 'a third lies'],
    )
    def test_who_walk_sit_bend_or_lie(self, actions, change, seed):
        true, lost = ring_rig(), lost_world(seed)
        people, stature = people_before(true, actions, seed, change=change)
        evidence = Evidence(people=people, person_height_mm=stature)
        done = align(lost.of_rig(true), evidence)
        up, scale, floor_mm = compare(done, lost, true)
        assert up < 0.5 and abs(scale) < 0.04 and abs(floor_mm) < 25
        assert done.figures['up']['feet'] > 20

    def test_without_detector_faults(self):
        true, lost = ring_rig(), lost_world(8)
        people, stature = people_before(true, ('walk', 'stand'), faults=DetectorFaults.none())
        done = align(lost.of_rig(true), Evidence(people=people, person_height_mm=stature))
        up, scale, floor_mm = compare(done, lost, true)
        assert up < 0.15 and abs(scale) < 0.04 and abs(floor_mm) < 25

    def test_the_world_does_not_matter(self):
        true = ring_rig(3)
        people, stature = people_before(true, None, seed=4, instants=15)
        evidence = Evidence(people=people, person_height_mm=stature)
        straight = align(true, evidence)
        for seed in range(3):
            done = align(lost_world(seed).of_rig(true), evidence)
            assert up_error_degrees(done.rig, straight.rig) < 1e-4
            np.testing.assert_allclose(extent(done.rig), extent(straight.rig), rtol=1e-6)
            np.testing.assert_allclose(
                done.rig.centers_w[:, 2], straight.rig.centers_w[:, 2], atol=1e-2
            )

    def test_scale_is_left_alone_without_a_height(self):
        true = ring_rig().in_world(np.eye(3), 0.2)
        people, _ = people_before(ring_rig(), None, instants=30)
        done = align(true, Evidence(people=people))
        np.testing.assert_allclose(extent(done.rig), extent(true))
        assert done.figures['scale']['by'] is None
        # What is left strange is said: people of 35 cm, and cameras in a shoe box.
        assert any('adult' in warning for warning in strange_about(done.rig, people))
        assert up_error_degrees(done.rig, true) < 1

    def test_people_are_asked_only_what_they_are_for(self):
        true, lost = ring_rig(), lost_world(2)
        people, stature = people_before(true, ('walk',), seed=2)
        floor = np.array([[0.0, 0, 0], [3000, 100, 0], [-200, 2500, 0]])
        evidence = Evidence(
            floor_points=lost(floor),
            people=people,
            people_for=('scale',),
            person_height_mm=stature,
        )
        up, scale, floor_mm = compare(align(lost.of_rig(true), evidence), lost, true)
        assert up < 1e-6 and abs(floor_mm) < 1e-6 and 1e-6 < abs(scale) < 0.04


class TestUpOfBodies:
    """People in one spot: feet cannot tell, bodies must."""

    @pytest.fixture
    def poses(self):
        """Of 200 people with an action; all look along x unless they are turned about."""
        return lambda actions: built_in_poses(200, np.random.default_rng(1), actions)

    def test_sitters_who_all_look_one_way(self, poses):
        sitting = poses(('sit',))
        assert degrees_off_z(body_up(sitting)) > 15
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
        assert degrees_off_z(body_up(people)) > 10
        assert degrees_off_z(found.up) < 0.5 and found.feet > 50

    def test_people_all_over_the_place(self, poses):
        people = poses(None)
        turns = Rotation.random(len(people), random_state=0).as_matrix()
        people = np.einsum('nij,nkj->nki', turns, people)
        with pytest.raises(CalibrationError, match='do not agree on which way is up'):
            up_by_people(people)

    def test_spread_and_share_are_those_of_the_bodies(self, poses):
        # Legs straight up and trunks 10 degrees off: the middle, all within 5 degrees.
        people = np.full((40, 17, 3), np.nan)
        lean = np.radians(10)
        for joint, z in (('ankle', 80), ('knee', 480), ('hip', 880)):
            for side, x in (('left', -100), ('right', 100)):
                people[:, JOINT_SETS['coco17'].index(f'{side}_{joint}')[0]] = (x, 0, z)
        top = (500 * np.sin(lean), 880 + 500 * np.cos(lean))
        for side, x in (('left', -100), ('right', 100)):
            people[:, JOINT_SETS['coco17'].index(f'{side}_shoulder')[0]] = (x, *top)
        found = up_by_people(people)
        assert degrees_off_z(found.up) == pytest.approx(5, abs=0.1)
        assert found.spread_degrees == pytest.approx(5, abs=0.1)
        assert (found.bodies, found.share, found.feet) == (80, 1.0, 0)


class TestBodyHeight:
    def standing(self, statures):
        """People as Drillis and Contini draw them, in any posture of straight segments."""
        people = np.full((len(statures), 17, 3), np.nan)
        for joint, share in JOINT_HEIGHTS.items():
            for side, x in (('left', -100), ('right', 100)):
                index = JOINT_SETS['coco17'].index(f'{side}_{joint}')[0]
                people[:, index] = [(x, 0, share * stature) for stature in statures]
        return people

    def test_is_the_stature(self):
        height = body_height(self.standing([1500, 1600, 1700, 1800, 1900]))
        assert height.median == pytest.approx(1700)
        assert (height.low, height.high) == (pytest.approx(1600), pytest.approx(1800))
        assert height.count == 5

    def test_where_the_hip_is_put_does_not_matter(self):
        people = self.standing([1700] * 6)
        people[:, JOINT_SETS['coco17'].index('left_hip', 'right_hip'), 2] -= 70
        assert body_height(people).median == pytest.approx(1700)

    def test_people_without_feet_do_not_count(self):
        people = self.standing([1700] * 8)
        people[:4, JOINT_SETS['coco17'].index('left_ankle', 'right_ankle')] = np.nan
        with pytest.raises(CalibrationError, match='of 8 people in 3D only 4 show'):
            body_height(people)


class TestFewPeople:
    def test_counts_are_said(self):
        rig = ring_rig()
        people, _ = people_before(rig, ('walk',), instants=2)
        with pytest.raises(CalibrationError, match=r'only \d people .* 2 instants of 2'):
            find_people(rig, {k: {c: v[:1] for c, v in views.items()}
                              for k, views in people.items()})  # fmt: skip
        with pytest.raises(CalibrationError, match='only 0 people'):
            find_people(rig, {})

    def test_no_feet(self):
        rig = ring_rig()
        people, _ = people_before(rig, ('walk',))
        for views in people.values():
            for seen in views.values():
                seen[:, 13:, 2] = 0  # knees and ankles, behind a bar
        with pytest.raises(CalibrationError, match='only 0 show an ankle'):
            align(rig, Evidence(people=people))
        done = align(rig, Evidence(people=people, people_for=('up',)))
        assert up_error_degrees(done.rig, rig) < 3
        assert done.figures['up']['feet'] == 0


class TestRecordedPeople:
    """In random worlds; the true rig is the published one."""

    @pytest.mark.parametrize('seed', range(2))
    def test_shelf(self, shared_data, seed):
        true = read_rig(shared_data / 'shelf/calibration_shelf.json', image_size=(1032, 776))
        people = read_detections(shared_data / 'shelf/pred_shelf_openpose_coco.pkl', true.names)
        # By those who annotated it: statures, and where feet stand (100 mm below z = 0).
        actors = read_actors(shared_data / 'shelf/actorsGT.mat')[300:].reshape(-1, 14, 3)
        actors = actors[np.isfinite(actors).all((1, 2))]
        ankles = actors[:, CAMPUS14.index('left_ankle', 'right_ankle')]
        top = actors[:, CAMPUS14.index('top_head')[0], 2]
        share = JOINT_HEIGHTS['ankle']
        stature = float(np.median(top - ankles[..., 2].min(1)) / (1 - share))
        floor_z = float(np.median(ankles[..., 2].min(1))) - share * stature
        lost = lost_world(seed)
        done = align(lost.of_rig(true), Evidence(people=people, person_height_mm=stature))
        place = np.median(ankles.mean(1), axis=0)[:2]
        up, scale, floor_mm = compare(done, lost, true, floor_z, place)
        assert up < 2 and abs(scale) < 0.05 and abs(floor_mm) < 60

    @pytest.mark.parametrize('seed', range(2))
    def test_pizza(self, shared_data, seed):
        true = read_rig(shared_data / 'pizza1/camera_parameters.json')
        people = read_detections(shared_data / 'pizza1/pred_pizza1_openpose_coco.pkl', true.names)
        # Statures by the eyes of another system's tracks of people who stand.
        tracks = read_json(shared_data / 'pizza1/reference_tracks.json')
        missing = [float('nan')] * 3
        poses = np.array(
            [
                [joint or missing for joint in track['pose']]
                for tracks_of_frame in tracks['frames'].values()
                for track in tracks_of_frame
            ],
            dtype=float,
        )
        eyes = -poses[:, 1:3, 1].mean(1)  # y down
        stature = float(np.nanmedian(eyes)) / EYES
        lost = lost_world(seed)
        done = align(lost.of_rig(true), Evidence(people=people, person_height_mm=stature))
        place = np.nanmedian(poses[:, 11:13].mean(1), axis=0)
        up, scale, floor_mm = compare(done, lost, true, 0.0, (place[0], place[2]))
        assert up < 3 and abs(scale) < 0.05 and abs(floor_mm) < 60
