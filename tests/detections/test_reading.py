import json

import numpy as np
import pytest
from attack import OPEN, Attack
from dataset_files import exact_detections, small_rig, write_pickle
from errors import fails

from mmpose_ours.detections import (
    read_detections,
    stack_views,
    write_detections,
)
from mmpose_ours.detections.format_table import IMPORTERS
from mmpose_ours.errors import FileFormatError
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeletons import SKELETONS

COCO17, BODY25 = SKELETONS['coco17'], SKELETONS['body25']
PERSON = [[10.0 * j, 5.0 * j, 0.5] for j in range(17)]


def save(path, data):
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def test_what_is_written_is_read_back(tmp_path):
    rig = small_rig()
    detections = exact_detections(rig)
    detections['000007']['left'][0, 3] = 0.0  # a joint that was not found
    detections['000008']['right'] = np.zeros((0, 17, 3))
    write_detections(tmp_path / 'k.json', detections)
    read = read_detections(tmp_path / 'k.json', rig.names)
    assert list(read) == list(detections)
    for frame, views in detections.items():
        assert list(read[frame]) == list(rig.names)
        for camera, people in views.items():
            assert read[frame][camera].dtype == np.float32
            assert read[frame][camera].shape == people.shape
            np.testing.assert_allclose(read[frame][camera], people, atol=1e-3)
    stored = json.loads((tmp_path / 'k.json').read_text())
    assert stored['frames']['000007']['left'][0][3] is None


def test_views_are_stacked_by_name_and_padded():
    views = {'a': np.ones((2, 17, 3)), 'b': np.full((1, 17, 3), 2.0)}
    stacked = stack_views(views, ['b', 'absent', 'a'])
    assert stacked.shape == (3, 2, 17, 3) and stacked.dtype == np.float32
    assert (stacked[0, 0] == 2).all() and (stacked[0, 1] == 0).all()
    assert (stacked[1] == 0).all() and (stacked[2] == 1).all()
    assert stack_views({}, ['a', 'b']).shape == (2, 0, 17, 3)


def test_body25_becomes_coco17_by_name(tmp_path):
    person = [[float(j), 100.0 + j, 0.25 + j / 100] for j in range(25)]
    person[BODY25.index('left_wrist')[0]] = None
    save(tmp_path / 'k.json', {'joints': 'body25', 'frames': {'1': {'a': [person]}}})
    people = read_detections(tmp_path / 'k.json', ['a'])['1']['a']
    assert people.shape == (1, 17, 3)
    for name, found in zip(COCO17.joints, people[0]):
        wanted = person[BODY25.index(name)[0]] or [0, 0, 0]
        np.testing.assert_allclose(found, wanted, rtol=1e-6, err_msg=name)


def test_joints_that_a_set_lacks_are_missing():
    people = np.ones((1, 15, 3), np.float32)
    coco = Keypoints2D(SKELETONS['panoptic15'], people).to(COCO17).array[0]
    lost = COCO17.index('left_eye', 'right_eye', 'left_ear', 'right_ear')
    assert (coco[lost] == 0).all() and (np.delete(coco, lost, 0) == 1).all()


def test_numbers_that_are_none_are_missing_joints(tmp_path):
    person = [list(joint) for joint in PERSON]
    person[2][0], person[5][1] = float('nan'), float('inf')
    save(tmp_path / 'k.json', {'frames': {'1': {'a': [person]}}})
    stored = np.array(PERSON)
    stored[2] = np.nan
    stored[5, 1] = np.inf
    write_pickle(tmp_path / 'k.pkl', {'a_1': [{'pred': stored}]})
    for name in ('k.json', 'k.pkl'):
        people = read_detections(tmp_path / name, ['a'])['1']['a']
        assert np.isfinite(people).all()
        assert (people[0, [2, 5]] == 0).all() and (people[..., 2] > 0).sum() == 15


