"""Any skeleton goes in and comes out without losing a joint: whole bodies, hands, a mouse."""

import json

import numpy as np
import pytest
from errors import fails
from tool_files import person, save

from mmpose_ours.cli.main import main
from mmpose_ours.detections import (
    DetectionsWriter,
    open_keypoints,
    read_detections,
    read_keypoints,
    write_detections,
)
from mmpose_ours.detections.cache import detect_recording
from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17, SKELETONS

MOUSE = Skeleton(
    'mouse',
    ('snout', 'earL', 'earR', 'tail'),
    limbs=(('snout', 'tail'),),
    pairs=(('earL', 'earR'),),
    sigmas=(0.1, 0.2, 0.2, 0.3),
)
METAINFO = """
dataset_info = dict(
    dataset_name='mouse',
    keypoint_info={
        0: dict(name='snout', swap=''), 1: dict(name='earL', swap='earR'),
        2: dict(name='earR', swap='earL'), 3: dict(name='tail', swap=''),
    },
    skeleton_info={0: dict(link=('snout', 'tail'))},
    sigmas=[0.1, 0.2, 0.2, 0.3],
)
"""


def people(skeleton, count=2, seed=0):
    """(P, J, 3) that every file holds exactly: thousandths, some joints missing."""
    rng = np.random.default_rng(seed)
    array = rng.integers(1000, 600_000, (count, len(skeleton), 3)) / 1000
    array[..., 2] = rng.integers(1, 1000, array.shape[:2]) / 1000
    array[rng.random(array.shape[:2]) < 0.1] = 0.0
    array[:, 0, 2] = 0.5
    return array.astype(np.float32)


def mmpose_file(path, skeleton, array, meta=None):
    """A file of MMPose's demos for one camera."""
    instances = [
        {'keypoints': person[:, :2].tolist(), 'keypoint_scores': person[:, 2].tolist()}
        for person in array
    ]
    data = {'instance_info': [{'frame_id': 7, 'instances': instances}]}
    if meta is not None:
        data['meta_info'] = meta
    save(path, data)


@pytest.mark.parametrize('ending', ['json', 'npz'])
@pytest.mark.parametrize('skeleton', [*SKELETONS.values(), MOUSE], ids=lambda s: s.name)
def test_every_skeleton_is_stored_whole(tmp_path, skeleton, ending):
    path = tmp_path / f'k.{ending}'
    views = {'a': Keypoints2D(skeleton, people(skeleton)), 'b': Keypoints2D.nobody(skeleton)}
    write_detections(path, {'1': views, '2': {'a': views['a']}})
    for read in (read_keypoints(path), open_keypoints(path)):
        assert [list(view) for view in read.values()] == [['a', 'b'], ['a']]
        for view in read.values():
            assert view['a'].skeleton == skeleton
            np.testing.assert_allclose(view['a'].array, views['a'].array, atol=1e-6)
        assert len(read['1']['b']) == 0 and read['1']['b'].skeleton == skeleton


def test_a_whole_body_comes_through_the_command(tmp_path, capsys):
    skeleton = SKELETONS['coco_wholebody']
    array = people(skeleton)
    for camera in ('a', 'b'):
        mmpose_file(tmp_path / 'in' / f'{camera}.json', skeleton, array)
    for out in ('one.json', 'two.npz'):
        source = tmp_path / ('in' if out == 'one.json' else 'one.json')
        assert main(['keypoints', str(source), str(tmp_path / out)]) == 0
        assert '133 joints (coco_wholebody)' in capsys.readouterr().out
        read = read_keypoints(tmp_path / out)['7']
        for camera in ('a', 'b'):
            np.testing.assert_allclose(read[camera].array, array, atol=1e-3)
    body = read_detections(tmp_path / 'two.npz')['7']['a']
    np.testing.assert_allclose(body, array[:, :17], atol=1e-3)


def test_a_mouse_comes_through_the_command(tmp_path, capsys):
    array = people(MOUSE)
    (tmp_path / 'mouse.py').write_text(METAINFO)
    mmpose_file(tmp_path / 'in' / 'a.json', MOUSE, array)
    words = ['keypoints', str(tmp_path / 'in'), str(tmp_path / 'out.json')]
    assert main(words) == 2  # nobody knows a skeleton of four joints
    capsys.readouterr()
    assert main([*words, '--skeleton', str(tmp_path / 'mouse.py')]) == 0
    assert '4 joints (mouse)' in capsys.readouterr().out
    assert main(['keypoints', str(tmp_path / 'out.json'), str(tmp_path / 'out.npz')]) == 0
    read = read_keypoints(tmp_path / 'out.npz')['7']['a']
    assert read.skeleton == MOUSE
    np.testing.assert_allclose(read.array, array, atol=1e-3)
    with fails(FileFormatError, code='cannot-express', file=tmp_path / 'out.npz', found='mouse'):
        read_detections(tmp_path / 'out.npz')
    assert main([*words, '--skeleton', 'coco17']) == 2


