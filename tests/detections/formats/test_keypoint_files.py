"""JSON and binary hold the same; written whole or not at all."""

import copy
import io
import json
import os
import tempfile
import tracemalloc
import zipfile

import numpy as np
import pytest
from dataset_files import exact_detections, small_rig
from errors import fails

from mmpose_ours.detections import (
    DetectionsWriter,
    open_keypoints,
    read_detections,
    write_detections,
)
from mmpose_ours.detections.arrays import arrays_of, named_frames
from mmpose_ours.detections.on_disk import StoredDetections
from mmpose_ours.detections.summary import oddities, summarise, table
from mmpose_ours.errors import FileFormatError, InputError, LimitError
from mmpose_ours.io.disk.temporary import TemporaryFolderError
from mmpose_ours.io.limits import limited


@pytest.fixture
def detections():
    detections = copy.deepcopy(exact_detections(small_rig()))
    detections['000007']['left'][0, 3] = 0.0  # a joint that was not found
    detections['000008']['right'] = np.zeros((0, 17, 3))  # nobody
    del detections['000010']['left']  # no image
    return detections


def rows(views):
    return views if isinstance(next(iter(views.values()), None), np.ndarray) else arrays_of(views)


def same(one, other):
    one, other = ({f: rows(views) for f, views in frames.items()} for frames in (one, other))
    assert list(one) == list(other)
    for frame in one:
        assert list(one[frame]) == list(other[frame])
        for camera in one[frame]:
            np.testing.assert_array_equal(one[frame][camera], other[frame][camera])
            assert one[frame][camera].dtype == np.float32


def test_both_endings_hold_the_same(tmp_path, detections):
    for name in ('k.json', 'k.npz'):
        write_detections(tmp_path / name, detections)
    read = read_detections(tmp_path / 'k.json')
    same(read, read_detections(tmp_path / 'k.npz'))
    for camera, people in detections['000007'].items():
        np.testing.assert_allclose(read['000007'][camera], people, atol=6e-4)
    assert list(read['000010']) == ['right', 'gate_2']
    write_detections(tmp_path / 'again.npz', read)
    assert (tmp_path / 'again.npz').read_bytes() == (tmp_path / 'k.npz').read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize('ending', ['json', 'npz'])
def test_long_recordings_stay_on_the_disk(tmp_path, detections, ending):
    path = tmp_path / f'k.{ending}'
    write_detections(path, detections)
    stored = open_keypoints(path, ['right', 'left'])
    assert isinstance(stored, StoredDetections) and stored.cameras == ('gate_2', 'left', 'right')
    same(stored, read_detections(path))
    same(stored, read_detections(path))  # once more from the beginning
    unknown = dict(file=path, camera='roof', found=['roof'], expected=['gate_2', 'left', 'right'])
    with fails(FileFormatError, code='unknown-camera', **unknown):
        open_keypoints(path, ['roof'])
    crowd = {'left': np.ones((200, 17, 3), np.float32)}
    write_detections(path, {str(frame): crowd for frame in range(100)})
    tracemalloc.start()
    stored = open_keypoints(path)
    assert sum(len(views['left']) for views in stored.values()) == 20000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 * 200 * 17 * 3 * 4 / 2  # of 4 MB


def test_json_with_other_lines_is_read_as_a_whole(tmp_path, detections):
    path = tmp_path / 'k.json'
    write_detections(path, detections)
    text = path.read_text()
    for other in (json.dumps(json.loads(text), indent=1), text.replace('}}\n', '}\n}\n'), text[1:]):
        path.write_text(other)
        if other.startswith('{'):
            found = open_keypoints(path)
            assert not isinstance(found, StoredDetections)
            same(found, read_detections(path))
        else:
            with fails(FileFormatError, code='file-format', file=path):
                open_keypoints(path)
    one, *_, last = text.splitlines(keepends=True)
    path.write_text(one + '"x": {"left": [[[1, 2, -1]]]},\n' + last)
    with fails(FileFormatError, code='out-of-range', file=path, found=-1):
        open_keypoints(path)


def test_the_binary_opens_in_plain_numpy(tmp_path, detections):
    write_detections(tmp_path / 'k.npz', detections)
    with np.load(tmp_path / 'k.npz') as file:  # which refuses pickles by itself
        view = [list(file['frames']).index('000007'), list(file['cameras']).index('gate_2')]
        row = (file['views'] == view).all(1).argmax()
        people = file['people'][file['offsets'][row] : file['offsets'][row + 1]]
    np.testing.assert_allclose(people, detections['000007']['gate_2'], atol=6e-4)


