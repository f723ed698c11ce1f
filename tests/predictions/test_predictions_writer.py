"""Predictions files frame by frame, and what stands beside the frames."""

import contextlib
import copy
import json
import os
import tempfile
import tracemalloc
import types

import jsonschema
import numpy as np
import pytest
from errors import fails
from small_disk import small_disk

from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.io.disk.files import explain_os_error
from mmpose_ours.io.limits import limits
from mmpose_ours.predictions import writing as module
from mmpose_ours.predictions.reading import (
    SCHEMA_FILE,
    PredictionsWriter,
    read_predictions,
    write_predictions,
)
from mmpose_ours.structures.poses import Poses3D
from mmpose_ours.structures.skeletons import COCO17

SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding='utf-8'))
POSES = np.arange(2 * 17 * 3, dtype=float).reshape(2, 17, 3)
SPACE = CaptureVolume((100, 0, 1000), (6000, 5000, 2200))
NOBODY = np.zeros((0, 17, 3))
SPREAD = np.where(np.arange(34).reshape(2, 17) == 20, np.nan, 12.5)


def test_everything_is_read_back(tmp_path):
    made_by = {'config': 'ours/x.py', 'versions': {'numpy': '1'}}
    about = dict(fps=12.5, rig='3f1c', made_by=made_by, space=SPACE)
    with PredictionsWriter(tmp_path / 'p.json', **about) as writer:
        writer.add('0007', POSES, np.array([0.5, 0.25]), np.array([4, 0]), np.array([3, 5]), SPREAD)
        writer.add('night', NOBODY)
        writer.add(8, POSES[:1], ids=np.array([0]))
    jsonschema.validate(json.loads((tmp_path / 'p.json').read_text()), SCHEMA)
    people = read_predictions(tmp_path / 'p.json')
    assert list(people.frames) == [7, 'night', 8]
    assert {name: getattr(people, name) for name in about} == about
    np.testing.assert_array_equal(people.frames[7].xyz_mm, POSES)
    assert people.frames[7].scores.tolist() == [0.5, 0.25] and people.frames[8].scores.tolist() == [
        1
    ]
    ids = {frame: poses.track_ids.tolist() for frame, poses in people.frames.items()}
    assert ids == {7: [4, 0], 'night': [], 8: [0]} and people.tracked
    assert people.frames[7].views.tolist() == [3, 5] and people.frames[8].views is None
    np.testing.assert_array_equal(people.frames[7].std_mm, SPREAD)


def test_the_short_way_writes_the_same(tmp_path):
    two = Poses3D(COCO17, POSES, track_ids=np.array([1, 0]), views=np.array([2, 2]))
    nobody = Poses3D(COCO17, NOBODY, track_ids=np.zeros(0, int))
    write_predictions(tmp_path / 'a.json', {1: two, 2: nobody}, fps=5)
    with PredictionsWriter(tmp_path / 'b.json', fps=5) as writer:
        writer.add(1, POSES, ids=np.array([1, 0]), views=np.array([2, 2]))
        writer.add(2, NOBODY, ids=np.zeros(0, int))
    assert (tmp_path / 'a.json').read_text() == (tmp_path / 'b.json').read_text()


@pytest.mark.parametrize(
    ('beside', 'code', 'found', 'expected'),
    [
        ({'ids': [3, 3]}, 'duplicate', [3, 3], (2,)),
        ({'ids': [3]}, 'wrong-shape', [3], (2,)),
        ({'ids': [0.5, 1]}, 'wrong-shape', [0.5, 1], (2,)),
        ({'ids': [-1, 1]}, 'out-of-range', [-1, 1], (2,)),
        ({'views': [1, 2, 3]}, 'wrong-shape', [1, 2, 3], (2,)),
        ({'spread_mm': np.zeros(2)}, 'wrong-shape', (2,), (2, 17)),
        ({'spread_mm': np.full((2, 17), -1.0)}, 'out-of-range', (2, 17), (2, 17)),
        ({'scores': [1, np.inf]}, 'not-finite', [1, np.inf], (2,)),
    ],
)
def test_a_frame_that_does_not_fit_is_not_written_and_others_may_follow(
    tmp_path, beside, code, found, expected
):
    with PredictionsWriter(tmp_path / 'p.json') as writer:
        with fails(InputError, code=code, frame=5, found=found, expected=expected):
            writer.add(5, POSES, **{key: np.asarray(value) for key, value in beside.items()})
        writer.add(6, POSES)
    people = read_predictions(tmp_path / 'p.json')
    assert list(people.frames) == [6] and not people.tracked


