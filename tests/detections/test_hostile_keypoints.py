"""Keypoint files that were damaged or made to harm: typed errors, in bounded time and memory."""

import json
import os

import numpy as np
import pytest
from errors import fails
from fuzz.samples.keypoints import SAMPLES, rig
from limited_process import run_limited
from tool_files import CAMERAS, mmpose_instances, openpose_json, person, results, save

from mmpose_ours.detections import (
    FORMATS,
    open_keypoints,
    read_detections,
    read_keypoints,
    write_detections,
)
from mmpose_ours.detections.on_disk import StoredDetections
from mmpose_ours.errors import FileFormatError, LimitError
from mmpose_ours.io.limits import limited


def test_every_format_has_a_sample(tmp_path):
    assert {name.partition(',')[0] for name in SAMPLES} == set(FORMATS)
    for kind, (write, read) in SAMPLES.items():
        (tmp_path / kind).mkdir()
        path, name = write(tmp_path / kind), kind.partition(',')[0]
        read(path)
        assert set(
            read_keypoints(path, format=name, rig=rig())[
                '7' if name not in FORMATS[:2] else '000007'
            ]
        )


def with_(data, **changes):
    return [{**data[0], **changes}, *data[1:]]


INSTANCE = mmpose_instances(person())
RESULT = results('cam_a_7.jpg', person())


@pytest.mark.parametrize(
    'name, data',
    [
        # np.c_ evaluated a text, and took it for numbers.
        ('cam_a/7.json', with_(INSTANCE, keypoint_scores='0:17')),
        ('cam_a/7.json', with_(INSTANCE, keypoint_scores=[10**400] * 17)),
        ('cam_a/7.json', with_(INSTANCE, keypoint_scores=[True] * 17)),
        ('cam_a/7.json', with_(INSTANCE, keypoints=[[1, 2]] * 16)),
        ('cam_a/7.json', [*INSTANCE, 'x']),
        ('cam_a.json', [{'frame_id': 0, 'instances': ['x']}]),
        ('cam_a.json', [{'frame_id': True, 'instances': []}]),
        ('cam_a.json', [{'frame_id': -1, 'instances': []}]),
        ('cam_a.json', [{'frame_id': 10**30, 'instances': []}]),
        ('cam_a.json', {'instance_info': None}),
        ('r.json', [*RESULT, {'keypoints': []}]),
        ('r.json', results('cam_a_' + '9' * 5000 + '.jpg', person())),
        ('r.json', results('cam_a_' + '9' * 30 + '.jpg', person())),
        ('r.json', results('c' * 10**6 + '_1.jpg', person())),
        ('c.json', {'images': [{'id': [1], 'file_name': 'a_1.jpg'}], 'annotations': []}),
        ('c.json', {'images': [{'id': 1, 'file_name': 'a_1.jpg'}],
                    'annotations': [{'image_id': [1], 'keypoints': []}]}),
        ('a/7.json', {'people': [None]}),
        ('a/7.json', {'people': [{'pose_keypoints_2d': [[1, 2, 3]] * 25}]}),
        ('a/7.json', {'people': [{'pose_keypoints_2d': [10**400, 1, 1] * 25}]}),
    ],
)  # fmt: skip
def test_what_ended_in_other_exceptions(tmp_path, name, data):
    save(tmp_path / name, data)
    with pytest.raises(FileFormatError) as caught:
        read_detections(tmp_path)
    assert caught.value.file and len(str(caught.value)) < 1000


def test_errors_have_fields(tmp_path):
    rows = person('body25').tolist()
    rows[3][0] = None
    save(tmp_path / 'cam_a' / '7_keypoints.json', openpose_json(np.zeros((25, 3))))
    file = save(tmp_path / 'cam_a' / '8_keypoints.json',
                {'people': [{'pose_keypoints_2d': sum(rows, [])}]})  # fmt: skip
    with fails(FileFormatError, code='file-format', file=file, found=None, expected=(None,)):
        read_detections(tmp_path)
    save(file, openpose_json(np.ones((15, 3))))
    with fails(FileFormatError, code='wrong-shape', file=file, camera='cam_a', frame=8, found=15):
        read_detections(tmp_path)
    save(tmp_path / 'k.json', {'frames': {'7': {'cam_a': [[None] * 16]}}})
    where = dict(file=tmp_path / 'k.json', camera='cam_a', frame='7')
    with fails(FileFormatError, code='wrong-shape', found=16, expected=17, **where):
        read_detections(tmp_path / 'k.json')


@pytest.mark.parametrize('value', [1e30, -1e30, 1e9, 3.4e38, 1e300, 'NaN', 'Infinity'])
def test_places_that_no_image_has_are_missing_joints(tmp_path, value):
    rows = [[10.0, 20.0, 0.5] for _ in range(17)]
    rows[4][1] = 'VALUE'
    data = {'frames': {'7': {'cam_a': [rows]}}}
    text = json.dumps(data).replace('"VALUE"', str(value))
    (tmp_path / 'k.json').write_text(text)
    people = read_detections(tmp_path / 'k.json')['7']['cam_a']
    assert np.isfinite(people).all() and people[0, :, 2].tolist().count(0) == 1


