"""Keypoints of one moment find each other, however each camera numbers its frames."""

import json

import numpy as np
import pytest
from errors import fails
from tool_files import expected, openpose_json, person, save

from mmpose_ours.detections import (
    open_keypoints,
    read_detections,
    read_keypoints,
    write_detections,
)
from mmpose_ours.errors import FileFormatError, InputError

CAMERAS = ('cam_a', 'cam_b', 'cam_c')


def numbered(root, numbers, name='{}.json'):
    """A file per camera and number; the n-th of each shows the same moment, by its shift."""
    for camera, own in numbers.items():
        for moment, number in enumerate(own):
            save(root / camera / name.format(number), openpose_json(person(shift=float(moment))))
    return root


def shifts(read, cameras=CAMERAS):
    """Frame by frame, the moment that each camera shows."""
    return [
        {c: round(float(views[c][0, 0, 0] - expected()[0, 0])) for c in cameras if c in views}
        for views in read.values()
    ]


def said(path, **options):
    notes = []
    return read_detections(path, say=notes.append, **options), [
        note for note in notes if 'keypoints' in note
    ]


def stamps(unit, delays=(0, 3, 9), count=12):
    return {
        camera: [unit(1699123456809 + 33 * n + delay) for n in range(count)]
        for camera, delay in zip(CAMERAS, delays)
    }


UNITS = {
    'ms': lambda ms: ms,
    'us': lambda ms: ms * 1000 + 217,
    'ns': lambda ms: ms * 10**6 + 217_333,
    'seconds': lambda ms: f'{ms / 1000:.3f}',
    'ROS, seconds and nanoseconds': lambda ms: f'{ms // 1000}_{ms % 1000:03d}000000',
    'ROS, with a point': lambda ms: f'{ms // 1000}.{ms % 1000:03d}000000',
    'rs-convert': lambda ms: f'rec_Color_{ms}.23456789',
    'Kinect, since its start': lambda ms: ms % 10**6,
    'seconds since the start': lambda ms: f'{ms % 10**6 / 1000:.3f}',
    'a name before': lambda ms: f'frame_{ms}_keypoints',
}


@pytest.mark.parametrize('unit', list(UNITS))
def test_time_stamps(tmp_path, unit):
    read, (note,) = said(numbered(tmp_path, stamps(UNITS[unit])))
    assert shifts(read) == [dict.fromkeys(CAMERAS, n) for n in range(12)]
    assert '12 of 12' in note


@pytest.mark.parametrize('unit', ['ms', 'ns', 'seconds', 'ROS, seconds and nanoseconds'])
def test_time_stamps_in_one_folder(tmp_path, unit):
    for camera, own in stamps(UNITS[unit]).items():
        for moment, stamp in enumerate(own):
            people = openpose_json(person(shift=float(moment)))
            save(tmp_path / f'{camera}_{stamp}_keypoints.json', people)
    read, (note,) = said(tmp_path)
    assert shifts(read) == [dict.fromkeys(CAMERAS, n) for n in range(12)]


def test_stamps_of_cameras_that_lack_frames(tmp_path):
    numbers = stamps(UNITS['ms'])
    files = {c: [n for i, n in enumerate(own) if i % 5 != k] for k, (c, own) in
             enumerate(numbers.items())}  # fmt: skip
    moment = {c: {n: i for i, n in enumerate(own)} for c, own in numbers.items()}
    for camera, own in files.items():
        for number in own:
            shift = float(moment[camera][number])
            save(tmp_path / camera / f'{number}.json', openpose_json(person(shift=shift)))
    read, (note,) = said(tmp_path)
    assert all(len(set(seen.values())) == 1 for seen in shifts(read)) and len(read) == 12
    assert '4 of 12' in note


def test_stamps_that_a_few_frames_share(tmp_path):
    """Without a trigger some stamps are the same by accident."""
    numbers = stamps(UNITS['ms'], delays=(0, 0, 0))
    rng = np.random.default_rng(0)
    numbers = {c: [n + int(rng.integers(-4, 5)) for n in own] for c, own in numbers.items()}
    read, _ = said(numbered(tmp_path, numbers))
    assert shifts(read) == [dict.fromkeys(CAMERAS, n) for n in range(12)]


def test_clips_numbered_from_different_frames(tmp_path):
    starts = {'cam_a': 120, 'cam_b': 4070, 'cam_c': 0}
    root = numbered(tmp_path, {c: range(start, start + 8) for c, start in starts.items()})
    read, (note,) = said(root)
    assert shifts(read) == [dict.fromkeys(CAMERAS, n) for n in range(8)]
    assert 'order' in note and '4070' in note


