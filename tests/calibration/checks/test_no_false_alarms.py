"""Right calibrations are never called wrong, however coarse the 2D detector is."""

import numpy as np
import pytest
from broken_rigs import MISTAKES
from calibration_rigs import ring_rig
from coarse_detections import coarse_people, random_rig

from mmpose_ours.calibration import read_rig
from mmpose_ours.calibration.checks.recording_report import DetectionSample, judge_recording
from mmpose_ours.detections import read_detections

NOISES = (0.01, 0.03, 0.06, 0.10, 0.15)


def trial(seed):
    rng = np.random.default_rng(seed)
    rig, noise = random_rig(rng), NOISES[seed % len(NOISES)]
    people = (1, 2) if seed % 2 else (2, 5)
    return rig, coarse_people(rig, rng, noise, people=people)


def wrong(rig, detections):
    problems = judge_recording(rig, DetectionSample.of(detections))[1]
    return [(p.topic, p.cameras) for p in problems if not p.warning]


@pytest.mark.parametrize('seed', range(10))
def test_a_right_rig(seed):
    """Of 2 to 6 cameras; joints missing, duplicates, people whom one camera alone sees."""
    assert wrong(*trial(seed)) == []


@pytest.mark.slow
def test_no_false_alarm_in_two_hundred_trials():
    assert [seed for seed in range(200) if wrong(*trial(seed))] == []


def opposite_exchanged(rig, detections, apart):
    """The recordings of the first camera and of another exchanged."""
    first, other = rig.names[0], rig.names[apart]
    return {
        frame: {**views, first: views[other], other: views[first]}
        for frame, views in detections.items()
    }


@pytest.mark.parametrize('noise', [0.0, 0.01, 0.03])
@pytest.mark.parametrize('apart', [1, 2])
def test_exchanged_recordings_of_neighbours_and_of_opposite_cameras(noise, apart):
    """Opposite cameras: people near the middle of the ring have small errors all the same."""
    rng = np.random.default_rng(3)
    rig = ring_rig(4)
    people = coarse_people(rig, rng, noise, duplicates=0, hidden=0)
    found = wrong(rig, opposite_exchanged(rig, people, apart))
    assert found == [('names', ('cam0', f'cam{apart}'))]


# What people find whatever the noise; the others are about the world, not about the views.
BY_VIEWS = ('centre for translation', 'translation for centre', 'mirrored axes',
            'two names exchanged')  # fmt: skip


@pytest.mark.parametrize('noise', [0.03, 0.06])
@pytest.mark.parametrize('mistake', BY_VIEWS)
def test_mistakes_are_found_with_a_coarse_detector(mistake, noise):
    rng = np.random.default_rng(4)
    people = coarse_people(ring_rig(5), rng, noise)
    change, topic, _ = MISTAKES[mistake]
    assert [found for found, _ in wrong(change(ring_rig(5)), people)] == [topic]


def test_a_coarse_detector_is_a_hint():
    rng = np.random.default_rng(6)
    rig = random_rig(rng)
    people = coarse_people(rig, rng, 0.15)
    facts, problems = judge_recording(rig, DetectionSample.of(people))
    assert all(problem.warning for problem in problems)
    assert 'reprojection' in {problem.topic for problem in problems}
    assert facts['disagreement'] > 0.08 and facts['bad_pairs'] == []


def test_opposite_cameras_of_the_reported_case(shared_data):
    case = shared_data.parent / 'cases' / '06-swapped-opposite-cameras-unnoticed' / 'input'
    rig = read_rig(case / 'rig.json')
    detections = read_detections(case / 'swapped.json', rig.names)
    assert wrong(rig, detections) == [('names', ('cam1', 'cam3'))]


@pytest.mark.parametrize('room', ['room.json', 'aligned.json'])
def test_three_cameras_and_a_coarse_detector(shared_data, room):
    """An operating room whose origin is a metre above the floor: that is a note."""
    case = shared_data.parent / 'cases' / '50-mvor_floor'
    rig = read_rig(case / room)
    detections = read_detections(case / 'kp.json', rig.names)
    problems = judge_recording(rig, DetectionSample.of(detections))[1]
    assert all(problem.warning for problem in problems)
    floor = [problem for problem in problems if problem.topic == 'floor']
    assert len(floor) == (room == 'room.json')