@pytest.mark.parametrize('ending', ['json', 'npz'])
def test_nothing_is_left_of_a_file_that_was_not_finished(tmp_path, ending):
    with pytest.raises(RuntimeError), DetectionsWriter(tmp_path / f'k.{ending}') as writer:
        writer.add('1', {'a': np.ones((1, 17, 3))})
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_the_writer_refuses_what_it_cannot_hold(tmp_path):
    path = tmp_path / 'k.csv'
    endings = dict(found='.csv', expected=['.json', '.npz'])
    with fails(InputError, code='unknown-name', file=path, **endings):
        DetectionsWriter(path)
    with fails(InputError, code='duplicate', file=tmp_path / 'k.json', frame='1'):
        with DetectionsWriter(tmp_path / 'k.json') as writer:
            writer.add('1', {})
            writer.add('1', {})
    with fails(InputError, code='wrong-shape', found=(1, 14, 3), expected=('P', 17, 3)):
        write_detections(tmp_path / 'k.npz', {'1': {'a': np.ones((1, 14, 3))}})


def changed(path, **arrays):
    with np.load(path) as file:
        kept = {name: file[name] for name in file.files}
    buffer = io.BytesIO()
    np.savez(buffer, **{k: v for k, v in {**kept, **arrays}.items() if v is not None})
    path.write_bytes(buffer.getvalue())


@pytest.mark.parametrize(
    'arrays',
    [
        {'people': None},
        {'people': np.zeros((3, 17, 3), np.float32)},
        {'people': np.zeros((8, 17, 3))},
        {'people': np.zeros((8, 17, 3), '>f4')},
        {'people': np.asfortranarray(np.zeros((8, 17, 3), np.float32))},
        {'people': np.float32(1)},
        {'joints': np.array('body25')},
        {'joints': np.array(['coco17'])},
        {'offsets': np.array([0, 5, 2])},
        {'offsets': np.array(0)},
        # Whose differences overflow.
        {'offsets': np.array([0, 2**63 - 1, -(2**63), 2**63 - 1, -2, -1, 0, 0, 8])},
        {'views': np.array([[0, 9]])},
        {'views': np.full((8, 2), -1)},
        {'views': np.full((8, 2), 2**31)},
        {'views': np.zeros((8, 2))},
        {'source': np.array('{')},
        {'source': np.array('[' * 100_000)},
        {'source': np.array('[]')},
        {'source': np.array(['null'])},
        {'frames': np.array([{}], object)},
        {'frames': np.array([b'000007'])},
        {'frames': np.array('000007')},
        {'frames': np.array([['000007']])},
        {'frames': np.zeros(3, [('a', 'i4'), ('b', 'U1')])},
        {'frames': np.array([0xD800, 0x41, 0x42], 'u4').view('U1')},
        {'frames': np.array([0x110000, 0x41, 0x42], 'u4').view('U1')},
        {'frames': np.array(['000007', '000007', '000010'])},
        {'cameras': np.array(['left', 'left', 'gate_2'])},
        {'cameras': np.array([1, 2, 3])},
    ],
)
def test_a_binary_that_is_wrong_is_refused(tmp_path, detections, arrays):
    write_detections(tmp_path / 'k.npz', detections)
    changed(tmp_path / 'k.npz')
    same(read_detections(tmp_path / 'k.npz'), open_keypoints(tmp_path / 'k.npz'))
    changed(tmp_path / 'k.npz', **arrays)
    with fails(FileFormatError, file=tmp_path / 'k.npz') as caught:
        read_detections(tmp_path / 'k.npz')
    assert str(tmp_path / 'k.npz') in str(caught.value) and len(str(caught.value)) < 500


def test_a_view_that_is_there_twice_is_refused(tmp_path, detections):
    write_detections(tmp_path / 'k.npz', detections)
    with np.load(tmp_path / 'k.npz') as file:
        views = file['views']
    views[1] = views[0]
    changed(tmp_path / 'k.npz', views=views)
    with fails(FileFormatError, code='duplicate', camera='left', frame='000007'):
        read_detections(tmp_path / 'k.npz')


