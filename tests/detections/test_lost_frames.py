"""Frames and cameras that would overwrite or join each other are errors that name both."""

import numpy as np
import pytest
from dataset_files import exact_detections, small_rig
from frame_results import predictions_of
from tool_files import mmpose_instances, openpose_json, person, results, save

from mmpose_ours.detections import (
    DetectionsWriter,
    open_keypoints,
    read_detections,
    write_detections,
)
from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.recordings.footage import frames_by_key
from mmpose_ours.recordings.keypoint_frames import apply_frame_offsets
from mmpose_ours.visualization.results import results_of

PEOPLE = np.ones((1, 17, 3), np.float32)


def refused(function, *args, **kwargs):
    with pytest.raises(InputError) as caught:
        function(*args, **kwargs)
    return caught.value


@pytest.mark.parametrize('ending', ['json', 'npz'])
def test_leading_zeros_in_a_keypoint_file(tmp_path, ending):
    path = tmp_path / f'k.{ending}'
    with DetectionsWriter(path) as writer:  # as version 0.1 wrote it
        writer.add('000001', {'a': PEOPLE})
        writer._sink.add('1', {'a': PEOPLE})
    for reader in (read_detections, open_keypoints):
        error = refused(reader, path)
        assert isinstance(error, FileFormatError)
        assert error.found == ['000001', '1'] and error.file == str(path)


@pytest.mark.parametrize('ending', ['json', 'npz'])
@pytest.mark.parametrize('frames', [(1, '1'), ('1', '000001'), ('0', '000'), ('', '0')])
def test_the_writer_refuses_them_too(tmp_path, ending, frames):
    error = refused(
        write_detections, tmp_path / f'k.{ending}', {frame: {'a': PEOPLE} for frame in frames}
    )
    assert error.code == 'duplicate' and error.found == [str(frame) for frame in frames]
    assert list(tmp_path.iterdir()) == []


def test_the_writer_refuses_cameras_of_one_name(tmp_path):
    error = refused(write_detections, tmp_path / 'k.json', {'7': {1: PEOPLE, '1': PEOPLE}})
    assert (error.code, error.frame, error.found) == ('duplicate', '7', [1, '1'])


def test_detections_in_memory():
    detections = {'01': {'a': PEOPLE}, 1: {'a': PEOPLE}}
    assert refused(frames_by_key, detections, 'x').found == ['01', 1]
    assert refused(apply_frame_offsets, detections, {'a': 3}).found == ['01', 1]
    poses = predictions_of({1: np.zeros((0, 17, 3))})
    assert refused(results_of, poses, detections).found == ['01', 1]


def test_an_inferencer_refuses_them():
    from mmpose_ours.apis.stage_timer import StageTimer
    from mmpose_ours.apis.view_sources import Views

    rig = small_rig()
    exact = exact_detections(rig)['000007']
    views = Views(rig, StageTimer(), print).from_keypoints((), {'7': exact, '07': exact}, 'x')
    assert refused(list, views).found == ['7', '07']


def test_names_are_bounded(tmp_path):
    for frame, camera in (('', 'a'), ('1' * 2000, 'a'), ('1', ''), ('1', 'c' * 10**6)):
        save(tmp_path / 'k.json', {'frames': {frame: {camera: []}}})
        error = refused(read_detections, tmp_path / 'k.json')
        assert error.file and len(str(error)) < 500


def test_two_folders_or_files_of_one_camera(tmp_path):
    for folder in ('cam1', 'cam1_json'):
        save(tmp_path / 'op' / folder / '7_keypoints.json', openpose_json(person('body25')))
    error = refused(read_detections, tmp_path / 'op')
    assert error.camera == 'cam1' and error.found == ['cam1', 'cam1_json']
    frames = [{'frame_id': 7, 'instances': mmpose_instances(person())}]
    for name in ('cam1.json', 'results_cam1.json'):
        save(tmp_path / 'mm' / name, frames)
    error = refused(read_detections, tmp_path / 'mm')
    assert error.camera == 'cam1' and error.found == ['cam1.json', 'results_cam1.json']
    for name in ('a.json', 'b.json'):
        save(tmp_path / 'alpha' / 'cam1' / name, results('7.jpg', person()))
    error = refused(read_detections, tmp_path / 'alpha')
    assert error.camera == 'cam1' and error.found == ['cam1/a.json', 'cam1/b.json']


def test_images_in_folders_and_beside_them(tmp_path):
    save(tmp_path / 'cam1' / '7_keypoints.json', openpose_json(person('body25')))
    save(tmp_path / 'cam2_7_keypoints.json', openpose_json(person('body25')))
    assert refused(read_detections, tmp_path).found == [
        'cam2_7_keypoints.json', 'cam1/7_keypoints.json'
    ]  # fmt: skip


def test_two_files_of_one_view(tmp_path):
    for name in ('cam1_0001', 'cam1_1'):
        save(tmp_path / f'{name}.json', openpose_json(person('body25')))
    error = refused(read_detections, tmp_path)
    assert (error.camera, error.frame) == ('cam1', 1)
    assert error.found == ['cam1_0001.json', 'cam1_1.json']


def test_images_of_alphapose_that_would_join(tmp_path):
    found = results('cam1_0007.jpg', person()) + results('cam1/7.jpg', person(shift=9.0))
    error = refused(read_detections, save(tmp_path / 'r.json', found))
    assert (error.camera, error.frame) == ('cam1', 7)
    assert error.found == ['cam1_0007.jpg', 'cam1/7.jpg']
    found = results('cam_a_7.jpg', person()) + results('cam_b_7.jpg', person(shift=9.0))
    error = refused(read_detections, save(tmp_path / 'r.json', found), ['gate'])
    assert error.found == ['cam_a_7.jpg', 'cam_b_7.jpg']


def test_images_and_files_of_coco_that_would_join(tmp_path):
    images = [{'id': 1, 'file_name': 'a/1.jpg'}, {'id': 1, 'file_name': 'b/1.jpg'}]
    data = {'images': images, 'annotations': results(1, person())}
    refused(read_detections, save(tmp_path / 'one' / 'c.json', data))
    data['images'][1]['id'] = True
    refused(read_detections, save(tmp_path / 'one' / 'c.json', data))
    save(tmp_path / 'two' / 'images.json', {'images': images[:1]})
    for name in ('r1.json', 'r2.json'):
        save(tmp_path / 'two' / name, results(1, person()))
    found = refused(read_detections, tmp_path / 'two').found
    assert [name[-7:] for name in found] == ['r1.json', 'r2.json']


def test_images_of_a_recording_that_are_the_same_frame(tmp_path):
    from mmpose_ours.sources.recorded import read_recording

    rig = small_rig()
    for name in rig.names:
        for image in ('7.jpg', '07.jpg'):
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / image).write_bytes(b'')
    error = refused(read_recording, rig, str(tmp_path), None, None, 'coco17', print)
    assert error.frame == '7' and len(error.found) == 2
