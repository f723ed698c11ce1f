"""Left and right joints that are exchanged are found, by the other cameras or by the noses."""

import pytest
from walking import detected, room_rig, walk

from mmpose_ours.calibration import write_rig
from mmpose_ours.calibration.checks.left_right import find_exchanged_sides, sides_exchanged
from mmpose_ours.calibration.checks.recording_report import DetectionSample, judge_recording
from mmpose_ours.cli.main import main
from mmpose_ours.detections import write_detections


@pytest.fixture(scope='module')
def recording():
    rig = room_rig()
    return rig, detected(rig, walk(frames=120))


def exchanged(frames, cameras):
    return [
        {name: sides_exchanged(p) if name in cameras else p for name, p in views.items()}
        for views in frames
    ]


def judged(rig, frames):
    return judge_recording(rig, DetectionSample.of({str(n): v for n, v in enumerate(frames)}))


@pytest.mark.parametrize('camera', ['cam0', 'cam2'])
def test_a_camera_with_the_sides_exchanged_is_found(recording, camera):
    rig, frames = recording
    wrong = exchanged(frames, [camera])
    found = find_exchanged_sides(rig, wrong)
    assert found.cameras == (camera,) and found.error_exchanged < 0.6 * found.error
    _, (problem,) = judged(rig, wrong)
    assert problem.topic == 'sides' and problem.found == [camera] and not problem.warning


def test_all_cameras_with_the_sides_exchanged_are_found(recording):
    rig, frames = recording
    facts, problems = judged(rig, exchanged(frames, rig.names))
    assert [problem.topic for problem in problems] == ['sides']
    assert facts['noses_behind'] > 0.9 and not problems[0].cameras


def test_right_sides_other_offsets_and_nobody_are_none(recording):
    rig, frames = recording
    assert find_exchanged_sides(rig, frames) is None and not judged(rig, frames)[1]
    late = [{**frames[n], 'cam2': frames[n - 8]['cam2']} for n in range(8, len(frames))]
    _, (problem,) = judged(rig, late)
    assert problem.topic == 'synchronisation'
    assert find_exchanged_sides(rig, [{name: frames[0][name][:0] for name in rig.names}]) is None


def test_check_rig_says_so(recording, tmp_path, capsys):
    rig, frames = recording
    write_rig(rig, tmp_path / 'rig.json', 'panoptic')
    for cameras in (['cam1'], rig.names):
        wrong = {str(n): v for n, v in enumerate(exchanged(frames[:60], cameras))}
        write_detections(tmp_path / 'k.json', wrong)
        words = [str(tmp_path / 'rig.json'), '--keypoints', str(tmp_path / 'k.json')]
        assert main(['check-rig', *words]) == 1
        assert 'WRONG   sides: ' in capsys.readouterr().out
