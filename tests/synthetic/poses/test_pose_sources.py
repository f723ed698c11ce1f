import pickle

import numpy as np
import pytest
from errors import fails
from mocap_files import people

from mmpose_ours.errors import FileFormatError
from mmpose_ours.synthetic import PoseBank
from mmpose_ours.synthetic.poses.bank_files import write_bank
from mmpose_ours.synthetic.poses.sources import read_bank, read_source


def test_a_bank_is_written_and_read_back(tmp_path):
    poses = people()
    visible = np.ones((20, 17), dtype=bool)
    visible[3, 9] = False
    write_bank(tmp_path / 'bank.npz', PoseBank(poses, visible))
    with np.load(tmp_path / 'bank.npz', allow_pickle=False) as arrays:
        assert set(arrays.files) == {'format', 'joints', 'poses', 'visible'}
    source = read_source(tmp_path / 'bank.npz')
    assert source.kind == 'pose bank'
    np.testing.assert_array_equal(source.bank.visible, visible)
    np.testing.assert_allclose(source.bank.poses[visible], poses[visible], atol=1e-3)


@pytest.mark.parametrize(
    'change',
    [
        {'visible': np.ones((3, 17))},
        {'poses': np.zeros((3, 17, 2))},
        {'joints': np.array('body25')},
        {'poses': np.zeros((2, 17, 3))},
    ],
)
def test_a_bank_whose_arrays_do_not_fit_is_refused(tmp_path, change):
    good = dict(format=np.array('mmpose_ours.pose_bank.1'), joints=np.array('coco17'),
                poses=people(3), visible=np.ones((3, 17), dtype=bool))  # fmt: skip
    np.savez(tmp_path / 'bank.npz', **{**good, **change})
    expected = {'poses': ('N', 17, 3), 'visible': ('N', 17), 'joints': 'coco17'}
    path = tmp_path / 'bank.npz'
    with fails(FileFormatError, code='wrong-shape', file=path, expected=expected):
        read_bank(tmp_path / 'bank.npz')


def test_built_in_and_pickles_are_sources(tmp_path):
    np.testing.assert_array_equal(read_bank('built-in').poses, PoseBank.built_in().poses)
    entries = [{'pose': pose, 'vis': np.ones(17)} for pose in people()]
    (tmp_path / 'poses.pkl').write_bytes(pickle.dumps(entries, protocol=2))
    assert read_source(tmp_path / 'poses.pkl').kind == 'pickle'


@pytest.mark.parametrize('content', [b'', b'solid cube', b'\x00\x01\x02', b'v 1 2 3'])
def test_other_files_are_refused_by_what_they_hold(tmp_path, content):
    (tmp_path / 'walk.bvh').write_bytes(content)
    path = tmp_path / 'walk.bvh'
    with fails(FileFormatError, code='file-format', file=path, found=content):
        read_bank(path)