def test_clips_of_different_lengths_are_refused(tmp_path):
    root = numbered(tmp_path, {'cam_a': range(100, 108), 'cam_b': range(500, 507)})
    with fails(FileFormatError, code='no-match', file=root, found={'cam_a': 8, 'cam_b': 7}):
        read_keypoints(root)
    # Either kind of offset: between the numbers, or as images that come before.
    by_number = shifts(read_detections(root, frame_offsets={'cam_b': 400}))
    assert by_number[:2] == [{'cam_a': 0, 'cam_b': 0}, {'cam_a': 1, 'cam_b': 1}]
    notes = []
    by_order = shifts(read_detections(root, frame_offsets={'cam_a': 1}, say=notes.append))
    assert by_order[:2] == [{'cam_a': 1, 'cam_b': 0}, {'cam_a': 2, 'cam_b': 1}]
    assert any('offsets' in note for note in notes)
    # Or without that camera.
    assert len(read_detections(root, ['cam_a'])) == 15, 'the other keeps its numbers'


def test_numbers_that_overlap_and_a_camera_of_its_own(tmp_path):
    root = numbered(tmp_path, {'cam_a': range(0, 8), 'cam_b': range(4, 12)})
    read, notes = said(root)
    assert list(read) == [str(n) for n in range(12)]
    assert shifts(read)[5] == {'cam_a': 5, 'cam_b': 1}
    assert len(notes) == 1, 'a third of the frames have both, by numbers that start elsewhere'
    numbered(tmp_path, {'cam_c': range(1000, 1003)})
    with fails(FileFormatError, code='no-match', file=root):
        read_keypoints(root)
    assert list(read_keypoints(root, ['cam_a', 'cam_b']))[:3] == ['0', '1', '2']


@pytest.mark.parametrize('suffix', ['.json', '.npz'])
@pytest.mark.parametrize('read', [read_keypoints, open_keypoints])
def test_own_files_too(tmp_path, suffix, read):
    frames = {}
    for camera, own in stamps(UNITS['ms']).items():
        for moment, number in enumerate(own):
            frames[str(number)] = {camera: expected(float(moment))[None]}
    path = tmp_path / f'k{suffix}'
    write_detections(path, frames)
    notes = []
    found = read(path, say=notes.append)
    got = {frame: {c: p.array for c, p in found[frame].items()} for frame in found}
    assert shifts(got) == [dict.fromkeys(CAMERAS, n) for n in range(12)]
    assert len(notes) == 1
    for index, frame in enumerate(list(frames)):
        if index % 12 == 3 and 'cam_b' in frames[frame]:
            del frames[frame]
    write_detections(path, {f: v for f, v in frames.items() if 'cam_a' in v})
    assert len(read(path)) == 12, 'one camera needs no partner'


def test_image_names_with_stamps(tmp_path):
    """AlphaPose's and COCO's files name images, not files."""
    from tool_files import results

    for name in ('{camera}/{stamp}.jpg', '{camera}_{stamp}.jpg'):
        rows = []
        for camera, own in stamps(UNITS['seconds']).items():
            for moment, stamp in enumerate(own):
                image = name.format(camera=camera, stamp=stamp)
                rows += results(image, person(shift=float(moment)))
        read, (note,) = said(save(tmp_path / 'r.json', rows))
        assert shifts(read) == [dict.fromkeys(CAMERAS, n) for n in range(12)]
        assert '12 of 12' in note


def test_files_without_images_of_nobody(tmp_path):
    """Whose cameras may share no frame by chance, which is neither an error nor an order."""
    from tool_files import results

    save(tmp_path / 'cam_a.json', results('7.jpg', person()))
    save(tmp_path / 'cam_b.json', results('8.jpg', person()))
    read, (note,) = said(tmp_path)
    assert '2 of 2 frames' in note
    save(tmp_path / 'cam_c.json', [])
    read, _ = said(tmp_path)
    assert shifts({f: {c: p for c, p in v.items() if len(p)} for f, v in read.items()}) == [
        {'cam_a': 0},
        {'cam_b': 0},
    ]
    assert all(set(views) == set(CAMERAS) for views in read.values())


