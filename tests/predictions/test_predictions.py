import copy
import json

import jsonschema
import numpy as np
import pytest
from errors import fails

from mmpose_ours.errors import FileFormatError, InputError, LimitError
from mmpose_ours.evaluation import read_panoptic_truth
from mmpose_ours.io.limits import limited
from mmpose_ours.predictions.reading import SCHEMA_FILE, read_predictions, write_predictions
from mmpose_ours.structures.poses import Poses3D
from mmpose_ours.structures.skeletons import SKELETONS

SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding='utf-8'))
POSE = [[10.0 * i, 2.0, 100.0 + i] for i in range(17)]
JOINT = '[x, y, z], [x, y, z, score] or null'
GOOD = {'unit': 'mm', 'joints': 'coco17', 'frames': {'350': [POSE]}}


def changed(*keys, to):
    """GOOD with the value at a path replaced, or taken out with ``...``."""
    document = copy.deepcopy(GOOD)
    place = document
    for key in keys[:-1]:
        place = place[key]
    if to is ...:
        del place[keys[-1]]
    else:
        place[keys[-1]] = to
    return document


def write(path, document):
    path.write_text(json.dumps(document), encoding='utf-8')
    return path


def test_schema_is_itself_valid_and_known_by_urn():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA['$id'].startswith('urn:')
    assert SCHEMA['properties']['joints']['anyOf'][0]['enum'] == list(SKELETONS)


def test_millimetres_z_up(tmp_path):
    people = read_predictions(write(tmp_path / 'p.json', GOOD))
    assert list(people.frames) == [350] and people.skeleton.name == 'coco17'
    np.testing.assert_array_equal(people.frames[350].xyz_mm, [POSE])
    assert people.frames[350].scores.tolist() == [1]


@pytest.mark.parametrize(('unit', 'factor'), [('mm', 1), ('cm', 10), ('m', 1000)])
def test_units(tmp_path, unit, factor):
    people = read_predictions(write(tmp_path / 'p.json', changed('unit', to=unit)))
    np.testing.assert_allclose(people.frames[350].xyz_mm, np.array([POSE]) * factor)


def test_minus_y_up(tmp_path):
    document = {**GOOD, 'up': '-y', 'frames': {'0': [[[1, 2, 3]] * 17]}}
    people = read_predictions(write(tmp_path / 'p.json', document))
    assert people.frames[0].xyz_mm[0, 0].tolist() == [1, 3, -2]


def test_null_joints_and_empty_frames(tmp_path):
    document = {**GOOD, 'frames': {'7': [[None] + POSE[1:]], 'take_8': []}}
    people = read_predictions(write(tmp_path / 'p.json', document))
    assert (
        np.isnan(people.frames[7].xyz_mm[0, 0]).all()
        and np.isfinite(people.frames[7].xyz_mm[0, 1:]).all()
    )
    assert people.frames['take_8'].xyz_mm.shape == (0, 17, 3)
    assert people.frames['take_8'].scores.shape == (0,)


def test_scores_of_joints_and_of_people(tmp_path):
    scored = [[*joint, 0.5] for joint in POSE]
    scored[0] = [*POSE[0], 1.0]
    document = {**GOOD, 'frames': {'1': [scored], '2': [POSE], '3': [[None] + POSE[1:]]}}
    document['scores'] = {'2': [0.25], '3': [[0.0] + [0.75] * 16]}
    people = read_predictions(write(tmp_path / 'p.json', document))
    assert people.frames[1].scores[0] == pytest.approx((1 + 16 * 0.5) / 17)
    assert people.frames[2].scores[0] == 0.25
    assert people.frames[3].scores[0] == 0.75  # the score of a missing joint does not count