def test_limits_of_people_frames_and_cameras(tmp_path):
    save(tmp_path / 'k.json', {'frames': {str(f): {'a': [], 'b': []} for f in range(9)}})
    save(tmp_path / 'op' / 'a' / '7.json', openpose_json(*[person('body25')] * 3))
    found = results('cam_a_7.jpg', *[person()] * 3) + results('cam_b_8.jpg', person())
    save(tmp_path / 'r.json', found)
    for path, limit, most in (
        ('k.json', 'frames', 8),
        ('k.json', 'cameras', 1),
        ('op', 'people_per_view', 2),
        ('r.json', 'people_per_view', 2),
        ('r.json', 'cameras', 1),
        ('r.json', 'frames', 1),
    ):
        with limited(**{limit: most}), pytest.raises(LimitError) as caught:
            read_detections(tmp_path / path)
        assert caught.value.limit == limit
        read_detections(tmp_path / path)


def test_image_names_that_share_no_frame(tmp_path):
    """A camera and a frame of its own for every image: each camera has an empty view of each."""
    found = [results(f'c{n}_{n}.jpg', person())[0] for n in range(2000)]
    path = save(tmp_path / 'r.json', found)
    with fails(FileFormatError, code='no-match', file=path, found=[2000, 2000, 2000]):
        read_detections(path)


def test_a_long_file_with_one_fault_is_refused_quickly(tmp_path):
    """The schema takes minutes for all of it."""
    good = [[1, 2, 0.5]] * 17
    frames = {str(f): {c: [good] * 4 for c in CAMERAS} for f in range(1500)}
    frames['1499'][CAMERAS[1]] = [good, [*good[:5], [1, None, 0.5], *good[6:]]]
    save(tmp_path / 'k.json', {'frames': frames})
    done = run_limited(
        """
        import sys
        from mmpose_ours.detections import open_keypoints
        from mmpose_ours.errors import FileFormatError
        try:
            open_keypoints(sys.argv[1])
        except FileFormatError as error:
            print(error)
        """,
        tmp_path / 'k.json',
        seconds=10,
    )
    assert "$.frames['1499'].cam_b[1][5][1]" in done.stdout, done.stderr


def test_opening_a_long_recording_takes_linear_time(tmp_path, monkeypatch):
    """Each frame was compared with all before it: hours for a recording of ten hours."""
    write_detections(tmp_path / 'k.json', {str(frame): {'a': []} for frame in range(50)})
    walks = []
    walk = StoredDetections.__iter__
    monkeypatch.setattr(StoredDetections, '__iter__', lambda self: walks.append(1) or walk(self))
    assert len(open_keypoints(tmp_path / 'k.json')) == 50
    assert len(walks) <= 2


def test_image_ids_whose_hashes_collide_are_refused_at_once(tmp_path):
    """Python hashes whole numbers modulo 2^61 - 1: 30,000 of one hash took a minute."""
    path = tmp_path / 'annotations.json'
    images = [{'id': (2**61 - 1) * n + 7, 'file_name': f'cam_{n}.jpg'} for n in range(1, 30_001)]
    save(path, {'images': images, 'annotations': []})
    done = run_limited(
        """
        import sys
        from mmpose_ours.detections import read_detections
        from mmpose_ours.errors import FileFormatError
        try:
            read_detections(sys.argv[1])
        except FileFormatError as error:
            print(error.file)
        """,
        path,
        seconds=8,
    )
    assert (done.returncode, done.stdout.strip()) == (0, str(path)), done.stderr


@pytest.mark.parametrize('kind', ['pipe', 'device'])
def test_pipes_and_devices_in_a_folder_are_refused(tmp_path, kind):
    save(tmp_path / 'cam_a' / '7.json', openpose_json(person()))
    odd = tmp_path / 'cam_a' / '8.json'
    os.mkfifo(odd) if kind == 'pipe' else odd.symlink_to('/dev/zero')
    code = """
import sys
from mmpose_ours.detections import read_detections
from mmpose_ours.errors import FileFormatError, LimitError
try:
    read_detections(sys.argv[1])
except FileFormatError as error:
    print(error.file, not isinstance(error, LimitError))
"""
    done = run_limited(f'import signal\nsignal.alarm(30)\n{code}', tmp_path)
    assert done.stdout.strip() == f'{odd} True', done.stderr


def test_a_file_of_two_skeletons_is_refused_however_it_is_read(tmp_path):
    """The last line of a file that is read line by line said another one than the first."""
    path = tmp_path / 'a.json'
    row = [[10, 10, 1]] * 17
    path.write_text(
        f'{{"joints": "coco17", "frames": {{"1": {{"a": [{json.dumps(row)}]}},\n'
        '"2": {"a": []}}, "joints": "body25"}\n'
    )
    for read in (read_detections, open_keypoints):
        with fails(FileFormatError, code='duplicate', file=path, found='joints'):
            read(path)
