"""Rigs and files made by code for the tests of this folder."""

import json

import numpy as np

from mmpose_ours.calibration import write_rig
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig

SIZE = (1280, 720)
DIST = (-0.21, 0.17, 0.0004, -0.0007, 0.02)


def ring_rig(count=4, radius=4000.0, dist=DIST, size=SIZE, names=None):
    """Cameras on a circle, 2.5 m high, that look at the middle of the scene."""
    cameras = []
    for i in range(count):
        angle = 2 * np.pi * i / count + 0.1
        center = (radius * np.cos(angle), radius * np.sin(angle), 2500 + 20 * i)
        pinhole = Camera.looking_at('x', center, (100, -50, 1000), 700 + 3 * i, SIZE)
        K = pinhole.K + [[0, 0, 3.3], [0, 5.5, -4.4], [0, 0, 0]]
        name = names[i] if names else f'cam{i}'
        cameras.append(Camera(name, K, pinhole.R_w2c, pinhole.t_w2c, size, dist))
    return CameraRig(tuple(cameras))


def people_points(count=1000, seed=0):
    """(count, 3) mm: points where people are."""
    return np.random.default_rng(seed).uniform((-1500, -1500, 0), (1500, 1500, 2000), (count, 3))


def written(rig, folder, format):
    """The parsed content of the rig's file."""
    path = folder / 'written.json'
    write_rig(rig, path, format)
    return json.loads(path.read_text())


def save(data, folder, name='rig.json'):
    """Write data as JSON (NaN included) or text as it is."""
    path = folder / name
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def assert_same_rig(rig, other, names=True):
    """Equal up to rounding of the last bits."""
    assert not names or rig.names == other.names
    for a, b in zip(rig, other):
        np.testing.assert_allclose(a.K, b.K, rtol=0, atol=1e-12)
        np.testing.assert_allclose(a.dist_full, b.dist_full, rtol=0, atol=0)
        np.testing.assert_allclose(a.R_w2c, b.R_w2c, rtol=0, atol=1e-15)
        np.testing.assert_allclose(a.t_w2c, b.t_w2c, rtol=1e-12, atol=1e-9)
        assert a.size == b.size