def test_temporary_files_are_closed_with_the_writer(tmp_path, monkeypatch):
    spools = []

    def opened(*args, **kwargs):
        spools.append(tempfile.TemporaryFile(*args, **kwargs))
        return spools[-1]

    monkeypatch.setattr(module, 'tempfile', types.SimpleNamespace(TemporaryFile=opened))
    with PredictionsWriter(tmp_path / 'a.json') as writer:
        writer.add(1, np.zeros((1, 17, 3)), scores=[1.0], views=[2])
    assert [spool.closed for spool in spools] == [True, True]


def test_all_people_have_ids_or_nobody(tmp_path):
    with fails(InputError, code='conflict', frame=2):
        with PredictionsWriter(tmp_path / 'p.json') as writer:
            writer.add(0, NOBODY)
            writer.add(1, POSES, ids=np.array([0, 1]))
            writer.add(2, POSES)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('fps', [0, -1, 5e-324, 1e308, float('nan'), float('inf')])
def test_a_frame_rate_is_one_that_the_reader_takes(tmp_path, fps):
    with pytest.raises(InputError) as caught:
        PredictionsWriter(tmp_path / 'p.json', fps=fps)
    assert caught.value.code == 'out-of-range' and caught.value.found is fps


def test_an_exception_keeps_what_was_there(tmp_path):
    path = tmp_path / 'p.json'
    path.write_text('before')
    with pytest.raises(KeyboardInterrupt), PredictionsWriter(path) as writer:
        writer.add(1, POSES, np.ones(2))
        raise KeyboardInterrupt
    assert path.read_text() == 'before' and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize('room', [10, 30_000])
def test_a_full_disk_leaves_no_half_file_and_is_reported(tmp_path, monkeypatch, room):
    small_disk(monkeypatch, module, room)
    with pytest.raises(OSError) as caught, PredictionsWriter(tmp_path / 'p.json') as writer:
        for frame in range(100):
            writer.add(frame, POSES, np.ones(2))
    reported = explain_os_error(caught.value)
    assert reported.startswith(f'{tmp_path / "p.json"}: no space left') and 'make room' in reported
    assert list(tmp_path.iterdir()) == []


def test_memory_does_not_grow_with_the_recording(tmp_path):
    path, scores, ids = tmp_path / 'p.json', np.ones(2), np.arange(2)
    tracemalloc.start()
    with PredictionsWriter(path) as writer:
        for frame in range(1500):
            writer.add(frame, POSES + 0.123, scores, ids, ids, SPREAD)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 1.5e6
    assert peak < 0.8e6


def document(**beside):
    return {
        'unit': 'm', 'joints': 'coco17', 'frames': {'1': POSES.tolist(), '2': []}, **beside
    }  # fmt: skip


ROW = [1.0] * 17
TINY = {'center_mm': [0, 0, 0], 'size_mm': [8, 8, 2]}