def test_what_is_written_is_read_back_and_fits_the_schema(tmp_path):
    rng = np.random.default_rng(0)
    poses = rng.normal(size=(2, 17, 3)) * 1000
    poses[1, 4] = np.nan
    frames = {
        3: Poses3D(SKELETONS['coco17'], poses, np.array([0.5, 0.25])),
        'night': np.empty((0, 17, 3)),
    }
    path = tmp_path / 'out' / 'p.json'
    write_predictions(path, frames)
    jsonschema.validate(json.loads(path.read_text()), SCHEMA)
    people = read_predictions(path)
    np.testing.assert_allclose(people.frames[3].xyz_mm, poses, atol=5.1e-4)
    assert people.frames[3].scores.tolist() == [0.5, 0.25]
    assert len(people.frames['night'].xyz_mm) == 0


@pytest.mark.parametrize(
    ('frames', 'fields'),
    [
        (
            {1: np.zeros((1, 14, 3))},
            dict(code='wrong-shape', frame=1, found=(1, 14, 3), expected=('P', 17, 3)),
        ),
        (
            {1: np.zeros((0, 17, 3)), '01': np.zeros((0, 17, 3))},
            dict(code='duplicate', frame='01'),
        ),
        (
            {1: Poses3D(SKELETONS['coco17'], np.zeros((1, 17, 3)), np.array([np.nan]))},
            dict(code='not-finite', frame=1, expected=(1,)),
        ),
    ],
)
def test_writing_nonsense_is_an_error_and_leaves_no_file(tmp_path, frames, fields):
    with fails(InputError, **fields):
        write_predictions(tmp_path / 'p.json', frames)
    assert list(tmp_path.iterdir()) == []


BAD = [
    ([], '$', 'is a list of 0'),
    (changed('unit', to=...), '$', "has no 'unit'"),
    (changed('unit', to='inch'), '$.unit', 'is "inch"'),
    (changed('joints', to='coco99'), '$.joints', 'is "coco99"'),
    ({**GOOD, 'up': 'y'}, '$.up', 'is "y"'),
    (changed('frames', to=[]), '$.frames', 'is a list of 0'),
    ({**GOOD, 'scores': []}, '$.scores', 'is a list of 0'),
    (changed('frames', '350', to={}), "$.frames['350']", 'an object'),
    (changed('frames', '350', 0, to=7), "$.frames['350'][0]", '7'),
    (changed('frames', '350', 0, 2, to=[1, 2]), "$.frames['350'][0][2]", 'a list of 2'),
    (changed('frames', '350', 0, 2, to=[1, 2, '3']), "$.frames['350'][0][2]", 'a list of 3'),
    (changed('frames', '350', 0, 2, to=[1, 2, True]), "$.frames['350'][0][2]", 'a list of 3'),
    (changed('frames', '350', 0, 2, to=[1, 2, None]), "$.frames['350'][0][2]", 'a list of 3'),
    ({**GOOD, 'scores': {'350': ['high']}}, "$.scores['350'][0]", '"high"'),
]


@pytest.mark.parametrize(('document', 'place', 'found'), BAD)
def test_reader_and_schema_refuse_the_same(tmp_path, document, place, found):
    path = write(tmp_path / 'p.json', document)
    with fails(FileFormatError, code='file-format', file=path, found=found) as caught:
        read_predictions(path)
    assert str(caught.value).startswith((f'{path}: {place}: ', f'{path}: {place} '))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


@pytest.mark.parametrize(
    ('document', 'fields'),
    [
        (
            changed('frames', '350', 0, to=POSE[:15]),
            dict(code='wrong-shape', found=15, expected=17),
        ),
        (
            changed('frames', to={'1': [], '01': []}),
            dict(code='duplicate', frame=1, found=['1', '01']),
        ),
        (
            {**GOOD, 'scores': {'350': []}},
            dict(code='wrong-shape', found='a list of 0', expected='1 scores, one per person'),
        ),
        (
            {**GOOD, 'scores': {'350': [[1.0]]}},
            dict(code='wrong-shape', found='a list of 1', expected='a number or 17 numbers'),
        ),
        ({**GOOD, 'scores': {'351': []}}, dict(code='no-match', frame='351')),
        (changed('frames', '350', 0, 2, to=[1, 2, float('nan')]), dict(expected=JOINT)),
        (changed('frames', '350', 0, 2, to=[1, 2, 10**400]), dict(expected=JOINT)),
    ],
)
def test_what_no_schema_can_say_is_refused_too(tmp_path, document, fields):
    path = write(tmp_path / 'p.json', document)
    with fails(FileFormatError, file=path, **fields):
        read_predictions(path)


