import numpy as np
import pytest
from errors import fails
from mocap_files import COCO17, Y_UP, people

from mmpose_ours.errors import FileFormatError
from mmpose_ours.synthetic.poses.sources import read_bank, read_source

# The published names of SMPL's first 22 joints, which all its successors share.
SMPL = (
    'pelvis left_hip right_hip spine1 left_knee right_knee spine2 left_ankle right_ankle spine3 '
    'left_foot right_foot neck left_collar right_collar head left_shoulder right_shoulder '
    'left_elbow right_elbow left_wrist right_wrist'
).split()


def smpl_joints(poses, count, face_at=None):
    """Metres, y up; joints that COCO lacks are far away."""
    joints = np.full((len(poses), count, 3), 50.0)
    face = ('nose', 'right_eye', 'left_eye', 'right_ear', 'left_ear')
    for place, name in [*enumerate(SMPL), *enumerate(face, face_at or 1000)]:
        if name in COCO17.joints and place < count:
            joints[:, place] = poses[:, COCO17.index(name)[0]] @ Y_UP.T / 1000
    return joints.astype(np.float32)


@pytest.mark.parametrize(
    'count, face_at', [(22, None), (24, None), (52, None), (45, 24), (127, 55)]
)
def test_joints_come_back(tmp_path, count, face_at):
    poses = people()
    path = tmp_path / 'walk.npz'
    np.savez(
        path, joints=smpl_joints(poses, count, face_at), fps=30.0, names=np.array(['a'], object)
    )
    source = read_source(path)
    assert source.kind == 'SMPL joints'
    assert source.note == 'unit m by its legs, y up by its motion'
    first = 0 if face_at else 5
    assert source.bank.visible[:, first:].all() and not source.bank.visible[:, :first].any()
    difference = (source.bank.poses - poses)[:, first:]
    np.testing.assert_allclose(difference[..., :2], 0, atol=0.01)
    assert np.ptp(difference[..., 2]) < 0.02


def test_an_npy_of_several_people_is_read(tmp_path):
    path = tmp_path / 'walk.npy'
    np.save(path, smpl_joints(people(), 24).reshape(4, 5, 24, 3))
    assert len(read_bank(path)) == 20


def test_parameters_are_no_joints(tmp_path):
    path = tmp_path / 'amass.npz'
    np.savez(path, poses=np.zeros((9, 156)), betas=np.zeros(16), trans=np.zeros((9, 3)))
    shapes = {'poses': (9, 156), 'betas': (16,), 'trans': (9, 3)}
    with fails(FileFormatError, code='no-data', file=path, found=shapes, expected='joints'):
        read_bank(path)


@pytest.mark.parametrize('arrays', [{'joints': np.zeros((4, 23, 3))}, {'a': np.zeros(3)}, {}])
def test_other_arrays_are_refused(tmp_path, arrays):
    path = tmp_path / 'some.npz'
    np.savez(path, **arrays)
    shapes = {name: array.shape for name, array in arrays.items()}
    with fails(FileFormatError, code='wrong-shape', file=path, found=shapes):
        read_bank(path)


def test_pickled_objects_and_broken_files_are_refused(tmp_path):
    path = tmp_path / 'objects.npy'
    np.save(path, np.array([{'joints': 1}], dtype=object), allow_pickle=True)
    with fails(FileFormatError, code='wrong-shape', file=path, found={}):
        read_bank(path)
    path = tmp_path / 'cut.npz'
    np.savez(path, joints=smpl_joints(people(), 22))
    path.write_bytes(path.read_bytes()[:-300])
    with fails(FileFormatError, code='damaged', file=path):
        read_bank(path)
