"""Skeletons out of MMPose's METAINFO; the oracle is MMPose itself."""

from pathlib import Path

import pytest
from errors import fails

from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.io.json_values import Place
from mmpose_ours.structures.joint_names import plain_joints
from mmpose_ours.structures.metainfo import find_skeleton, read_metainfo, skeleton_of
from mmpose_ours.structures.skeletons import SKELETONS

mmpose = pytest.importorskip('mmpose', reason='MMPose is the oracle here')
FOLDER = Path(mmpose.__file__).parent / '.mim' / 'configs' / '_base_' / 'datasets'
FILES = sorted(path.name for path in FOLDER.glob('*.py'))
MOUSE = """
dataset_info = dict(
    dataset_name='mouse',
    keypoint_info={
        0: dict(name='snout', id=0, color=[1, 2, 3], type='', swap=''),
        1: dict(name='earL', id=1, color=[1, 2, 3], type='', swap='earR'),
        2: dict(name='earR', id=2, color=[1, 2, 3], type='', swap='earL'),
        3: dict(name='tail', id=3, color=[1, 2, 3], type='', swap=''),
    },
    skeleton_info={0: dict(link=('snout', 'tail'), id=0, color=[0, 0, 0])},
    joint_weights=[1.0] * 4,
    sigmas=[0.1, 0.2, 0.2, 0.3],
)
"""


def parsed(path):
    from mmengine import Config

    from mmpose_ours import xtcocotools_stand_in

    xtcocotools_stand_in.provide()  # which MMPose's datasets need
    from mmpose.datasets.datasets.utils import parse_pose_metainfo

    return parse_pose_metainfo(dict(Config.fromfile(path).dataset_info))


@pytest.mark.parametrize('name', FILES)
def test_every_file_of_mmpose_is_read_as_mmpose_reads_it(name):
    expected = parsed(FOLDER / name)
    skeleton = read_metainfo(FOLDER / name)
    ids = range(expected['num_keypoints'])
    names = [expected['keypoint_id2name'][i] for i in ids]
    assert list(skeleton.joints) == list(plain_joints(names))
    flip = expected['flip_indices']
    if [flip[i] for i in flip] == list(ids):  # deepfashion2.py names partners of others
        assert skeleton.flip_order == flip
    if skeleton.name not in SKELETONS:  # those have links of their own
        assert skeleton.limb_indices.tolist() == [list(pair) for pair in expected['skeleton_links']]
        assert (skeleton.sigmas or ()) == pytest.approx(tuple(expected['sigmas']), rel=1e-6)
    again = skeleton_of(expected, Place('dataset_meta'))
    assert again.joints == skeleton.joints


@pytest.mark.parametrize(
    ('file', 'name'), [('coco.py', 'coco17'), ('coco_wholebody.py', 'coco_wholebody')]
)
def test_sigmas_are_those_of_mmpose(file, name):
    expected = parsed(FOLDER / file)
    assert SKELETONS[name].sigmas == pytest.approx(expected['sigmas'], rel=1e-6)


@pytest.mark.parametrize(
    ('name', 'known'),
    [
        ('coco.py', 'coco17'),
        ('coco_wholebody.py', 'coco_wholebody'),
        ('halpe26.py', 'halpe26'),
        ('h36m.py', 'h36m17'),
        ('mpi_inf_3dhp.py', 'mpi_inf_3dhp17'),
        ('mpii.py', 'mpii16'),
        ('crowdpose.py', 'crowdpose14'),
        ('aic.py', 'aic14'),
    ],
)
def test_joints_that_are_known_give_the_known_skeleton(name, known):
    assert read_metainfo(FOLDER / name) is SKELETONS[known]


def test_a_mouse(tmp_path):
    path = tmp_path / 'mouse.py'
    path.write_text(MOUSE)
    mouse = find_skeleton(path)
    assert (mouse.name, mouse.joints) == ('mouse', ('snout', 'earL', 'earR', 'tail'))
    assert mouse.flip_order == [0, 2, 1, 3] and mouse.limbs == (('snout', 'tail'),)
    assert mouse.sigmas == (0.1, 0.2, 0.2, 0.3) and mouse.root == ()
    assert find_skeleton('coco17') is SKELETONS['coco17']
    nothing = str(tmp_path / 'nothing.py')
    with fails(InputError, code='unknown-name', found=nothing, expected=list(SKELETONS)):
        find_skeleton(nothing)


@pytest.mark.parametrize(
    'text, code, found',
    [
        ('import os\ndataset_info = dict()', 'unsafe', 'line 1 is not an assignment'),
        ('dataset_info = 5', 'missing-value', ['dataset_info']),
        ('a = 1', 'missing-value', ['a']),
        ('dataset_info = dict(keypoint_info={})', 'out-of-range', 0),
        ('dataset_info = dict(keypoint_info={1: dict(name="a")})', 'file-format', [1]),
        ('dataset_info = dict(keypoint_info={0: dict(name=5)})', 'file-format', 5),
        ('dataset_info = dict(keypoint_info={0: 5})', 'file-format', None),
        (
            'dataset_info = dict(keypoint_info={0: dict(name="a"), 1: dict(name="a")})',
            'duplicate',
            'a',
        ),
        (
            'dataset_info = dict(keypoint_info={0: dict(name="a", swap="b")})',
            'unknown-name',
            ('a', 'b'),
        ),
        (
            'dataset_info = dict(keypoint_info={0: dict(name="a")}, '
            'skeleton_info={0: dict(link=5)})',
            'file-format',
            5,
        ),
        (
            'dataset_info = dict(keypoint_info={0: dict(name="a")}, skeleton_info=5)',
            'file-format',
            5,
        ),
        ('dataset_info = dict(keypoint_info={0: dict(name="a")}, sigmas=5)', 'file-format', 5),
        (
            'dataset_info = dict(dataset_name=5, keypoint_info={0: dict(name="a")})',
            'file-format',
            5,
        ),
        ('dataset_info = dict(keypoint_id2name="a")', 'file-format', 'a'),
        ('dataset_info = dict(keypoint_name2id={"a": 1})', 'file-format', ['1']),
        *(
            (
                f'dataset_info = dict(keypoint_id2name=["a", "b"], {key}={[[0, 1]] * 10_001})',
                'out-of-range',
                10_001,
            )
            for key in ('skeleton_links', 'flip_pairs')
        ),
    ],
)
def test_what_is_no_skeleton_is_refused(tmp_path, text, code, found):
    path = tmp_path / 'some.py'
    path.write_text(text)
    with fails(FileFormatError, code=code, file=path, found=found):
        read_metainfo(path)
