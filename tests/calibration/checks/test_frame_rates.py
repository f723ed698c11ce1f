"""Detections of one camera at another frame rate are found by the motion of people."""

from fractions import Fraction

import pytest
from walking import detected, room_rig, walk

from mmpose_ours.calibration.checks.frame_rates import find_frame_rates
from mmpose_ours.calibration.checks.recording_report import DetectionSample, judge_recording


@pytest.fixture(scope='module')
def recording():
    rig = room_rig()
    return rig, detected(rig, walk(frames=240))


def at_rates(frames, **rates):
    """The same recording where some cameras have so many frames per frame of the others."""
    resampled = {}
    for number in range(len(frames)):
        views = {}
        for name in frames[number]:
            moment = round(number / Fraction(rates.get(name, 1)))
            if moment < len(frames):
                views[name] = frames[moment][name]
        resampled[number] = views
    return resampled


@pytest.mark.parametrize(
    'rates',
    [{'cam2': '1/2'}, {'cam1': '2'}, {'cam0': '5/6'}, {'cam3': '2/5'}, {'cam2': '4/5'},
     {'cam1': '1/2', 'cam3': '1/3'}],
)  # fmt: skip
def test_other_rates_are_found(recording, rates):
    rig, frames = recording
    found = at_rates(frames, **rates)
    assert find_frame_rates(rig, found).rates == {n: Fraction(r) for n, r in rates.items()}
    detections = {str(number): views for number, views in found.items()}
    _, (problem,) = judge_recording(rig, DetectionSample.of(detections))
    assert problem.topic == 'rate' and not problem.warning
    assert problem.found == rates and set(problem.cameras) == set(rates)


def test_recordings_of_one_rate_are_none(recording):
    rig, frames = recording
    assert find_frame_rates(rig, dict(enumerate(frames))) is None
    nobody = {0: {name: frames[0][name][:0] for name in rig.names}}
    assert find_frame_rates(rig, nobody) is None


def test_a_wrong_calibration_or_an_offset_is_no_rate(recording):
    rig, frames = recording
    swapped = [{**views, 'cam0': views['cam1'], 'cam1': views['cam0']} for views in frames]
    assert find_frame_rates(rig, dict(enumerate(swapped))) is None
    late = {str(n): {**frames[n], 'cam2': frames[n - 8]['cam2']} for n in range(8, len(frames))}
    _, (problem,) = judge_recording(rig, DetectionSample.of(late))
    assert problem.topic == 'synchronisation' and list(problem.found) == ['cam2']
