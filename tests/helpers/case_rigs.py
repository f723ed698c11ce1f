"""Rigs that stand as the truth beside real-world inputs, see `tests/conftest.py`."""

import json

import numpy as np

from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig


def case_folder(shared_data, name):
    """The folder of a case."""
    return shared_data.parent / 'cases' / name


def true_rig(folder, scale=1.0, relative=False):
    """The rig of a case's truth.

    Args:
        folder: The case.
        scale: What a millimetre is in the unit wanted.
        relative: In the world of the first camera.
    """
    entries = json.loads((folder / 'truth.json').read_text())
    cameras = []
    for name, values in entries.items():
        R, t = np.array(values['R_w2c']), np.array(values['t_w2c_mm']) * scale
        cameras.append(Camera(name, values['K'], R, t, tuple(values['size']), values['dist']))
    if relative:
        R_first, t_first = cameras[0].R_w2c, cameras[0].t_w2c
        cameras = [
            Camera(c.name, c.K, c.R_w2c @ R_first.T, c.t_w2c - c.R_w2c @ R_first.T @ t_first,
                   c.size, c.dist)
            for c in cameras
        ]  # fmt: skip
    return CameraRig(tuple(cameras))


def assert_same_cameras(found, true, sizes=True):
    """The same K, distortion, pose and size, one after the other; names are not compared."""
    assert len(found) == len(true)
    for a, b in zip(found, true):
        np.testing.assert_allclose(a.K, b.K, atol=1e-9)
        np.testing.assert_allclose(a.dist_full, b.dist_full, atol=1e-12)
        np.testing.assert_allclose(a.R_w2c, b.R_w2c, atol=1e-9)
        np.testing.assert_allclose(a.t_w2c, b.t_w2c, atol=1e-6)
        assert a.size == b.size or not sizes
