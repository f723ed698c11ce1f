"""Each tool's files, written as it documents them, come back as the same people by name."""

import numpy as np
import pytest
from dataset_files import small_rig
from errors import fails
from keypoint_layouts import (
    LAYOUTS,
    NORMALISED,
    PEOPLE_ONLY,
    SIZE,
    openpose_folders,
    pose2sim,
)
from tool_files import CAMERAS, expected, mmpose_instances, openpose_json, person, results, save

from mmpose_ours.detections import read_detections
from mmpose_ours.detections.format_table import FORMATS, recognise
from mmpose_ours.detections.formats.imported import BY_SIZE
from mmpose_ours.detections.formats.source import Source
from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.io.json_values import MAX_INTEGER

ALL = [
    (name, layout)
    for layouts in (LAYOUTS, NORMALISED)
    for name, functions in layouts.items()
    for layout in functions
]


@pytest.mark.parametrize('name, layout', ALL, ids=lambda value: getattr(value, '__name__', value))
def test_every_tool_is_recognised_and_read_by_joint_names(tmp_path, name, layout):
    root = layout(tmp_path)
    assert recognise(Source(root))[0] == name
    rig = small_rig(CAMERAS, size=SIZE) if layout in NORMALISED.get(name, ()) else None
    read = read_detections(root, CAMERAS, rig=rig)
    assert list(read)[-2:] == ['7', '8']
    np.testing.assert_array_equal(read['7']['cam_a'], [expected(), expected(10.0)])
    assert read['7']['cam_b'].shape == (0, 17, 3), 'looked at, nobody there'
    np.testing.assert_array_equal(read['8']['cam_b'], [expected()])
    if layout in PEOPLE_ONLY:
        assert read['8']['cam_a'].shape == (0, 17, 3)
    else:
        assert 'cam_a' not in read['8'], 'no image'


def test_one_file_of_all_cameras_goes_by_image_names(tmp_path):
    found = results('cam_a_0007.jpg', person()) + results('cam_b_0007.jpg', person(shift=10.0))
    read = read_detections(save(tmp_path / 'alphapose-results.json', found))
    np.testing.assert_array_equal(read['7']['cam_b'], [expected(10.0)])
    nameless = save(tmp_path / 'one' / 'r.json', results('0007.jpg', person()))
    assert list(read_detections(nameless, ['gate'])['7']) == ['gate']
    with fails(FileFormatError, code='missing-value', file=nameless, found='0007.jpg'):
        read_detections(nameless)


def test_annotated_visibilities_become_found(tmp_path):
    rows = person()
    rows[:, 2] = 2
    rows[3] = 0
    images = [{'id': 1, 'file_name': 'cam_a/7.jpg'}]
    data = {'images': images, 'annotations': results(1, rows)}
    people = read_detections(save(tmp_path / 'a.json', data))['7']['cam_a']
    assert people[0, 3].tolist() == [0, 0, 0]
    assert (np.delete(people[0, :, 2], 3) == 1).all()


@pytest.mark.parametrize('low', [0.0, -1.0])
def test_shares_of_the_image_become_pixels(tmp_path, low):
    """OpenPose's --keypoint_scale 3 and 4, its formula written out: 1 is the last pixel."""
    rig = small_rig(CAMERAS, size=(641, 481))
    pixels = person('body25') * (0.5, 0.5, 1)
    pixels[4] = 0
    shares = pixels.copy()
    found = pixels[:, 2] > 0
    shares[found, :2] = low + pixels[found, :2] / (640, 480) * (1 - low)
    for camera in CAMERAS:
        save(tmp_path / camera / '1_keypoints.json', openpose_json(shares))
    people = read_detections(tmp_path, rig=rig)['1']['cam_b']
    want = expected() * np.float32([0.5, 0.5, 1])
    lost = (people[0, :, 2] == 0).nonzero()[0]
    assert lost.tolist() == [10], "the right wrist, body25's joint 4"
    want[lost] = 0
    np.testing.assert_allclose(people[0], want, atol=1e-3)
    with fails(FileFormatError, code='missing-value', file=tmp_path, camera='cam_a') as caught:
        read_detections(tmp_path)
    np.testing.assert_allclose(caught.value.found, (shares[found].min(), shares[found, :2].max()))


def test_the_whole_image_is_nobody(tmp_path):
    """MMPose's top-down models take it for a person where no box was found."""
    nobody = mmpose_instances(person(), box=(0.0, 0.0, 1920.0, 1080.0), score=1.0)
    save(tmp_path / 'cam_a' / '7.json', nobody)
    save(tmp_path / 'cam_a' / '8.json', mmpose_instances(person()))
    read = read_detections(tmp_path)
    assert len(read['7']['cam_a']) == 0 and len(read['8']['cam_a']) == 1