def test_names_that_a_file_states_win_over_numbers(tmp_path):
    """Human3.6M has 17 joints as COCO has, and others."""
    names = ['root', 'right_hip', 'right_knee', 'right_foot', 'left_hip', 'left_knee', 'left_foot',
             'spine', 'thorax', 'neck_base', 'head', 'left_shoulder', 'left_elbow', 'left_wrist',
             'right_shoulder', 'right_elbow', 'right_wrist']  # fmt: skip
    h36m = Skeleton('h36m', tuple(names))
    array = people(h36m)
    meta = {
        'dataset_name': 'h36m',
        'keypoint_id2name': {str(i): name for i, name in enumerate(names)},
        'skeleton_links': [[0, 1], [1, 2]],
        'flip_pairs': [[1, 4], [4, 1]],
    }
    mmpose_file(tmp_path / 'in' / 'a.json', h36m, array, meta)
    read = read_keypoints(tmp_path / 'in')['7']['a']
    assert read.skeleton is SKELETONS['h36m17']
    coco = read.to(COCO17)
    (shoulder,), (there,) = COCO17.index('left_shoulder'), h36m.index('left_shoulder')
    np.testing.assert_allclose(coco.array[:, shoulder], array[:, there], atol=1e-3)
    assert (coco.scores[:, COCO17.index('nose')] == 0).all()
    (ankle,), (there,) = COCO17.index('left_ankle'), h36m.index('left_foot')
    np.testing.assert_allclose(coco.array[:, ankle], array[:, there], atol=1e-3)


def test_coco_categories_name_the_joints(tmp_path):
    array = people(MOUSE, 1)
    save(
        tmp_path / 'k.json',
        {
            'images': [{'id': 1, 'file_name': 'a/7.jpg'}],
            'annotations': [{'image_id': 1, 'keypoints': array.reshape(-1).tolist()}],
            'categories': [
                {'id': 1, 'name': 'box'},
                {'id': 2, 'name': 'mouse', 'keypoints': list(MOUSE.joints), 'skeleton': [[1, 4]]},
            ],
        },
    )
    read = read_keypoints(tmp_path / 'k.json')['7']['a']
    assert read.skeleton.joints == MOUSE.joints and read.skeleton.limbs == MOUSE.limbs
    np.testing.assert_allclose(read.array, array, atol=1e-3)


def openpose_person(body, **parts):
    keys = {'left': 'hand_left_keypoints_2d', 'right': 'hand_right_keypoints_2d',
            'face': 'face_keypoints_2d'}  # fmt: skip
    return {
        'pose_keypoints_2d': body.reshape(-1).tolist(),
        **{keys[name]: part.reshape(-1).tolist() for name, part in parts.items()},
    }


def test_hands_and_faces_of_openpose_are_kept(tmp_path):
    whole = SKELETONS['body25_face_hands']
    array = people(whole, 3)
    array[:, :25] = person('body25')  # by its limbs it is distinguished from BODY_25B
    body, face, left, right = np.split(array, [25, 95, 116], axis=1)
    nothing = np.zeros((0, 3))
    first = [
        openpose_person(body[0], face=face[0], left=left[0], right=right[0]),
        openpose_person(body[1]),  # of whom only the body was found
        openpose_person(nothing, right=right[2]),  # of whom only a hand was found
    ]
    save(tmp_path / 'a' / 'x_000000000001_keypoints.json', {'people': first})
    save(tmp_path / 'a' / 'x_000000000002_keypoints.json', {'people': [first[1]]})
    save(tmp_path / 'a' / 'x_000000000003_keypoints.json', {'people': []})
    read = read_keypoints(tmp_path)
    assert {views['a'].skeleton.name for views in read.values()} == {'body25_face_hands'}
    found = read['1']['a'].array
    np.testing.assert_allclose(found[0], array[0], atol=1e-3)
    np.testing.assert_allclose(found[1, :25], array[1, :25], atol=1e-3)
    assert (found[1, 25:] == 0).all() and (found[2, :116] == 0).all()
    np.testing.assert_allclose(found[2, 116:], array[2, 116:], atol=1e-3)
    assert [len(views['a']) for views in read.values()] == [3, 1, 0]


def test_a_hand_of_another_length_is_refused(tmp_path):
    body = people(SKELETONS['body25'], 1)[0]
    short = openpose_person(body, left=np.ones((20, 3)))
    file = save(tmp_path / 'a' / 'x_000000000001_keypoints.json', {'people': [short]})
    with fails(FileFormatError, code='wrong-shape', file=file, found=20, expected=21):
        read_keypoints(tmp_path)


