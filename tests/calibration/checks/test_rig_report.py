"""What a calibration says of itself, without images and people."""

import dataclasses

import numpy as np
import pytest
from calibration_rigs import ring_rig

from mmpose_ours.calibration.checks import rig_report as inspect_rig
from mmpose_ours.calibration.checks.optical_axes import (
    angle_degrees,
    degrees_off_z,
    off_axis_degrees,
)
from mmpose_ours.calibration.checks.rig_report import RigInspection, camera_facts, rig_facts
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig


def sentences(rig, topic):
    return [p.sentence for p in RigInspection(rig).problems if p.topic == topic]


def of_each(rig, **changes):
    return CameraRig(tuple(dataclasses.replace(camera, **changes) for camera in rig))


def test_small_angles_are_exact():
    up = np.array([1e-9, 0.0, 1.0])
    assert degrees_off_z(up) == pytest.approx(np.degrees(1e-9))
    assert degrees_off_z(-up) == pytest.approx(180, abs=1e-6)
    vectors = np.array([[2.0, 0, 0], [0, 3.0, 0], [-1.0, 0, 0], [0, 0, 0]])
    np.testing.assert_allclose(angle_degrees(vectors, vectors[0]), [0, 90, 180, 0])


def test_degrees_off_the_axes():
    axes, centers = np.array([[1.0, 0, 0], [0, 1.0, 0]]), np.array([[0, 0, 0], [1000.0, 0, 0]])
    found = off_axis_degrees(axes, centers, np.array([1000.0, 1000.0, 0]))
    np.testing.assert_allclose(found, [45, 0], atol=1e-9)


def test_a_fisheye_that_sees_beside_itself_has_no_angle_there():
    """90 degrees off the axis end before the left and right edge, and beyond the upper one."""
    K = [[400, 0, 640], [0, 400, 360], [0, 0, 1]]
    facts = camera_facts(Camera('a', K, np.eye(3), np.zeros(3), (1280, 720), (0,) * 4, 'fisheye'))
    assert facts['fov_degrees'][0] is None
    assert facts['fov_degrees'][1] == pytest.approx(np.degrees(720 / 400), abs=0.1)
    assert camera_facts(ring_rig(size=None).cameras[0])['fov_degrees'] is None


def test_a_lens_that_folds_inside_its_image_is_reported():
    folding = of_each(ring_rig(), dist=(-0.7, 0, 0, 0, 0))
    assert 'folds back before the edge of its image' in sentences(folding, 'lens')[0]
    narrow = of_each(ring_rig(), K=[[9e4, 0, 640], [0, 9e4, 360], [0, 0, 1]], dist=())
    assert "camera 'cam0' sees 1 degrees" in sentences(narrow, 'lens')[0]
    assert not sentences(ring_rig(), 'lens')


def test_one_camera_stands_and_two_stand_below_the_floor():
    rig = ring_rig(4)
    down = rig.moved((0, 0, -2505.0))
    assert "camera 'cam0' stands below the floor" in sentences(down, 'floor')[0]
    assert "cameras 'cam0', 'cam1' stand below the floor" in sentences(
        rig.moved((0, 0, -2525.0)), 'floor'
    )[0]  # fmt: skip


def test_sentences_name_the_command_that_has_the_option():
    upside_down = ring_rig().in_world(np.diag([1.0, -1.0, -1.0]))
    y_up = ring_rig().in_world(np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]))
    for rig, option in ((upside_down, '--up -z'), (y_up, '--up y')):
        for sentence in sentences(rig, 'orientation'):
            assert f'`mmpose-ours convert-calibration ... {option}`' in sentence
    small = CameraRig(
        tuple(dataclasses.replace(c, K=np.diag([2 / 3, 2 / 3, 1]) @ c.K) for c in ring_rig())
    )
    assert '`mmpose-ours convert-calibration ... --scale-intrinsics 1280x720`' in sentences(
        small, 'resolution'
    )[0]  # fmt: skip


def test_each_thing_is_worked_out_once(monkeypatch):
    counts = dict.fromkeys(('fit_space', 'judge_orientation', 'camera_facts'), 0)

    def counted(name):
        function = getattr(inspect_rig, name)

        def count(*args):
            counts[name] += 1
            return function(*args)

        return count

    for name in counts:
        monkeypatch.setattr(inspect_rig, name, counted(name))
    inspection = RigInspection(ring_rig(4))
    assert not inspection.problems and inspection.space and len(inspection.cameras) == 4
    assert inspection.orientation[1] is None and inspection.problems == ()
    assert counts == {'fit_space': 1, 'judge_orientation': 1, 'camera_facts': 4}


def test_without_sizes_there_is_no_space():
    inspection = RigInspection(ring_rig(size=None))
    assert inspection.space is None and not inspection.problems


def test_facts_of_a_rig():
    facts = rig_facts(ring_rig(4, radius=4000.0))
    assert facts['baselines_mm'][0] == pytest.approx(4000 * 2**0.5, rel=0.01)
    assert facts['baselines_mm'][2] == pytest.approx(8000, rel=0.01)
    assert facts['view_angles_degrees'][0] == pytest.approx(90, abs=10)
    assert max(facts['off_focus_degrees'].values()) < 3


def negated(rig):
    """What a left-handed world becomes where a sign makes its reflections rotations again."""
    mirror = np.diag([1.0, -1.0, 1.0])
    cameras = (dataclasses.replace(c, R_w2c=-c.R_w2c @ mirror, t_w2c=-c.t_w2c) for c in rig)
    return CameraRig(tuple(cameras))


def test_axes_that_meet_behind_all_cameras_may_be_of_a_mirrored_world():
    rig = ring_rig(5)
    assert not sentences(rig, 'mirrored')
    problems = RigInspection(negated(rig)).problems
    assert [(problem.topic, problem.warning) for problem in problems] == [('mirrored', True)]
    # As the sentence says.
    back = negated(negated(rig))
    np.testing.assert_allclose(back.centers_w, rig.centers_w)
    pair = CameraRig(negated(rig).cameras[:2])
    assert not sentences(pair, 'mirrored')
