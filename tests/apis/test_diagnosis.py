import numpy as np
import pytest
from walking import SPACE, detected, room_rig, walk

from mmpose_ours.apis.diagnosis import RunStatistics, diagnose_recording
from mmpose_ours.calibration.checks.recording_report import MAX_SAMPLED


@pytest.fixture(scope='module')
def recording():
    rig = room_rig()
    return rig, detected(rig, walk(frames=110))


def _diagnosis(rig, frames, found=0, scores=(None, None), space=SPACE):
    statistics = RunStatistics(rig.names)
    for detections in frames:
        statistics.add(detections, found, *scores)
    return diagnose_recording(rig, space, statistics, 'rig.json')


def test_nobody_in_the_images(recording):
    rig, frames = recording
    said = _diagnosis(rig, [{n: p[:0] for n, p in i.items()} for i in frames])
    assert 'the 2D detector found nobody in any image' in said.causes
    assert '(detector=...)' in said.next_step


def test_swapped_cameras(recording):
    rig, frames = recording
    said = _diagnosis(rig, [{**i, 'cam0': i['cam1'], 'cam1': i['cam0']} for i in frames])
    assert "'cam0'" in said.causes[0] and "'cam1'" in said.causes[0]
    assert 'check-rig rig.json' in said.next_step
    assert any('cam0 and cam1' in line and 'too large' in line for line in said.lines)


def test_a_wrong_rig(recording):
    other = room_rig(4).in_world(np.eye(3))
    turned = [other[name] for name in other.names]
    names = ('cam2', 'cam3', 'cam1', 'cam0')
    wrong = type(other)(
        tuple(
            type(camera)(name, camera.K, camera.R_w2c, camera.t_w2c + (700, 300, 0), camera.size)
            for name, camera in zip(names, turned)
        )
    )
    said = _diagnosis(wrong, recording[1])
    assert 'are inconsistent' in said.causes[0]


def test_videos_that_began_at_different_moments(recording):
    rig, frames = recording
    late = [{**frames[i], 'cam2': frames[i - 10]['cam2']} for i in range(10, len(frames))]
    said = _diagnosis(rig, late)
    assert 'not synchronised' in said.causes[0]
    assert said.next_step.startswith("run again with frame_offsets={'cam2': ")


def test_a_dead_and_a_blind_camera(recording):
    rig, frames = recording
    some = [{**i, 'cam1': i['cam1'][:0]} for i in frames]
    for detections in some:
        detections.pop('cam3')
    said = _diagnosis(rig, some)
    assert said.causes[0] == 'no image of cam3'
    assert 'cam1' in said.causes[1]


def test_a_model_that_is_not_sure(recording):
    said = _diagnosis(*recording, scores=(0.12, 0.3))
    assert 'highest score of the model 0.12, threshold 0.30' in said.lines
    assert 'another rig' in said.causes[0]
    assert 'fit-space' in said.next_step


def test_a_model_of_images_has_no_detector_to_blame(recording):
    rig = recording[0]
    statistics = RunStatistics(rig.names)
    for _ in range(3):
        statistics.add(None, 0, 0.05, 0.3, rig.names)
    said = str(diagnose_recording(rig, SPACE, statistics))
    assert '2D detector' not in said and '2D keypoints (' not in said
    assert 'highest score of the model 0.05' in said and 'trained for another rig' in said


def test_memory_stays_small(recording):
    statistics = RunStatistics(recording[0].names)
    for _ in range(50):
        for detections in recording[1]:
            statistics.add(detections, 1)
    assert len(statistics.sample.sampled) <= MAX_SAMPLED and statistics.frames == 5500
    indices = np.array(list(map(int, statistics.sample.sampled)))
    assert indices[0] == 0 and indices[-1] > 4500


def test_a_run_without_a_fault_gets_no_advice(recording):
    rig, frames = recording
    people = max(len(p) for p in frames[0].values())
    said = _diagnosis(rig, frames, found=people)
    assert (said.causes, said.next_step, said.certain) == ((), '', False)
    hardly_any = _diagnosis(rig, frames)
    assert hardly_any.next_step, 'nobody was found'


def test_a_model_of_images_that_finds_people_gets_no_advice(recording):
    rig = recording[0]
    statistics = RunStatistics(rig.names)
    statistics.add(None, 2, 0.9, 0.3, rig.names)
    said = diagnose_recording(rig, SPACE, statistics)
    assert (said.causes, said.next_step) == ((), '')