def test_real_hands(shared_data):
    """OpenPose's own output of five cameras, hands included."""
    folder = shared_data / 'pizza1' / 'openpose_body25_hands'
    read = read_keypoints(folder)
    assert len(read) > 0
    hands = bodies = 0
    for frame, views in read.items():
        for camera, found in views.items():
            assert found.skeleton.name == 'body25_hands'
            (file,) = (folder / f'{camera}_json').glob(f'*_{int(frame):012d}_keypoints.json')
            listed = json.loads(file.read_text())['people']
            assert len(found) == len(listed)
            for array, data in zip(found.array, listed):
                parts = [data[f'{part}_keypoints_2d'] for part in
                         ('pose', 'hand_left', 'hand_right')]  # fmt: skip
                flat = np.concatenate([part or [0] * 63 for part in parts]).reshape(-1, 3)
                known = flat[:, 2] > 0
                np.testing.assert_allclose(array[known], flat[known], rtol=1e-5)
                assert (array[~known] == 0).all()
                hands += int(known[25:].sum())
                bodies += int(known[:25].sum())
    assert hands > 1000 and bodies > 1000


def test_skeletons_that_do_not_go_together_are_refused(tmp_path):
    mmpose_file(tmp_path / 'a.json', COCO17, people(COCO17))
    mmpose_file(tmp_path / 'b.json', SKELETONS['blazepose33'], people(SKELETONS['blazepose33']))
    read = read_keypoints(tmp_path)  # BlazePose has all of COCO's joints
    assert read['7']['a'].skeleton.name == read['7']['b'].skeleton.name == 'blazepose33'
    mmpose_file(tmp_path / 'c.json', SKELETONS['body25'], people(SKELETONS['body25']))
    names = ['coco17', 'blazepose33', 'body25']
    with fails(FileFormatError, code='conflict', file=tmp_path, found=names):
        read_keypoints(tmp_path)


class WholeBody:
    """A detector of 133 joints."""

    name, version = 'whole', '1'
    skeleton = SKELETONS['coco_wholebody']

    def __init__(self):
        self.seen = 0

    def detect(self, images):
        self.seen += len(images)
        return [people(self.skeleton, 1, seed=int(image[0, 0, 0])) for image in images]


@pytest.mark.parametrize('ending', ['json', 'npz'])
def test_what_a_detector_finds_is_kept_whole(tmp_path, ending):
    path = tmp_path / f'k.{ending}'
    frames = [(str(n), {'a': np.full((4, 4, 3), n, np.uint8)}) for n in range(3)]
    for seen in (3, 0):
        detector = WholeBody()
        found = dict(detect_recording(frames, detector, path))
        assert detector.seen == seen
        for n in range(3):
            np.testing.assert_allclose(
                found[str(n)]['a'].array, people(WholeBody.skeleton, 1, seed=n), atol=1e-3
            )
    assert read_keypoints(path)['0']['a'].skeleton.name == 'coco_wholebody'

    class Body(WholeBody):
        skeleton = COCO17

    other, said = Body(), []
    dict(detect_recording(frames, other, path, say=said.append))
    assert other.seen == 3 and len(said) == 1, 'its joints are others'


def test_the_writer_refuses_other_shapes(tmp_path):
    shapes = dict(found=(1, 17, 3), expected=('P', len(MOUSE), 3))
    with fails(InputError, code='wrong-shape', **shapes):
        with DetectionsWriter(tmp_path / 'k.json', MOUSE) as writer:
            writer.add('1', {'a': np.ones((1, 17, 3))})
    assert not (tmp_path / 'k.json').exists()


@pytest.mark.parametrize(
    'joints',
    [
        5,
        None,
        'mouse',
        {},
        {'name': 'a'},
        {'name': 'a', 'joints': 5},
        {'name': 'a', 'joints': ['b', 'b']},
        {'name': 'a', 'joints': ['b'], 'limbs': [['b', 'c']]},
        {'name': 'a', 'joints': ['b'], 'limbs': [['b']]},
        {'name': 'a', 'joints': ['b'], 'sigmas': [1, 2]},
        {'name': 'a', 'joints': ['b'], 'sigmas': ['c']},
        {'name': 'a', 'joints': ['b'], 'root': ['c']},
        {'name': 'a', 'joints': ['b'], 'more': 1},
        {'name': 'a', 'joints': [f'{i}' for i in range(2000)]},
        {'name': 'a' * 1000, 'joints': ['b']},
        {'name': 'a', 'joints': ['b'], 'sigmas': [10**400]},
    ],
)
def test_what_is_no_skeleton_is_refused(tmp_path, joints):
    path = tmp_path / 'k.json'
    save(path, {'joints': joints, 'frames': {'1': {'a': []}}})
    for read in (read_keypoints, open_keypoints, read_detections):
        with fails(FileFormatError, file=path):
            read(path)
