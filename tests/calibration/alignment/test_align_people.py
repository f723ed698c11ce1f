"""Up, floor and size by people: synthetic ones whose truth is known, and recorded ones."""

import numpy as np
import pytest
from calibration_rigs import ring_rig
from errors import fails
from lost_rigs import extent, lost_world, lying, people_before, up_error_degrees

from mmpose_ours.calibration import CalibrationError, read_rig
from mmpose_ours.calibration.alignment.align import Evidence, align, strange_about
from mmpose_ours.calibration.alignment.height import JOINT_HEIGHTS
from mmpose_ours.detections import read_detections
from mmpose_ours.evaluation.campus_shelf_truth import read_actors
from mmpose_ours.io.json_files import read_json
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic import DetectorNoise

CAMPUS14 = SKELETONS['campus14']
# Of stature, after Drillis and Contini.
EYES = 0.936


def every_third_lies(poses):
    poses[::3] = lying(poses[::3])
    return poses


def compare(done, lost, true, floor_z_mm=0.0, at=(0.0, 0.0)):
    """Up error in degrees, scale error, and floor error in mm at a place of the true room."""
    found_from_true = done.transform.after(lost)
    scale = float(np.median((extent(done.rig) / np.maximum(extent(true), 1e-9))[extent(true) > 1]))
    floor_mm = float(found_from_true(np.array([*at, floor_z_mm]))[2])
    return up_error_degrees(done.rig, true), scale - 1, floor_mm


class TestSyntheticPeople:
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
        people, stature = people_before(true, ('walk', 'stand'), faults=DetectorNoise.none())
        done = align(lost.of_rig(true), Evidence(people=people, person_height_mm=stature))
        up, scale, floor_mm = compare(done, lost, true)
        assert up < 0.15 and abs(scale) < 0.04 and abs(floor_mm) < 25

    def test_the_world_does_not_matter(self):
        true = ring_rig(3)
        people, stature = people_before(true, None, seed=4, frames=15)
        evidence = Evidence(people=people, person_height_mm=stature)
        # A world that is level but for the uncertainty stays as it is.
        assert np.allclose(align(true, evidence).transform.R, np.eye(3))
        straight = align(lost_world(9).of_rig(true), evidence)
        for seed in range(3):
            done = align(lost_world(seed).of_rig(true), evidence)
            assert up_error_degrees(done.rig, straight.rig) < 1e-4
            np.testing.assert_allclose(extent(done.rig), extent(straight.rig), rtol=1e-6)
            np.testing.assert_allclose(
                done.rig.centers_w[:, 2], straight.rig.centers_w[:, 2], atol=1e-2
            )

    def test_scale_is_left_alone_without_a_height(self):
        true = ring_rig().in_world(np.eye(3), 0.2)
        people, _ = people_before(ring_rig(), None, frames=30)
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


class TestFewPeople:
    def test_no_feet(self):
        rig = ring_rig()
        people, _ = people_before(rig, ('walk',))
        for views in people.values():
            for seen in views.values():
                seen[:, 13:, 2] = 0  # knees and ankles, behind a bar
        with fails(CalibrationError, code='no-data', found=0):
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
