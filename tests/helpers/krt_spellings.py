"""Rigs as people write K, R and T by hand: ten spellings, each in any direction."""

import json
import pickle

import numpy as np

from mmpose_ours.calibration.direction import C2W, CENTER, VECTOR, W2C
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.rotations import to_quaternion, to_vector

DIRECTIONS = [(W2C, VECTOR), (W2C, CENTER), (C2W, CENTER), (C2W, VECTOR)]


def random_rig(seed):
    """Four to seven cameras of different sizes around people, millimetres, z up."""
    rng = np.random.default_rng(seed)
    cameras = []
    count = int(rng.integers(4, 8))
    for i in range(count):
        angle = 2 * np.pi * i / count + rng.uniform(-0.3, 0.3)
        radius = rng.uniform(3000, 5500)
        place = (radius * np.cos(angle), radius * np.sin(angle), rng.uniform(1200, 2800))
        size = [(1920, 1080), (1280, 720)][int(rng.integers(2))]
        focal = size[0] * rng.uniform(0.5, 0.8)
        at = Camera.looking_at(f'c{i}', place, rng.normal((0, 0, 1000), 150), focal, size)
        dist = rng.normal(0, (0.1, 0.05, 1e-3, 1e-3, 0.02))
        cameras.append(Camera(f'c{i}', at.K, at.R_w2c, at.t_w2c, size, dist))
    return CameraRig(tuple(cameras))


def pose_of(camera, direction):
    """R (3, 3) and T (3,) as a direction has them."""
    extrinsics, translation = direction
    R = camera.R_w2c if extrinsics == W2C else camera.R_w2c.T
    return R, camera.t_w2c if translation == VECTOR else camera.center_w


def matrix(camera, direction, rows=3):
    """A transform whose last column belongs to its rotation."""
    R, t = pose_of(camera, (direction[0], VECTOR if direction[0] == W2C else CENTER))
    whole = np.eye(4)
    whole[:3, :3], whole[:3, 3] = R, t
    return whole[:rows]


def flat(rig, direction):
    def entry(camera):
        R, t = pose_of(camera, direction)
        return {
            'K': camera.K.ravel().tolist(),
            'R': R.ravel().tolist(),
            'T': t.tolist(),
            'imgSize': [float(side) for side in camera.size],
            'distort': camera.dist.tolist(),
        }

    return {camera.name: entry(camera) for camera in rig}


def with_rt(rig, direction):
    return {
        camera.name: {
            'K': camera.K.ravel().tolist(),
            'RT': matrix(camera, direction).ravel().tolist(),
            'imgSize': list(camera.size),
            'D': camera.dist.tolist(),
        }
        for camera in rig
    }


def arrays_with_rt(rig, direction):
    return {
        'K': np.stack([camera.K for camera in rig]),
        'Rt': np.stack([matrix(camera, direction) for camera in rig]),
        'dist': np.stack([camera.dist for camera in rig]),
        'sizes_are_not_here': np.zeros(3),
        'names': list(rig.names),
        'image_size': np.array([camera.size for camera in rig]),
    }


def listed(rig, direction):
    entries = []
    for camera in rig:
        R, t = pose_of(camera, direction)
        entries.append(
            {
                'id': camera.name,
                'cameraMatrix': camera.K.tolist(),
                'distCoeffs': [camera.dist.tolist()],
                'rvec': to_vector(R).reshape(3, 1).tolist(),
                'tvec': t.reshape(3, 1).tolist(),
                'imageSize': list(camera.size),
            }
        )
    return entries


def grouped(rig, direction):
    def entry(camera):
        R, t = pose_of(camera, direction)
        k1, k2, p1, p2, k3 = camera.dist.tolist()
        return {
            'intrinsics': {
                'fx': camera.K[0, 0], 'fy': camera.K[1, 1], 'cx': camera.K[0, 2],
                'cy': camera.K[1, 2],
            },
            'extrinsics': {'rotation': R.tolist(), 'translation': dict(zip('xyz', t.tolist()))},
            'distortion': {'k1': k1, 'k2': k2, 'p1': p1, 'p2': p2, 'k3': k3},
            'resolution': {'width': camera.size[0], 'height': camera.size[1]},
        }  # fmt: skip

    return {'calibration': {camera.name: entry(camera) for camera in rig}, 'version': 2}


def snake(rig, direction):
    entries = []
    for camera in rig:
        R, t = pose_of(camera, direction)
        entries.append(
            {
                'camera_name': camera.name,
                'camera_matrix': camera.K.tolist(),
                'dist_coeffs': camera.dist.reshape(5, 1).tolist(),
                'rotation_matrix': R.tolist(),
                'translation_vector': [t.tolist()],
                'width': camera.size[0],
                'height': camera.size[1],
            }
        )
    return {'cameras': entries, 'reprojection_error': 0.4}


def parts(rig, direction):
    def entry(camera):
        R, t = pose_of(camera, direction)
        k1, k2, p1, p2, k3 = camera.dist.tolist()
        return {
            'F': camera.K[[0, 1], [0, 1]].tolist(),
            'C': camera.K[:2, 2].tolist(),
            'R': R.tolist(),
            't': t.tolist(),
            'Radial': [k1, k2, k3],
            'Tangential': [p1, p2],
            'W': camera.size[0],
            'H': camera.size[1],
        }

    return {camera.name: entry(camera) for camera in rig}


def by_kind(rig, direction):
    return {
        'intrinsics': {camera.name: camera.K.tolist() for camera in rig},
        'extrinsics': {camera.name: matrix(camera, direction, 4).tolist() for camera in rig},
        'distortion': {camera.name: camera.dist.tolist() for camera in rig},
        'image_size': {camera.name: list(camera.size) for camera in rig},
    }


def arrays(rig, direction):
    pairs = [pose_of(camera, direction) for camera in rig]
    return {
        'camera_names': list(rig.names),
        'K': [camera.K.tolist() for camera in rig],
        'R': [R.tolist() for R, _ in pairs],
        't': [t.reshape(3, 1).tolist() for _, t in pairs],
        'D': [camera.dist.tolist() for camera in rig],
        'img_size': [list(camera.size) for camera in rig],
    }


def quaternions(rig, direction):
    def entry(camera):
        R, t = pose_of(camera, direction)
        return {
            'intrinsic': camera.K.tolist(),
            'quaternion_xyzw': to_quaternion(R)[[1, 2, 3, 0]].tolist(),
            'T': t.tolist(),
            'k': camera.dist[[0, 1, 4]].tolist(),
            'p': camera.dist[2:4].tolist(),
            'resolution': list(camera.size),
        }

    return [{'serial': camera.name, 'params': entry(camera)} for camera in rig]


# Whether the translation must be said: that of a matrix follows from its direction.
SPELLINGS = {
    'flat': (flat, True),
    'K and RT': (with_rt, False),
    'a pickle of arrays': (arrays_with_rt, False),
    'a list of OpenCV words': (listed, True),
    'grouped': (grouped, True),
    'snake case': (snake, True),
    'f and c': (parts, True),
    'intrinsics and extrinsics by name': (by_kind, False),
    'arrays': (arrays, True),
    'quaternions': (quaternions, True),
}


def write(content, folder):
    """A file of the content: a pickle where it holds arrays, else JSON."""
    if isinstance(content, dict) and any(isinstance(v, np.ndarray) for v in content.values()):
        path = folder / 'rig.pkl'
        path.write_bytes(pickle.dumps(content))
    else:
        path = folder / 'rig.json'
        path.write_text(json.dumps(content))
    return path