def test_numbers_are_bounded(tmp_path, detections):
    write_detections(tmp_path / 'k.npz', detections)
    for name, most in (('frames', 2), ('cameras', 2), ('people_per_view', 1), ('array_bytes', 40)):
        with limited(**{name: most}), pytest.raises(LimitError) as caught:
            read_detections(tmp_path / 'k.npz')
        assert caught.value.limit == name


def test_views_come_in_any_order(tmp_path, detections):
    write_detections(tmp_path / 'k.npz', detections)
    whole = read_detections(tmp_path / 'k.npz')
    with np.load(tmp_path / 'k.npz') as file:
        views, offsets = file['views'], file['offsets']
    # One person in each view, so that the offsets fit another order.
    assert len(whole) == 3
    changed(tmp_path / 'k.npz', views=views[:1], offsets=offsets[[0, -1]])
    found = read_detections(tmp_path / 'k.npz')
    assert [list(views) for views in found.values()] == [['left'], [], []]


def test_an_unwritable_temporary_folder_is_named(tmp_path, detections, monkeypatch):
    paths = [tmp_path / 'k.npz', tmp_path / 'k.json']
    for path in paths:
        write_detections(path, detections)
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path / 'absent'))
    for path in paths:
        with pytest.raises(TemporaryFolderError) as caught:
            open_keypoints(path)
        assert caught.value.filename == str(tmp_path / 'absent')


def test_a_binary_that_breaks_off_is_refused(tmp_path, detections):
    write_detections(tmp_path / 'k.npz', detections)
    whole = (tmp_path / 'k.npz').read_bytes()
    with zipfile.ZipFile(tmp_path / 'k.npz') as archive:
        middle = archive.getinfo('people.npy').header_offset + 200
    damaged = bytearray(whole)
    damaged[middle] ^= 255
    for content, code in (
        (whole[: len(whole) // 2], 'damaged'),
        (b'', 'file-format'),
        (b'x' * 100, 'file-format'),
        (bytes(damaged), 'damaged'),
    ):
        (tmp_path / 'k.npz').write_bytes(content)
        with fails(FileFormatError, code=code, file=tmp_path / 'k.npz'):
            read_detections(tmp_path / 'k.npz')


def test_a_wrong_source_is_reported_though_the_people_are_right(tmp_path):
    data = {'frames': {'1': {'a': []}}, 'source': {'detector': 'x', 'images': {}}}
    (tmp_path / 'k.json').write_text(json.dumps(data))
    source = dict(found=['detector', 'images'], expected="'version'")
    with fails(FileFormatError, code='missing-value', file=tmp_path / 'k.json', **source):
        read_detections(tmp_path / 'k.json')


def test_the_table_counts_by_hand(detections):
    detections = named_frames(detections)
    rows = {row.camera: row for row in summarise(detections)}
    assert [rows['left'].frames, rows['right'].frames] == [2, 3]
    assert [rows['left'].people, rows['right'].people, rows['right'].most] == [4, 4, 2]
    assert rows['right'].joints == 17 and rows['left'].joints == (17 * 4 - 1) / 4
    assert len(table(list(rows.values()))) == 4
    counts, *rest = oddities(detections)
    assert 'gate_2 3, left 2, right 3' in counts and '2 of 3 are there for every camera' in counts
    assert rest == []
    assert 'right left out' in oddities(detections, ['left', 'gate_2'])[0]
    empty = named_frames({'1': {'a': np.zeros((0, 17, 3))}})
    assert oddities(empty) == ['nobody was found in any image of a']
    lost = named_frames({'1': {'a': np.zeros((1, 17, 3))}})  # as scores of 1e30 are read
    assert oddities(lost) == ['nobody was found in any image of a']
    assert table(summarise(lost))[1].endswith(' -')


@pytest.mark.parametrize('ending', ['json', 'npz'])
@pytest.mark.parametrize('name', ['a\0', os.fsdecode(b'a\xff')])
@pytest.mark.parametrize('kind', ['frame', 'camera'])
def test_a_name_that_no_file_gives_back_is_refused(tmp_path, ending, name, kind):
    path = tmp_path / f'k.{ending}'
    nobody = np.zeros((0, 17, 3), np.float32)
    views = {'a': nobody, name: nobody} if kind == 'camera' else {'a': nobody}
    with fails(InputError, code='cannot-express', file=path, found=name):
        write_detections(path, {'a' if kind == 'camera' else name: views})
    assert list(tmp_path.iterdir()) == []
