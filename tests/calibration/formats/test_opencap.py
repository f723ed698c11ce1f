"""OpenCap's pickles against the parameters that its users publish and OpenCV's projection."""

import pickle
import shutil

import cv2
import numpy as np
import pytest
from errors import fails
from format_samples import sample

from mmpose_ours.calibration import CalibrationError, read_rig, recognise_format
from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.formats import opencap
from mmpose_ours.calibration.parsing.source import Source

# Of a camera as OpenCap saved it (a 4K recording), rounded to 8 digits.
CAMERA = {
    'distortion': np.array([[-0.24124805, 0.0489745, 0.00072663, -0.02385565, 0.08879946]]),
    'intrinsicMat': np.array(
        [[2053.5713, 0, 1914.46909], [0, 2016.45394, 1087.81011], [0, 0, 1]]
    ),
    'imageSize': np.array([[2160.0], [3840.0]]),
    'rotation': np.array(
        [[-0.00377515, 0.88325695, -0.46887409], [-0.99998129, -0.00107781, 0.00602101],
         [0.00481274, 0.46888805, 0.8832445]]
    ),
    'translation': np.array([[546.92724657], [766.93473331], [2186.23172209]]),
    'rotation_EulerAngles': np.array([[0.37831574], [-0.38715909], [-1.53922965]]),
}  # fmt: skip


def session(folder, cameras=('Cam0', 'Cam1'), protocol=4, **changes):
    """``Videos`` of a session: a folder for each camera."""
    for index, name in enumerate(cameras):
        values = {**CAMERA, **changes}
        if values['translation'] is not None and index:
            values['translation'] = values['translation'] + [[500.0], [0], [0]]
        path = folder / 'Videos' / name / 'cameraIntrinsicsExtrinsics.pickle'
        path.parent.mkdir(parents=True)
        path.write_bytes(pickle.dumps({k: v for k, v in values.items() if v is not None}, protocol))
    return folder / 'Videos'


@pytest.mark.parametrize('protocol', [2, 3, 4, 5])
def test_a_session(tmp_path, protocol):
    folder = session(tmp_path, protocol=protocol)
    assert recognise_format(folder)[0] == 'opencap'
    read = read_calibration(folder, up='-y')
    assert (read.unit, read.rig.names) == ('mm', ('Cam0', 'Cam1'))
    found = opencap.read(Source(folder)).rig['Cam0']
    assert found.size == (3840, 2160)
    # What it calls Euler angles is the Rodrigues vector of the same rotation.
    np.testing.assert_allclose(
        found.R_w2c, cv2.Rodrigues(CAMERA['rotation_EulerAngles'])[0], atol=1e-6
    )
    point = np.array([[[400.0, 300.0, -200.0]]])  # of the board, millimetres
    expected = cv2.projectPoints(
        point, CAMERA['rotation_EulerAngles'], CAMERA['translation'], CAMERA['intrinsicMat'],
        CAMERA['distortion'],
    )[0]  # fmt: skip
    np.testing.assert_allclose(found.project(point[0, 0])[0], expected[0, 0], atol=1e-3)


def test_names_of_files(tmp_path):
    folder = session(tmp_path)
    paths = sorted(folder.rglob('*.pickle'))
    assert read_rig(paths, up='-y').names == ('Cam0', 'Cam1')
    # Flat, as Pose2Sim writes them
    assert read_rig(sample('opencap', tmp_path / 'flat'), up='z').names == ('cam0', 'cam1')


def test_other_files_and_cameras_without_a_pose(tmp_path):
    folder = session(tmp_path)
    lens = {k: CAMERA[k] for k in ('distortion', 'intrinsicMat', 'imageSize')}
    for name in ('Cam0', 'Cam2'):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / 'cameraIntrinsics.pickle').write_bytes(pickle.dumps(lens))
    (folder / 'Cam0' / 'notes.pickle').write_bytes(pickle.dumps({'a': 1}))
    reading = opencap.read(Source(folder))
    assert reading.rig.names == ('Cam0', 'Cam1')
    assert reading.uncalibrated == ('Cam2',)
    shutil.rmtree(folder)
    folder = session(tmp_path, rotation=None, translation=None)
    assert opencap.recognise(Source(folder)) == ''
    with fails(CalibrationError, code='no-data'):
        opencap.read(Source(folder))


def test_nothing_in_a_pickle_runs(tmp_path):
    class Evil:
        def __reduce__(self):
            return (tmp_path.joinpath('executed').touch, ())

    folder = session(tmp_path, other=Evil())
    with fails(CalibrationError, code='unsafe'):
        read_rig(folder, 'opencap', up='z')
    assert not (tmp_path / 'executed').exists()


@pytest.mark.parametrize(
    ('changes', 'fields'),
    [
        (dict(imageSize=None), dict(code='missing-value', camera='Cam0', expected='imageSize')),
        (dict(imageSize=np.zeros((2, 1))), dict(code='out-of-range', place='imageSize')),
        (dict(distortion=np.zeros(3)), dict(code='wrong-shape', place='distortion', found=3)),
        (dict(distortion=None), dict(code='missing-value', expected='distortion')),
        (dict(rotation=np.eye(2)), dict(code='wrong-shape', place='rotation', found=4)),
        (dict(rotation=-np.eye(3)), dict(code='invalid-input', camera='Cam0')),
        (dict(translation=np.full((3, 1), np.nan)), dict(code='not-finite', camera='Cam0')),
        (dict(intrinsicMat=[['x'] * 3] * 3), dict(code='file-format', camera='Cam0')),
    ],
)
def test_broken_values(tmp_path, changes, fields):
    folder = session(tmp_path, **changes)
    with fails(CalibrationError, **fields):
        opencap.read(Source(folder))