@pytest.mark.parametrize(
    'data, place, code, found, expected',
    [
        ('{', 'not valid JSON', 'file-format', None, None),
        ([], 'is ', 'file-format', 'JSON, an empty list', list(IMPORTERS)),
        ({'joints': 'coco17'}, '$ ', 'missing-value', ['joints'], "'frames'"),
        ({'frames': {}, 'joints': 'hand21'}, '$.joints ', 'unknown-name', 'hand21',
         list(SKELETONS)),
        ({'frames': {}, 'fps': 30}, '$ ', 'unknown-name', 'fps',
         "only 'joints', 'source', 'frames'"),
        ({'frames': {'1': {'a': [PERSON[:-1] + [[1, 2]]]}}}, "$.frames['1'].a[0][16] ",
         'wrong-shape', 2, 'at least 3'),
        ({'frames': {'1': {'a': [PERSON[:-1] + [['1', 2, 3]]]}}}, "$.frames['1'].a[0][16][0] ",
         'file-format', '1', 'a number'),
        ({'frames': {'1': {'a': [PERSON[:-1] + [[1, 2, -0.5]]]}}}, "$.frames['1'].a[0][16][2] ",
         'out-of-range', -0.5, 'at least 0'),
        ({'frames': {'1': {'a': PERSON}}}, "$.frames['1'].a[0]", 'file-format', PERSON[0][0],
         'a list'),
        ({'frames': {'1': {'a': [PERSON, PERSON[:-1]]}}}, '$.frames["1"]["a"][1] ', 'wrong-shape',
         16, 17),
        ({'frames': {'1': {'a': [PERSON[:-1] + [[10**400, 2, 1]]]}}}, '$.frames["1"]["a"] ',
         'out-of-range', 10**400, 1e308),
        ({'joints': 'body25', 'frames': {'1': {'a': [PERSON]}}}, '$.frames["1"]["a"][0] ',
         'wrong-shape', 17, 25),
    ],
)  # fmt: skip
def test_json_that_breaks_the_schema_is_an_error_with_the_path(
    tmp_path, data, place, code, found, expected
):
    path = save(tmp_path / 'k.json', data)
    with fails(FileFormatError, code=code, file=path, found=found, expected=expected) as caught:
        read_detections(path, ['a'])
    assert str(caught.value).startswith(f'{path}: {place}'), 'the place is no field'


def test_an_unknown_camera_is_an_error_that_lists_the_known(tmp_path):
    save(tmp_path / 'k.json', {'frames': {'1': {'a': [], 'b': []}}})
    assert read_detections(tmp_path / 'k.json', ['b'])['1']['b'].shape == (0, 17, 3)
    known = dict(file=tmp_path / 'k.json', camera='c', expected=['a', 'b'])
    with fails(FileFormatError, code='unknown-camera', found=['c'], **known):
        read_detections(tmp_path / 'k.json', ['a', 'c'])
    with fails(FileFormatError, code='unknown-camera', found=['c', 'd'], **known):
        read_detections(tmp_path / 'k.json', ['d', 'a', 'c'][::-1])


def test_a_missing_file_is_an_error_that_says_what_to_do(tmp_path):
    # An error of the system has nothing but its sentence.
    with pytest.raises(FileNotFoundError, match=r'k\.json: no 2D keypoints there; detect people'):
        read_detections(tmp_path / 'k.json', ['a'])


def test_pickle_keys_are_split_from_the_right(tmp_path):
    person = {'pred': np.array(PERSON)}
    path = write_pickle(
        tmp_path / 'k.pkl',
        {'00_03_12': [person, person], '00_03_000013': [], '00_1_12': [person]},
    )
    read = read_detections(path, ['00_03', '00_1'])
    assert {f: {c: len(p) for c, p in v.items()} for f, v in read.items()} == {
        '12': {'00_03': 2, '00_1': 1}, '13': {'00_03': 0},
    }  # fmt: skip
    np.testing.assert_allclose(read['12']['00_03'][1], PERSON)


def test_pickled_joints_without_a_score_are_found(tmp_path):
    pred = np.array(PERSON)[:, :2]
    read = read_detections(write_pickle(tmp_path / 'k.pkl', {'0_1': [{'pred': pred}]}), ['0'])
    assert (read['1']['0'][..., 2] == 1).all()


@pytest.mark.parametrize(
    'data',
    [
        [1, 2],
        {'nothing': []},
        {'a_first': []},
        {'a_1': [{'kpts': np.zeros((17, 3))}]},
        {'a_1': [{'pred': np.zeros((14, 3))}]},
        {'a_1': [np.zeros((17, 3))]},
        {'a_1': 5},
    ],
)
def test_another_pickle_schema_is_refused(tmp_path, data):
    path = write_pickle(tmp_path / 'k.pkl', data)
    found = 'list' if isinstance(data, list) else next(iter(data))
    expected = "{'<camera>_<frame>': [{'pred': (17, 3)}]}"
    with fails(FileFormatError, code='file-format', file=path, found=found, expected=expected):
        read_detections(path, ['a'], format='voxelpose')


def test_pickles_of_other_things_are_not_keypoints(tmp_path):
    for data in ([1, 2], {'nothing': []}, {'a_1': 5}, {'cam_1': {'K': np.eye(3)}}):
        path = write_pickle(tmp_path / 'k.pkl', data)
        with fails(FileFormatError, code='file-format', file=path, expected=['voxelpose']):
            read_detections(path, ['a'])


def test_a_pickle_that_calls_code_is_not_run(tmp_path):
    path = write_pickle(tmp_path / 'k.pkl', {'a_1': [{'pred': Attack(tmp_path / 'run')}]})
    with fails(FileFormatError, code='unsafe', file=path, found=OPEN):
        read_detections(path, ['a'])
    assert not (tmp_path / 'run').exists()