@pytest.mark.parametrize(
    ('beside', 'place', 'code', 'found', 'schema_too'),
    [
        ({'ids': {'1': [1, 1]}}, "$.ids['1']", 'duplicate', 'a list of 2', True),
        ({'ids': {'1': [2**53, 1]}}, "$.ids['1']", 'out-of-range', str(2**53), True),
        ({'ids': {'1': [10**400, 1]}}, "$.ids['1']", 'out-of-range', '1' + 36 * '0' + '...', True),
        ({'ids': {'1': [1.5, 1]}}, "$.ids['1']", 'file-format', '1.5', True),
        ({'ids': {'1': [True, 2]}}, "$.ids['1']", 'file-format', 'true', True),
        ({'ids': {'1': [1]}}, "$.ids['1']", 'wrong-shape', 'a list of 1', False),
        ({'ids': {}}, '$.ids', 'missing-value', None, False),
        ({'ids': {'1': [0, 1], '3': []}}, '$.ids', 'no-match', None, False),
        ({'views': {'1': [1, -1]}}, "$.views['1']", 'out-of-range', '-1', True),
        ({'views': {'1': [1]}}, "$.views['1']", 'wrong-shape', 'a list of 1', False),
        (
            {'spread_mm': {'1': [ROW, [*ROW[1:], -1]]}},
            "$.spread_mm['1'][1]",
            'out-of-range',
            'a list of 17',
            True,
        ),
        (
            {'spread_mm': {'1': [ROW, ROW[1:]]}},
            "$.spread_mm['1'][1]",
            'wrong-shape',
            'a list of 16',
            False,
        ),
        ({'spread_mm': {'1': [ROW]}}, "$.spread_mm['1']", 'wrong-shape', 'a list of 1', False),
        ({'fps': 0}, '$.fps', 'file-format', 'is 0', True),
        ({'fps': 10**400}, '$.fps', 'file-format', f'is 1{36 * "0"}...', True),
        ({'fps': float('nan')}, '$.fps', 'not-finite', 'NaN', False),
        ({'views': {'1': [1, 2**31]}}, "$.views['1']", 'out-of-range', str(2**31), False),
        ({'rig': 7}, '$.rig', 'file-format', 'is 7', True),
        ({'space': {'center_mm': [0, 0, 0]}}, '$.space', 'file-format', "has no 'size_mm'", True),
        ({'space': TINY}, '$.space', 'out-of-range', TINY, False),
        ({'made_by': []}, '$.made_by', 'file-format', 'is a list of 0', True),
    ],
)
def test_what_stands_beside_frames_is_checked(tmp_path, beside, place, code, found, schema_too):
    path = tmp_path / 'p.json'
    path.write_text(json.dumps(document(**copy.deepcopy(beside))))
    with fails(FileFormatError, code=code, file=path, found=found) as caught:
        read_predictions(path)
    assert str(caught.value).startswith((f'{path}: {place}: ', f'{path}: {place} '))
    if schema_too:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(document(**beside), SCHEMA)


def test_spread_is_in_mm_whatever_the_unit(tmp_path):
    path = tmp_path / 'p.json'
    path.write_text(json.dumps(document(spread_mm={'1': [ROW, [None] * 17]})))
    people = read_predictions(path)
    np.testing.assert_array_equal(people.frames[1].xyz_mm, POSES * 1000)
    np.testing.assert_array_equal(people.frames[1].std_mm, [ROW, [np.nan] * 17])


@pytest.mark.parametrize(
    'values',
    [
        dict(poses=POSES + 1e15),
        dict(scores=np.array([1, 1e15])),
        dict(ids=np.array([1, 2**53])),
        dict(views=np.array([1, limits().cameras + 1])),
        dict(spread_mm=np.full((2, 17), 1e15)),
        dict(frame=os.fsdecode(b'\xff')),
    ],
)
def test_nothing_is_written_that_the_reader_refuses(tmp_path, values):
    code = 'cannot-express' if 'frame' in values else 'out-of-range'
    with PredictionsWriter(tmp_path / 'p.json') as writer:
        with fails(InputError, code=code):
            writer.add(**{'frame': 'a', 'poses': POSES, **values})
        writer.add('b', POSES, ids=np.array([1, 2**53 - 1]))
    assert list(read_predictions(tmp_path / 'p.json').frames) == ['b']


def test_what_made_a_file_is_text(tmp_path):
    with pytest.raises(InputError):
        PredictionsWriter(tmp_path / 'p.json', made_by={'config': os.fsdecode(b'\xff.py')})


@pytest.mark.parametrize('room', [30_000, 10**9])
def test_what_goes_with_an_older_file_goes_when_the_new_one_is_complete(
    tmp_path, monkeypatch, room
):
    path, page = tmp_path / 'p.json', tmp_path / 'page'
    write_predictions(path, {1: NOBODY})
    page.write_text('')
    small_disk(monkeypatch, module, room)
    seen = []

    def before():
        seen.append(list(read_predictions(path).frames))
        page.unlink()

    with contextlib.suppress(OSError), PredictionsWriter(path, before=before) as writer:
        for frame in range(100):
            writer.add(frame, POSES, np.ones(2))
    assert page.exists() == (room == 30_000)
    assert seen == ([] if room == 30_000 else [[1]])
    assert len(read_predictions(path).frames) == (1 if room == 30_000 else 100)
