"""Dataset folders made by code for the tests of this folder."""

import pickle

import cv2
import numpy as np
from scipy.io import savemat

from mmpose_ours.calibration import write_rig
from mmpose_ours.detections import write_detections
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.synthetic import DetectorNoise, Scene, built_in_poses

SIZE = (320, 240)
SPACE = dict(center_mm=(0, 0, 1000), size_mm=(4000, 4000, 2400))
NAMES = ('left', 'right', 'gate_2')
COLOURS = {'left': (255, 0, 0), 'right': (0, 255, 0), 'gate_2': (0, 0, 255)}  # RGB
FRAMES = ('000007', '000008', '000010')


def small_rig(names=NAMES, size=SIZE):
    """Cameras around a room, 4.5 m away from its middle."""
    cameras = []
    for i, name in enumerate(names):
        angle = 2 * np.pi * i / len(names) + 0.3
        center = (4500 * np.cos(angle), 4500 * np.sin(angle), 2000)
        cameras.append(Camera.looking_at(name, center, (0, 0, 1000), 230, size))
    return CameraRig(tuple(cameras))


def two_people():
    """A scene of two people, 1.6 m apart."""
    poses = built_in_poses(2, np.random.default_rng(4), ('stand',))
    poses[:, :, 0] += np.array([[-800.0], [800.0]])
    return Scene(poses, np.ones((2, 17), dtype=bool))


def exact_detections(rig, frames=FRAMES):
    """frame -> camera -> people, found exactly."""
    found = DetectorNoise.none().detect(two_people(), rig, np.random.default_rng(0))
    return {frame: dict(zip(rig.names, found)) for frame in frames}


def write_images(folder, frames=FRAMES, names=NAMES, size=SIZE):
    """One image per camera and frame, all of the camera's colour."""
    for name in names:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for frame in frames:
            image = np.full((size[1], size[0], 3), COLOURS[name][::-1], np.uint8)
            assert cv2.imwrite(str(folder / name / f'{frame}.png'), image)


def write_ours(folder, images=True):
    """The layout of data/Ours: calibration, one image folder per camera, 2D keypoints."""
    rig = small_rig()
    folder.mkdir(parents=True, exist_ok=True)
    write_rig(rig, folder / 'camera_parameters.json', 'panoptic')
    write_detections(folder / 'keypoints_2d.json', exact_detections(rig))
    if images:
        write_images(folder)
    return rig


def write_actors(path, *actors):
    """actorsGT.mat in the official layout: per actor a list of (14, 3) metres or None."""
    row = np.empty((1, len(actors)), dtype=object)
    for index, frames in enumerate(actors):
        cells = np.empty((len(frames), 1), dtype=object)
        for frame, pose in enumerate(frames):
            cells[frame, 0] = np.empty((1, 0)) if pose is None else pose
        row[0, index] = cells
    savemat(str(path), {'actor3D': row})


def write_pickle(path, data):
    path.write_bytes(pickle.dumps(data, protocol=2))
    return path