@pytest.mark.parametrize(
    'case, keypoints, joints',
    [
        ('03-keypoint-files-named-by-time', 'stamps', slice(0, 17)),
        ('05-mmpose-h36m-joints-read-as-coco', 'h36m', slice(5, 17)),
    ],
    ids=['stamps', 'names'],
)
def test_poses_of_real_layouts(shared_data, case, keypoints, joints):
    """Triangulated, everybody is where the synthetic people of these files stood."""
    from mmpose_ours.calibration import read_rig
    from mmpose_ours.geometry.triangulation import triangulate

    folder = shared_data.parent / 'cases' / case
    rig = read_rig(folder / 'input' / 'rig.json')
    read = read_detections(folder / 'input' / keypoints, rig.names)
    truth = json.loads((folder / 'truth_people.json').read_text())['frames']
    assert len(read) == len(truth) == 10
    for views, poses in zip(read.values(), truth.values()):
        assert set(views) == set(rig.names)
        for pose in np.array(poses)[:, joints]:
            found = []
            for camera in rig:
                uv = camera.project(pose)[0]
                people = views[camera.name][:, joints]
                off = np.linalg.norm(people[..., :2] - uv, axis=-1).mean(-1)
                found.append(people[np.argmin(off)])
            seen = np.array(found)
            got, _ = triangulate(rig, seen[..., :2], seen[..., 2])
            assert np.linalg.norm(got - pose, axis=-1).max() < 5.0, 'mm'


def test_a_camera_that_counts_from_one_is_reported(tmp_path):
    numbers = {'cam_a': range(30), 'cam_b': range(30), 'cam_c': range(1, 31)}
    root = numbered(tmp_path, numbers)
    read, notes = said(root)
    assert shifts(read)[1] == {'cam_a': 1, 'cam_b': 1, 'cam_c': 0}
    assert len(notes) == 1 and "{'cam_c': 1}" in notes[0]
    read, notes = said(root, frame_offsets={'cam_c': 1})
    assert shifts(read)[1] == {'cam_a': 1, 'cam_b': 1, 'cam_c': 1} and not notes


def test_frames_in_the_place_of_cameras_are_refused(tmp_path):
    people = [expected().tolist()]
    exchanged = {camera: {str(frame): people for frame in range(4)} for camera in CAMERAS}
    path = tmp_path / 'k.json'
    path.write_text(json.dumps({'joints': 'coco17', 'frames': exchanged}))
    for read in (read_keypoints, open_keypoints):
        with fails(FileFormatError, code='conflict', file=path, expected=list(CAMERAS)):
            read(path, CAMERAS)
    assert len(read_keypoints(path)) == 3
    numbered = {str(frame): {f'cam{n}': people for n in range(3)} for frame in range(4)}
    path.write_text(json.dumps({'joints': 'coco17', 'frames': numbered}))
    assert {*read_keypoints(path, ['0', '1', '2'])['3']} == {'0', '1', '2'}


@pytest.mark.parametrize('starts', [(0, 0, 0), (100, 4000, 0)], ids=['one clock', 'clips'])
def test_offsets_that_make_no_sense(tmp_path, starts):
    numbers = {c: range(start, start + 6) for c, start in zip(CAMERAS, starts)}
    root = numbered(tmp_path, numbers)
    for offset in (-2, 6, 10**18):
        with fails(InputError, code='out-of-range', camera='cam_b', found=offset):
            read_detections(root, frame_offsets={'cam_b': offset})
    with fails(InputError, code='unknown-camera', camera='cam_d', expected=list(CAMERAS)):
        read_detections(root, frame_offsets={'cam_d': 1})
    assert len(read_detections(root, frame_offsets={'cam_b': 5})) == 6


def test_two_cameras_do_not_get_one_name(tmp_path):
    file = tmp_path / 'keypoints.json'
    people = {camera: np.full((1, 17, 3), (n, n, 0.5)) for n, camera in enumerate(CAMERAS, 1)}
    write_detections(file, {'0': people})
    again = dict(code='duplicate', file=file, camera='cam_b', found=['cam_a', 'cam_b'])
    for read in (read_detections, open_keypoints):
        with fails(FileFormatError, **again):
            read(file, rename={'cam_a': 'cam_b'})
    swapped = read_detections(file, rename={'cam_a': 'cam_b', 'cam_b': 'cam_a'})['0']
    assert {camera: float(each[0, 0, 0]) for camera, each in swapped.items()} == {
        'cam_a': 2, 'cam_b': 1, 'cam_c': 3,
    }  # fmt: skip


def test_what_a_renamed_camera_replaces_is_named(tmp_path):
    file, notes = tmp_path / 'keypoints.json', []
    people = {camera: np.full((1, 17, 3), (n, n, 0.5)) for n, camera in enumerate(CAMERAS, 1)}
    write_detections(file, {'0': people})
    read = read_detections(file, ['cam_b', 'cam_c'], rename={'cam_a': 'cam_b'}, say=notes.append)[
        '0'
    ]
    assert float(read['cam_b'][0, 0, 0]) == 1
    assert len(notes) == 1 and "'cam_b'" in notes[0]
