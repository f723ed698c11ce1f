"""Predictions files frame by frame, and what stands beside the frames."""

import contextlib
import copy
import json
import os
import tracemalloc

import jsonschema
import numpy as np
import pytest
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
    np.testing.assert_array_equal(people.frames[7], POSES)
    assert people.scores[7].tolist() == [0.5, 0.25] and people.scores[8].tolist() == [1]
    assert {f: ids.tolist() for f, ids in people.ids.items()} == {7: [4, 0], 'night': [], 8: [0]}
    assert people.views[7].tolist() == [3, 5] and set(people.views) == {7}
    np.testing.assert_array_equal(people.spread_mm[7], SPREAD)


def test_the_short_way_writes_the_same(tmp_path):
    write_predictions(
        tmp_path / 'a.json', {1: POSES, 2: NOBODY}, ids={1: [1, 0], 2: []}, views={1: [2, 2]}, fps=5
    )
    with PredictionsWriter(tmp_path / 'b.json', fps=5) as writer:
        writer.add(1, POSES, ids=np.array([1, 0]), views=np.array([2, 2]))
        writer.add(2, NOBODY, ids=np.zeros(0, int))
    assert (tmp_path / 'a.json').read_text() == (tmp_path / 'b.json').read_text()


@pytest.mark.parametrize(
    ('beside', 'message'),
    [
        ({'ids': [3, 3]}, 'frame 5: expected 2 ids, whole numbers, each once, got'),
        ({'ids': [3]}, 'expected 2 ids'),
        ({'ids': [0.5, 1]}, 'expected 2 ids'),
        ({'ids': [-1, 1]}, 'expected 2 ids'),
        ({'views': [1, 2, 3]}, 'expected 2 views'),
        ({'spread_mm': np.zeros(2)}, r'expected spread_mm of \(2, 17\)'),
        ({'spread_mm': np.full((2, 17), -1.0)}, 'none of it negative'),
        ({'scores': [1, np.inf]}, 'expected 2 finite scores'),
    ],
)
def test_a_frame_that_does_not_fit_is_not_written_and_others_may_follow(tmp_path, beside, message):
    with PredictionsWriter(tmp_path / 'p.json') as writer:
        with pytest.raises(ValueError, match=message):
            writer.add(5, POSES, **{key: np.asarray(value) for key, value in beside.items()})
        writer.add(6, POSES)
    people = read_predictions(tmp_path / 'p.json')
    assert list(people.frames) == [6] and not people.ids


def test_all_people_have_ids_or_nobody(tmp_path):
    with pytest.raises(ValueError, match='frame 2 has no ids, other frames differ'):
        with PredictionsWriter(tmp_path / 'p.json') as writer:
            writer.add(0, NOBODY)
            writer.add(1, POSES, ids=np.array([0, 1]))
            writer.add(2, POSES)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('fps', [0, -1, float('nan'), float('inf')])
def test_a_frame_rate_is_positive(tmp_path, fps):
    with pytest.raises(ValueError, match='fps is'):
        PredictionsWriter(tmp_path / 'p.json', fps=fps)


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


@pytest.mark.parametrize(
    ('beside', 'message', 'schema_too'),
    [
        ({'ids': {'1': [1, 1]}}, r"\$.ids\['1'\]: expected 2 whole numbers .*each once", True),
        ({'ids': {'1': [2**53, 1]}}, r"\$.ids\['1'\]: expected 2 whole numbers", True),
        ({'ids': {'1': [10**400, 1]}}, r"\$.ids\['1'\]: expected 2 whole numbers", True),
        ({'ids': {'1': [1.5, 1]}}, r"\$.ids\['1'\]: expected 2 whole numbers", True),
        ({'ids': {'1': [True, 2]}}, r"\$.ids\['1'\]: expected 2 whole numbers", True),
        ({'ids': {'1': [1]}}, r"\$.ids\['1'\]: expected 2 whole numbers", False),
        ({'ids': {}}, r"\$.ids lacks frame '1', which has 2 people; give all", False),
        ({'ids': {'1': [0, 1], '3': []}}, r"\$.ids has frame '3', which \$.frames lacks", False),
        ({'views': {'1': [1, -1]}}, r"\$.views\['1'\]: expected 2 whole numbers", True),
        ({'views': {'1': [1]}}, r"\$.views\['1'\]: expected 2 whole numbers", False),
        ({'spread_mm': {'1': [ROW, [*ROW[1:], -1]]}}, r"\['1'\]\[1\]: expected 17 numbers", True),
        ({'spread_mm': {'1': [ROW, ROW[1:]]}}, r"\['1'\]\[1\]: expected 17 numbers", False),
        ({'spread_mm': {'1': [ROW]}}, r"\$.spread_mm\['1'\]: expected 2 lists", False),
        ({'fps': 0}, r'\$.fps is 0, expected', True),
        ({'fps': 10**400}, r'\$.fps is', True),
        ({'fps': float('nan')}, r'\$.fps: expected a number', False),
        ({'views': {'1': [1, 2**31]}}, r"\$.views\['1'\]: expected 2 whole numbers", False),
        ({'rig': 7}, r'\$.rig is 7', True),
        ({'space': {'center_mm': [0, 0, 0]}}, r"\$.space has no 'size_mm'", True),
        ({'space': {'center_mm': [0, 0, 0], 'size_mm': [8, 8, 2]}}, r'\$.space: .*room', False),
        ({'made_by': []}, r'\$.made_by is a list of 0', True),
    ],
)
def test_what_stands_beside_frames_is_checked(tmp_path, beside, message, schema_too):
    path = tmp_path / 'p.json'
    path.write_text(json.dumps(document(**copy.deepcopy(beside))))
    with pytest.raises(FileFormatError, match=message):
        read_predictions(path)
    if schema_too:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(document(**beside), SCHEMA)


def test_spread_is_in_mm_whatever_the_unit(tmp_path):
    path = tmp_path / 'p.json'
    path.write_text(json.dumps(document(spread_mm={'1': [ROW, [None] * 17]})))
    people = read_predictions(path)
    np.testing.assert_array_equal(people.frames[1], POSES * 1000)
    np.testing.assert_array_equal(people.spread_mm[1], [ROW, [np.nan] * 17])


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
    with PredictionsWriter(tmp_path / 'p.json') as writer:
        with pytest.raises(ValueError):
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
