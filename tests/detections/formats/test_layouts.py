"""Joints that nothing names: the usual skeleton of their number, tested on the people."""

import dataclasses

import numpy as np
import pytest
from bodies import SIDES, bodies
from errors import fails
from tool_files import mmpose_instances, openpose_json, person, results, save

from mmpose_ours.detections import read_detections, read_keypoints, write_detections
from mmpose_ours.detections.formats.layouts import (
    BY_SIZE,
    distortion,
    named_by_people,
    skeletons_of_size,
    unnamed,
)
from mmpose_ours.errors import FileFormatError
from mmpose_ours.structures.joint_maps import convert_joints
from mmpose_ours.structures.skeletons import COCO17, SKELETONS
from mmpose_ours.text import argument

AMBIGUOUS = [s.name for size in (17, 25) for s in skeletons_of_size(size)]


@pytest.mark.parametrize('name', AMBIGUOUS)
def test_the_usual_skeleton_is_taken_and_others_are_refused(name):
    people, notes = bodies(name), []
    usual = BY_SIZE[people.shape[1]]
    if name == usual:
        assert named_by_people(people, 'f', notes.append) is SKELETONS[name]
        assert len(notes) == 1
        for other in skeletons_of_size(len(SKELETONS[name]))[1:]:
            assert other.name in notes[0]
    else:
        with fails(FileFormatError, code='ambiguous', file='f', found=usual, expected=name):
            named_by_people(people, 'f', notes.append)


@pytest.mark.parametrize('name', ['coco17', 'body25'])
@pytest.mark.parametrize('seed', range(5))
def test_real_people_of_the_usual_skeleton_are_never_refused(name, seed):
    """Also half of them missing, lying, upside down, few, and of one limb."""
    people = bodies(name, 60, seed)
    rng = np.random.default_rng(seed)
    lost = people.copy()
    lost[rng.random(lost.shape[:2]) < 0.4] = 0
    half = people.copy()
    legs = SKELETONS[name].index(*(f'{s}_{j}' for s in SIDES for j in ('knee', 'ankle')))
    half[:, legs] = 0
    turned = people.copy()
    turned[..., :2] = people[..., 1::-1]
    upside = people * (1, -1, 1) + (0, 2000, 0)
    for some in (lost, half, turned, upside, people[:1], people[:4], np.zeros_like(people)):
        assert named_by_people(some, 'f', lambda note: None) is SKELETONS[name]


def test_real_recordings_are_never_refused(shared_data):
    shelf = read_keypoints(shared_data / 'shelf/pred_shelf_openpose_coco.pkl')
    pizza = read_keypoints(shared_data / 'pizza1/pred_pizza1_openpose_coco.pkl')
    feet = read_keypoints(shared_data / 'pizza1/openpose_body25_hands')
    for frames, name in ((shelf, 'coco17'), (pizza, 'coco17'), (feet, 'body25')):
        views = [people.array for seen in frames.values() for people in seen.values()]
        people = np.concatenate(views)[:, : len(SKELETONS[name])]
        for some in (people, *np.array_split(people, 100)):
            assert named_by_people(some, 'f', lambda note: None).name == name
            assert named_by_people(some, 'f', lambda note: None, ['body25b'] * (name == 'body25'))
        assert np.nanmedian(distortion(SKELETONS[name], people)) < 0.3


def test_a_size_that_only_one_skeleton_has_needs_no_note():
    notes = []
    assert named_by_people(bodies('halpe26'), 'f', notes.append) is SKELETONS['halpe26']
    assert not notes


def test_joints_of_a_layout_that_is_not_known_are_noted():
    rng = np.random.default_rng(0)
    people, notes = bodies('halpe26'), []
    shuffled = people[:, rng.permutation(26)]
    named_by_people(shuffled, 'f', notes.append)
    assert 'unusual' in notes[0]


def folder(root, tool, people):
    """Two cameras, ten frames, of people (N, J, 3)."""
    for index, rows in enumerate(people[:20]):
        camera, frame = f'cam_{"ab"[index % 2]}', index // 2
        if tool == 'openpose':
            save(root / camera / f'{frame}.json', openpose_json(rows))
        elif tool == 'mmpose':
            save(root / camera / f'{frame}.json', mmpose_instances(rows))
    if tool == 'alphapose':
        rows = [results(f'cam_{"ab"[i % 2]}/{i // 2}.jpg', row)[0] for i, row in enumerate(people)]
        save(root / 'r.json', rows)
        return root / 'r.json'
    return root