def test_synchronised_poses_are_preferred(tmp_path):
    pose2sim(tmp_path)
    save(tmp_path / 'pose-sync' / 'cam_a_json' / 'cam_a_000001.json', openpose_json(person()))
    assert list(read_detections(tmp_path)) == ['1']


def test_body25b_is_recognised_by_its_people(tmp_path):
    """COCO's joints come first there: read as BODY_25, limbs would cross the whole body."""
    people = [np.vstack([person(shift=shift), np.zeros((8, 3))]) for shift in (0.0, 10.0)]
    people[1][[5, 9, 12]] = 0  # a shoulder, a wrist and a hip are missing
    save(tmp_path / 'cam_a' / '1_keypoints.json', openpose_json())
    save(tmp_path / 'cam_a' / '2_keypoints.json', openpose_json(*people))
    read = read_detections(tmp_path)['2']['cam_a']
    np.testing.assert_array_equal(read, np.float32(people)[:, :17])


def test_a_dot_before_the_frame_number(tmp_path):
    """As in the demo that Pose2Sim 0.7 ships."""
    for number in ('0000', '0001'):
        save(tmp_path / 'pose' / 'cam01_json' / f'cam01.{number}.json', openpose_json(person()))
    assert list(read_detections(tmp_path)) == ['0', '1']


def test_cameras_are_matched_whatever_their_spelling(tmp_path):
    openpose_folders(tmp_path)
    read = read_detections(tmp_path, ['CAM A', 'cam-b'])
    assert set(read['7']) == {'CAM A', 'cam-b'}
    known = ['cam_a', 'cam_b']
    with fails(
        FileFormatError, code='unknown-camera', file=tmp_path, camera='gate', expected=known
    ):
        read_detections(tmp_path, ['cam_a', 'gate'])


def test_frames_that_come_twice_are_refused(tmp_path):
    openpose_folders(tmp_path)
    save(tmp_path / 'cam_a' / 'w_7_keypoints.json', openpose_json())
    twice = dict(file=tmp_path, camera='cam_a', frame=7)
    with fails(FileFormatError, code='duplicate', **twice) as caught:
        read_detections(tmp_path)
    assert 'w_7_keypoints.json' in caught.value.found


@pytest.mark.parametrize(
    'name, data, place, code, found, expected',
    [
        ('a/1.json', {'people': [{'pose_keypoints_2d': [1, 2, 3, 4]}]},
         'people[0].pose_keypoints_2d', 'wrong-shape', 4, 'u, v, score for each joint'),
        ('a/1.json', {'people': [{'pose_keypoints_2d': [1, 2, 3] * 12}]},
         '', 'wrong-shape', 12, list(BY_SIZE)),
        ('a/1.json', {'people': [{'pose_keypoints_2d': ['x', 2, 3]}]},
         'people[0].pose_keypoints_2d', 'file-format', 'x', (None,)),
        ('a/1.json', {'people': [{'pose_keypoints_2d': [1, 2, 3]}, 7]}, 'people[1]',
         'file-format', 7, 'one of the people, an object'),
        ('a/first.json', {'people': []}, '', 'missing-value', 'first',
         'a number that images of the same frame share, as in 000012.jpg'),
        ('a/1.json', [{'keypoint_scores': [1]}], '[0].keypoints', 'wrong-shape', None, (None, 2)),
        ('a.json', [{'frame_id': None, 'instances': []}], '[0].frame_id', 'file-format', None,
         (0, MAX_INTEGER)),
    ],
)  # fmt: skip
def test_what_is_wrong_is_reported_with_the_place(
    tmp_path, name, data, place, code, found, expected
):
    save(tmp_path / 'in' / name, data)
    file = tmp_path / 'in' / ('' if place is None else name)
    with fails(FileFormatError, code=code, file=file, found=found, expected=expected) as caught:
        read_detections(tmp_path / 'in')
    # The place inside the file is no field.
    assert str(caught.value).startswith(f'{file}: {place}' if place else f'{file}')


def test_formats_can_be_named_and_are_known(tmp_path):
    with fails(InputError, code='unknown-name', found='bvh', expected=['auto', *FORMATS]):
        read_detections(tmp_path, format='bvh')
    save(
        tmp_path / 'k.json',
        {'people': openpose_json(person())['people'], 'frames': {'7': {'a': []}}},
    )
    assert recognise(Source(tmp_path / 'k.json'))[0] == 'openpose'
    with fails(FileFormatError, code='unknown-name', file=tmp_path / 'k.json', found='people'):
        read_detections(tmp_path / 'k.json', format='json')
