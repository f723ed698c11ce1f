import numpy as np
import pytest
from campus_people import STANDING
from dataset_files import write_actors
from errors import fails
from scipy.io import savemat

from mmpose_ours.errors import FileFormatError
from mmpose_ours.evaluation import read_actors

METRES = STANDING / 1000


def cells(*poses):
    column = np.empty((len(poses), 1), dtype=object)
    for frame, pose in enumerate(poses):
        column[frame, 0] = np.empty((1, 0)) if pose is None else pose
    return column


def write(path, *actors):
    row = np.empty((1, len(actors)), dtype=object)
    for index, actor in enumerate(actors):
        row[0, index] = actor
    savemat(str(path), {'actor3D': row})
    return path


def test_metres_become_millimetres_and_empty_cells_nan(tmp_path):
    path = write(tmp_path / 'actorsGT.mat', cells(METRES, None), cells(None, METRES))
    truth = read_actors(path)
    assert truth.shape == (2, 2, 14, 3)
    np.testing.assert_allclose(truth[0, 0], STANDING)
    np.testing.assert_allclose(truth[1, 1], STANDING)
    assert np.isnan(truth[0, 1]).all() and np.isnan(truth[1, 0]).all()


def test_one_actor_in_one_frame(tmp_path):
    assert read_actors(write(tmp_path / 'a.mat', cells(METRES))).shape == (1, 1, 14, 3)


def test_campus_and_shelf_as_shipped(shared_data):
    campus = read_actors(shared_data / 'campus/actorsGT.mat')
    assert campus.shape == (2000, 3, 14, 3)
    assert np.isfinite(campus).all((-1, -2)).sum(0).tolist() == [816, 694, 665]
    shelf = read_actors(shared_data / 'shelf/actorsGT.mat')
    assert shelf.shape == (550, 4, 14, 3)
    assert np.isfinite(shelf).all((-1, -2)).sum(0).tolist() == [230, 19, 115, 23]
    assert np.isnan(shelf[:300]).all()
    heights = np.nanmedian(shelf[..., 13, 2] - shelf[..., 0, 2])
    assert 1300 < heights < 2000


def test_broken_files_are_errors_that_name_the_file(tmp_path):
    text = tmp_path / 'text.mat'
    text.write_text('not MATLAB')
    other = tmp_path / 'other.mat'
    savemat(str(other), {'actor2D': np.zeros(3)})
    flat = tmp_path / 'flat.mat'
    savemat(str(flat), {'actor3D': np.zeros((3, 4))})
    coco = write(tmp_path / 'coco.mat', cells(METRES, np.zeros((17, 3))))
    uneven = write(tmp_path / 'uneven.mat', cells(METRES, None), cells(METRES))
    millimetres = write(tmp_path / 'mm.mat', cells(STANDING, STANDING))
    for path, fields in (
        (text, dict(code='file-format')),
        (other, dict(code='missing-value', expected='actor3D')),
        (flat, dict(code='wrong-shape', found=[1])),
        (coco, dict(code='wrong-shape', frame=1, found=(17, 3), expected=(14, 3))),
        (uneven, dict(code='wrong-shape', found=[1, 2])),
        (millimetres, dict(code='out-of-range', found=2000, expected=(0.3, 5.0))),
    ):
        with fails(FileFormatError, file=path, **fields):
            read_actors(path)
    with pytest.raises(FileNotFoundError):
        read_actors(tmp_path / 'absent.mat')


@pytest.mark.parametrize('value', [np.inf, 1e300, -1e9])
def test_nobody_is_a_thousand_kilometres_away(tmp_path, value):
    poses = np.tile(STANDING / 1000, (3, 1, 1))
    poses[1, 5, 0] = value
    write_actors(tmp_path / 'a.mat', list(poses))
    with fails(FileFormatError, code='out-of-range', file=tmp_path / 'a.mat', frame=1):
        read_actors(tmp_path / 'a.mat')


@pytest.mark.parametrize('content', ['text', {'a': 1.0}, np.eye(3), np.empty((0, 0))])
def test_something_else_called_actor3d(tmp_path, content):
    savemat(tmp_path / 'a.mat', {'actor3D': content})
    with fails(FileFormatError, code='wrong-shape', file=tmp_path / 'a.mat'):
        read_actors(tmp_path / 'a.mat')