@pytest.mark.parametrize('tool', ['openpose', 'mmpose', 'alphapose'])
def test_whatever_the_tool(tmp_path, tool):
    people = bodies('h36m17', 20)
    path = folder(tmp_path / 'in', tool, people)
    with fails(
        FileFormatError, code='ambiguous', file=path, found='coco17', expected='h36m17'
    ) as caught:
        read_keypoints(path)
    assert 'h36m17' in str(caught.value)
    read = read_keypoints(path, skeleton=SKELETONS['h36m17'])
    assert read['3']['cam_a'].skeleton is SKELETONS['h36m17']
    notes = []
    coco = read_detections(path, skeleton=SKELETONS['h36m17'], say=notes.append)['3']['cam_a']
    (want,) = convert_joints(people[6:7, :, :2], 'h36m17', 'coco17')
    np.testing.assert_allclose(np.where(coco[0, :, 2:] > 0, coco[0, :, :2], np.nan), want, atol=0.1)
    (note,) = notes
    assert 'nose' in note and 'h36m17' in note
    # Who insists on the usual one gets it.
    assert read_keypoints(path, skeleton=COCO17)['3']['cam_a'].skeleton is COCO17


def test_names_in_a_file_are_neither_guessed_nor_tested(tmp_path):
    """MMPose's demos: Human3.6M's joints have COCO's number."""
    people = bodies('h36m17', 10)
    names = ['root', 'right_hip', 'right_knee', 'right_foot', 'left_hip', 'left_knee', 'left_foot',
             'spine', 'thorax', 'neck_base', 'head', 'left_shoulder', 'left_elbow', 'left_wrist',
             'right_shoulder', 'right_elbow', 'right_wrist']  # fmt: skip
    for camera in ('cam_a', 'cam_b'):
        frames = [
            {'frame_id': i, 'instances': mmpose_instances(row)} for i, row in enumerate(people)
        ]
        meta = {'dataset_name': 'h36m', 'keypoint_name2id': {n: i for i, n in enumerate(names)}}
        save(tmp_path / f'results_{camera}.json', {'meta_info': meta, 'instance_info': frames})
    notes = []
    read = read_keypoints(tmp_path, say=notes.append)
    assert read['4']['cam_a'].skeleton is SKELETONS['h36m17'] and not notes
    np.testing.assert_allclose(read['4']['cam_a'].array[0], people[4], rtol=1e-5)


def test_own_files_can_be_given_another_skeleton(tmp_path):
    """A file that was written under the wrong names."""
    people = bodies('h36m17', 2).astype(np.float32)
    path = tmp_path / 'k.json'
    write_detections(path, {'1': {'a': people, 'b': people}})
    read = read_keypoints(path, skeleton=SKELETONS['h36m17'])['1']['a']
    assert read.skeleton is SKELETONS['h36m17']
    np.testing.assert_allclose(read.array, people, atol=1e-3)
    with fails(FileFormatError, code='wrong-shape', file=path, camera='a', found=17, expected=26):
        read_keypoints(path, skeleton=SKELETONS['halpe26'])


@pytest.mark.parametrize(
    'name', ['mpii16', 'openpose_mpi15', 'panoptic15', 'campus14', 'crowdpose14', 'aic14']
)
def test_sizes_without_a_usual_skeleton_name_the_one_that_fits(tmp_path, name):
    for frame, body in enumerate(bodies(name, 8)):
        save(tmp_path / 'a' / f'{frame}.json', openpose_json(body))
    size = len(SKELETONS[name])
    with fails(FileFormatError, code='wrong-shape', found=size, expected=list(BY_SIZE)) as caught:
        read_keypoints(tmp_path)
    assert argument('skeleton', name) in str(caught.value)
    notes = []
    people = read_keypoints(tmp_path, skeleton=SKELETONS[name], say=notes.append)['1']['a']
    assert people.skeleton is SKELETONS[name] and not notes


@pytest.mark.parametrize(
    ('name', 'said'),
    [('h36m17', 'coco17'), ('openpose_mpi15', 'panoptic15'), ('aic14', 'campus14')],
)
def test_a_skeleton_that_people_contradict_is_reported(tmp_path, name, said):
    for frame, body in enumerate(bodies(name, 8)):
        save(tmp_path / 'a' / f'{frame}.json', openpose_json(body))
    notes = []
    people = read_keypoints(tmp_path, skeleton=SKELETONS[said], say=notes.append)['1']['a']
    assert people.skeleton is SKELETONS[said]
    (note,) = notes
    assert argument('skeleton', name) in note


def test_unnamed_joints_are_no_known_skeleton():
    assert unnamed(17).joints[:2] == ('0', '1')
    assert np.isnan(distortion(dataclasses.replace(COCO17, **_plain(person())), person()[None]))


def _plain(rows):
    return dict(joints=tuple(map(str, range(len(rows)))), limbs=(), root=(), sigmas=None)
