"""No file is taken for another tool's, and none of another purpose for keypoints."""

import json

import numpy as np
import pytest
from errors import fails
from fuzz.samples.keypoints import SAMPLES
from keypoint_layouts import LAYOUTS, NORMALISED, SINGLE, save_rows
from other_files import make
from tool_files import openpose_json, person, save

from mmpose_ours.detections import (
    FORMATS,
    read_detections,
    read_keypoints,
    write_detections,
)
from mmpose_ours.detections.format_table import IMPORTERS, OURS, recognise
from mmpose_ours.detections.formats.source import Source
from mmpose_ours.detections.formats.unrecognised import SMALLEST
from mmpose_ours.errors import FileFormatError

EVERY = [
    (name, layout)
    for layouts in (LAYOUTS, NORMALISED, SINGLE)
    for name, functions in layouts.items()
    for layout in functions
]


def claims(path):
    """The readers that take a path for theirs."""
    source = Source(path)
    return [
        name for name, reader in IMPORTERS.items() if reader.recognise(source.of(reader.ENDINGS))
    ]


@pytest.mark.parametrize('name, layout', EVERY, ids=lambda value: getattr(value, '__name__', value))
def test_a_layout_is_recognised_by_its_reader_alone(tmp_path, name, layout):
    assert claims(layout(tmp_path)) == [name]


@pytest.mark.parametrize('sample', SAMPLES)
def test_a_sample_is_recognised_by_its_reader_alone(tmp_path, sample):
    name = sample.partition(',')[0]
    path = SAMPLES[sample][0](tmp_path)
    assert claims(path) == ([] if name in OURS else [name])
    assert recognise(Source(path))[0] == name


@pytest.mark.parametrize('part', range(10))
def test_files_of_other_purposes_are_not_keypoints(tmp_path, part):
    """500 of them."""
    for number in range(part, 500, 10):
        path = make(number, tmp_path)
        assert claims(path) == [], path
        for file in path.rglob('*'):
            if file.is_file():
                assert claims(file) == [], file
        with pytest.raises(FileFormatError) as caught:
            read_detections(path)
        assert caught.value.code in ('file-format', 'no-data'), path


def test_every_reader_says_what_it_reads():
    for reader in IMPORTERS.values():
        assert reader.ENDINGS and all(ending == ending.lower() for ending in reader.ENDINGS)
        assert reader.LAYOUT and isinstance(reader.KEYS, tuple)


def test_the_smallest_file_of_the_message_can_be_read(tmp_path):
    (tmp_path / 'k.json').write_text(SMALLEST)
    people = read_keypoints(tmp_path / 'k.json')['0']['cam1']
    assert people.skeleton.joints == ('nose',)
    assert people.array.tolist() == [[[320.0, 240.0, pytest.approx(0.9)]]]


@pytest.mark.parametrize(
    'name, content, found, nearest',
    [
        ('k.json', {'joints': 'coco17', 'frame': {}}, 'JSON, an object with the keys', ['json']),
        ('a/1.json', {'persons': [{'pose_keypoints_2d': []}]}, '1 .json', ['openpose', 'pose2sim']),
        ('a.json', [{'image_name': '1.jpg', 'keypoints': [1, 2, 3], 'score': 1}], '"image_name"',
         ['openpifpaf', 'alphapose', 'coco']),
        ('a/1.json', {'shapes': []}, '"shapes"', [*IMPORTERS]),
        ('a/v_1.txt', '0 0.5 0.5 0.1 0.1', '1 .txt', ['yolo']),
        ('a.csv', [['scorer', 'x'], ['bodyparts', 'nose']], 'text that begins with "scorer", "x"',
         ['deeplabcut', 'sleap']),
        ('a.h5', 'HDF', '1 .h5', [*IMPORTERS]),
        ('a.mp4', 'video', '1 .mp4', [*IMPORTERS]),
    ],
)  # fmt: skip
def test_what_fits_no_format_has_nearest_ones(tmp_path, name, content, found, nearest):
    path = tmp_path / 'in' / name
    path.parent.mkdir(parents=True)
    if name.endswith('.csv'):
        save_rows(path, content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    with fails(
        FileFormatError, code='file-format', file=tmp_path / 'in', expected=nearest
    ) as caught:
        read_detections(tmp_path / 'in')
    assert found in caught.value.found
    assert SMALLEST in str(caught.value)
    with pytest.raises(FileFormatError):
        read_detections(path)


def test_an_empty_folder_has_no_data(tmp_path):
    (tmp_path / 'cam1').mkdir()
    with fails(FileFormatError, code='no-data', found='an empty folder', expected=[*IMPORTERS]):
        read_detections(tmp_path)


def test_boxes_alone_are_named_as_such(tmp_path):
    labels = tmp_path / 'labels'
    labels.mkdir()
    (labels / 'cam1_1.txt').write_text('0 0.5 0.5 0.1 0.1 0.9\n')
    with pytest.raises(FileFormatError) as caught:
        read_detections(tmp_path)
    assert 'its lines of 6 numbers are boxes alone' in str(caught.value)


def test_a_named_format_is_not_asked_for_its_content(tmp_path):
    save(tmp_path / 'cam_a' / '1.json', {'people': [], 'anything': 1})
    save(tmp_path / 'cam_a' / '2.json', openpose_json(person()))
    assert len(read_detections(tmp_path, format='openpose')['2']['cam_a']) == 1
    assert 'openpose' in FORMATS


def test_folders_of_one_name_in_the_cameras_folders_are_looked_into(tmp_path):
    for camera in ('cam_a', 'cam_b'):
        save(tmp_path / camera / 'json' / '7_keypoints.json', openpose_json(person('body25')))
    assert set(read_keypoints(tmp_path)['7']) == {'cam_a', 'cam_b'}
    save(tmp_path / 'cam_b' / 'other' / '7_keypoints.json', openpose_json(person('body25')))
    with fails(FileFormatError, code='file-format', file=tmp_path):
        read_keypoints(tmp_path)


@pytest.mark.parametrize('names', [('take',), ('take1', 'take2')])
def test_folders_above_a_recording_name_it(tmp_path, names):
    for name in names:
        for camera in ('cam_a', 'cam_b'):
            save(tmp_path / name / camera / '7_keypoints.json', openpose_json(person('body25')))
    expected = [str(tmp_path / name) for name in names]
    with fails(FileFormatError, code='file-format', file=tmp_path, expected=expected):
        read_keypoints(tmp_path)
    read_keypoints(expected[0])


def test_arrays_of_other_tools_are_not_keypoints(tmp_path):
    path = tmp_path / 'x.npz'
    np.savez(path, keypoints=np.zeros((4, 2, 17, 3)), frames=np.arange(4))
    with fails(FileFormatError, code='file-format', file=path, expected=[*IMPORTERS]):
        recognise(Source(path))
    write_detections(path, {'0': {'cam1': np.ones((1, 17, 3))}})
    assert recognise(Source(path))[0] == 'npz'
