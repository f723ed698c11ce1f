"""Rigs of every kind, and checks, for the tests of the formats of computer-vision tools."""

import dataclasses
import json

import cv2
import numpy as np
import pytest
from calibration_rigs import people_points, ring_rig

from mmpose_ours.calibration.parsing.source import Source
from mmpose_ours.geometry.rig import CameraRig

DISTS = {
    4: (-0.21, 0.17, 0.0004, -0.0007),
    5: (-0.21, 0.17, 0.0004, -0.0007, 0.02),
    8: (-0.21, 0.17, 0.0004, -0.0007, 0.02, 0.01, -0.02, 0.003),
    12: (-0.21, 0.17, 0.0004, -0.0007, 0.02, 0.01, -0.02, 0.003, 1e-5, 2e-3, -1e-3, 3e-4),
    14: (-0.2, 0.1, 4e-4, -7e-4, 0.02, 0.01, -0.02, 0.003, 1e-5, 2e-3, -1e-3, 3e-4, 0.01, -0.02),
}
FISHEYE = (-0.03, 0.004, -0.0007, 1e-05)


def changed(rig, **changes):
    """The rig whose cameras all have other values."""
    return CameraRig(tuple(dataclasses.replace(camera, **changes) for camera in rig))


def fisheye_rig(**options):
    return changed(ring_rig(**options), lens='fisheye', dist=FISHEYE)


def assert_same_pixels(rig, other):
    """Equal names, sizes, lenses, coefficients and K (to 1e-9), 1,000 points within 1e-6 px."""
    assert rig.names == other.names
    points = people_points(1000)
    for a, b in zip(rig, other):
        assert (a.size, a.lens) == (b.size, b.lens)
        np.testing.assert_array_equal(a.dist_full, b.dist_full)
        np.testing.assert_allclose(a.K, b.K, rtol=0, atol=1e-9)
        uv, valid = a.project(points)
        uv_other, valid_other = b.project(points)
        assert valid.mean() > 0.5
        np.testing.assert_array_equal(valid, valid_other)
        assert np.abs(uv_other - uv)[valid].max() < 1e-6


def storage(path, values):
    """A FileStorage as OpenCV itself writes it."""
    file = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    for key, value in values.items():
        file.write(key, value)
    file.release()
    return path


def text_reader(read, name):
    """A fixture: reads a text as the file of a name."""

    @pytest.fixture
    def read_text(tmp_path):
        def reads(text, image_size=None):
            (tmp_path / name).write_text(text)
            return read(Source(tmp_path / name, image_size))

        return reads

    return read_text


def read_sample(module, shared_data, sample, image_size=None, from_corner=False):
    """What a real sample holds by the reader and by the expected values, name by name.

    ``from_corner`` says that the expected principal points count from the corner of the first
    pixel, as the file's do.
    """
    expected = json.loads((shared_data / 'calib/EXPECTED.json').read_text())['samples'][sample]
    paths = [shared_data / 'calib' / name for name in expected['files']]
    reading = module.read(Source(paths, image_size))
    to_centre = [[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]] if from_corner else 0
    rig = reading.rig if image_size is None else reading.rig.with_size(image_size)
    # The samples' expected names of COLMAP are those of the images.
    assert list(rig.names) == [name.replace('.jpg', '') for name in expected['cameras']]
    for found, camera in zip(rig, expected['cameras'].values()):
        np.testing.assert_allclose(found.K, np.array(camera['K']) - to_centre, rtol=1e-15)
        np.testing.assert_array_equal(found.dist, camera['dist'])
        assert found.lens == camera['dist_model']
        np.testing.assert_allclose(found.R_w2c, camera['R_w2c'], atol=1e-12)
        center, t_w2c = np.ravel(camera['center']), np.ravel(camera['t_w2c'])
        scale = max(1.0, float(np.abs(center).max()))
        np.testing.assert_allclose(found.t_w2c, t_w2c, atol=1e-12 * scale)
        # Rounded rotations: their transpose and their inverse differ.
        np.testing.assert_allclose(found.center_w, center, atol=1e-5 * scale)
        assert found.size == (None if camera['size'] is None else tuple(camera['size']))
    return reading
