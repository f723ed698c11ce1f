"""What people say of a rig, and that it is what align-rig makes of them."""

import dataclasses

import numpy as np
import pytest
from broken_rigs import detected_people
from calibration_rigs import ring_rig
from lost_rigs import people_before

from mmpose_ours.calibration.alignment.align import Evidence, align
from mmpose_ours.calibration.alignment.poses import MAX_CAMERAS
from mmpose_ours.calibration.checks.people_report import MIN_FRAMES, inspect_people
from mmpose_ours.geometry.rig import CameraRig

pytestmark = pytest.mark.filterwarnings('error')


def with_joints_only(people, joints):
    """The same detections, the other joints not found."""
    for views in people.values():
        for seen in views.values():
            seen[:, [j for j in range(17) if j not in joints], 2] = 0
    return people


def test_up_and_floor_are_those_of_align_rig():
    """Of people who bend, whose trunks all lean."""
    rig = ring_rig()
    people, _ = people_before(rig, ('bend_over', 'crouch'), seed=3)
    facts, problems = inspect_people(rig, people)
    figures = align(rig, Evidence(people=people)).figures
    assert not problems
    np.testing.assert_allclose(facts['up'], figures['up']['up_by_people'], atol=4e-3)
    assert np.hypot(*facts['up'][:2]) < np.sin(np.radians(0.5))
    assert facts['floor_mm'] == pytest.approx(figures['floor']['was_at_mm'], abs=10)


@pytest.mark.parametrize('scale', [0.5, 2.0])
def test_heads_and_arms_tell_the_size_but_neither_up_nor_floor(scale):
    people = with_joints_only(detected_people(ring_rig(5)), range(11))
    facts, problems = inspect_people(ring_rig(5), people)
    assert not problems and facts['up'] is None and facts['floor_mm'] is None
    assert set(facts['limbs_mm']) == {'shoulder-elbow', 'elbow-wrist'}
    facts, problems = inspect_people(ring_rig(5).in_world(np.eye(3), scale), people)
    assert [problem.topic for problem in problems] == ['unit']
    assert 'mm tall by their limbs, ' in problems[0].sentence and 'floor_mm' not in facts


@pytest.mark.parametrize('scale', [0.45, 0.7])
def test_children_are_a_warning(scale):
    """Of no unit are lengths half as long as those of another."""
    rig = ring_rig(5).in_world(np.eye(3), scale)
    facts, problems = inspect_people(rig, detected_people(ring_rig(5)))
    assert [(problem.topic, problem.warning) for problem in problems] == [('unit', True)]
    assert 'times an adult: children' in problems[0].sentence


@pytest.mark.parametrize('seed', range(4))
def test_people_of_few_joints_in_two_cameras(seed):
    """Each view has joints of its own, so that few or none have two rays."""
    rng = np.random.default_rng(seed)
    people = detected_people(ring_rig(2), frames=20, seed=seed)
    for views in people.values():
        for seen in views.values():
            seen[..., 2] *= rng.random(seen.shape[:2]) < 0.6
    facts, _ = inspect_people(ring_rig(2), people)
    assert facts['frames'] == 20


def test_of_many_cameras_a_sample_associates_people_and_all_are_compared():
    seen = detected_people(ring_rig(8), frames=50)
    one = ring_rig(8).cameras
    # Every camera of the ring many times over, a little apart from itself.
    many = CameraRig(
        tuple(
            dataclasses.replace(c, name=f'{c.name}.{i}', t_w2c=c.t_w2c + [0, 0, 0.1 * i])
            for c in one
            for i in range(130)
        )
    )
    views = {
        frame: {camera.name: cameras[camera.name.split('.')[0]] for camera in many}
        for frame, cameras in seen.items()
    }
    facts, problems = inspect_people(many, views)
    assert not problems
    assert facts['frames'] == MIN_FRAMES and facts['cameras_associated'] == MAX_CAMERAS
    assert len(facts['reprojection_px']) == MAX_CAMERAS
    facts, _ = inspect_people(ring_rig(8), seen)
    assert facts['frames'] == 40 and 'cameras_associated' not in facts
