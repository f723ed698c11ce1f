"""JARVIS-MoCap's cameras, by hand and against its own projection of rows."""

import cv2
import numpy as np
from errors import fails
from format_samples import sample, sample_rig

from mmpose_ours.calibration import CalibrationError, read_rig, recognise_format

POINTS = np.random.default_rng(0).normal(0, 400, (20, 3)) + (0, 0, 900)


def projected_by_jarvis(path, points):
    """jarvis/utils/reprojection.py: rows times matrices, radial distortion of two terms."""
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_READ)
    R, T, M, D = (
        storage.getNode(key).mat()
        for key in ('R', 'T', 'intrinsicMatrix', 'distortionCoefficients')
    )
    rows = np.column_stack([points, np.ones(len(points))]) @ np.vstack([R, T.T]) @ M
    off = rows[:, :2] / rows[:, 2:] - M[2, :2]
    r2 = ((off / np.diag(M)[:2]) ** 2).sum(-1, keepdims=True)
    return off * (1 + (D[0, 0] + D[0, 1] * r2) * r2) + M[2, :2]


def test_cameras_project_as_jarvis_does(tmp_path):
    paths = sample('jarvis', tmp_path)
    assert recognise_format(paths)[0] == 'jarvis'
    rig = read_rig(paths, unit='mm', up='z')
    assert rig.names == ('cam0', 'cam1')
    for camera, true, path in zip(rig, sample_rig(), paths):
        np.testing.assert_allclose(camera.K, true.K)
        np.testing.assert_allclose(camera.center_w, true.center_w, atol=1e-6)
        # JARVIS leaves the tangential terms out.
        dist = np.array([*camera.dist[:2], 0, 0, 0])
        uv, _ = cv2.projectPoints(POINTS, camera.R_w2c, camera.t_w2c, camera.K, dist)
        np.testing.assert_allclose(uv[:, 0], projected_by_jarvis(path, POINTS), atol=1e-6)


def test_a_matrix_that_is_not_transposed_is_of_another_tool(tmp_path):
    paths = sample('jarvis', tmp_path)
    text = paths[0].read_text()
    K = sample_rig()['cam0'].K
    turned = ', '.join(map(repr, K.ravel().tolist()))
    assert ', '.join(map(repr, K.T.ravel().tolist())) in text
    paths[0].write_text(text.replace(', '.join(map(repr, K.T.ravel().tolist())), turned))
    with fails(CalibrationError, code='file-format', file=paths[0]):
        read_rig(paths, 'jarvis', unit='mm', up='z')