def test_no_json_is_an_error_that_names_the_file(tmp_path):
    path = tmp_path / 'p.json'
    path.write_text('{"unit": ')
    with fails(FileFormatError, code='file-format', file=path):
        read_predictions(path)


def body(confidence=1.0):
    joints = np.arange(19 * 4, dtype=float).reshape(19, 4)
    joints[:, 3] = confidence
    return joints


def write_body(folder, frame, *bodies):
    people = [{'id': i, 'joints19': b.ravel().tolist()} for i, b in enumerate(bodies)]
    write(folder / f'body3DScene_{frame:08d}.json', {'version': 0.7, 'bodies': people})


def test_panoptic_folder(tmp_path):
    doubtful, hipless = body(), body()
    doubtful[4, 3] = 0.1  # the left elbow
    hipless[2, 3] = 0.05  # the mid-hip
    write_body(tmp_path, 120, doubtful, hipless)
    write_body(tmp_path, 121)
    truth = read_panoptic_truth(tmp_path)
    assert truth.skeleton.name == 'panoptic15' and list(truth.frames) == [120, 121]
    assert truth.frames[120].xyz_mm.shape == (1, 15, 3) and truth.frames[121].xyz_mm.shape == (
        0,
        15,
        3,
    )
    assert truth.frames[120].xyz_mm[0, 1].tolist() == [40, 60, -50]  # cm (4, 5, 6), y down
    assert np.isnan(truth.frames[120].xyz_mm[0, 4]).all()
    assert np.isnan(truth.frames[120].xyz_mm).any(-1).sum() == 1


def test_panoptic_errors_name_the_file(tmp_path):
    with fails(FileFormatError, code='no-data', file=tmp_path):
        read_panoptic_truth(tmp_path)
    write_body(tmp_path, 1, body()[:18])
    file = tmp_path / 'body3DScene_00000001.json'
    with fails(FileFormatError, code='wrong-shape', file=file, found=72, expected=76):
        read_panoptic_truth(tmp_path)
    other = write(tmp_path / 'body3DScene_00000000.json', {})
    with fails(FileFormatError, code='file-format', file=other):
        read_panoptic_truth(tmp_path)


def test_a_panoptic_frame_that_is_there_twice_is_refused(tmp_path):
    write_body(tmp_path, 1)
    write(tmp_path / 'body3DScene_01.json', {'bodies': []})
    with fails(FileFormatError, code='duplicate', file=tmp_path, frame=1):
        read_panoptic_truth(tmp_path)


def test_more_digits_than_numbers_have_are_a_name(tmp_path):
    data = changed('frames', to={'9' * 15: [], '9' * 16: [], '9' * 5000: [], '0' * 99 + '7': []})
    found = read_predictions(write(tmp_path / 'p.json', {**data, 'scores': {}}))
    assert list(found.frames) == [10**15 - 1, '9' * 16, '9' * 5000, 7]


@pytest.mark.parametrize(
    ('name', 'value'), [('frames', {str(n): [] for n in range(9)}), ('people_per_view', None)]
)
def test_numbers_are_bounded(tmp_path, name, value):
    data = {**GOOD, 'scores': {}, **({'frames': value} if value else {})}
    path = write(tmp_path / 'p.json', data)
    read_predictions(path)
    with limited(**{name: 0}), pytest.raises(LimitError) as caught:
        read_predictions(path)
    assert caught.value.limit == name
