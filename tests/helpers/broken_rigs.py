"""Rigs with one mistake each, as users make them, and people detected by the true rig."""

import dataclasses

import numpy as np

from mmpose_ours.calibration import fit_space
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.synthetic import DetectorNoise, PoseBank, SceneSampler

FLIP_X = np.diag([-1.0, 1.0, 1.0])
ABOUT_Y = np.diag([-1.0, 1.0, -1.0])
Y_DOWN_FROM_Z_UP = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])


def each(rig, change):
    return CameraRig(tuple(change(camera) for camera in rig))


def first(rig, change):
    return CameraRig((change(rig.cameras[0]), *rig.cameras[1:]))


def _exchange_names(rig):
    a, b, *rest = rig
    exchanged = (dataclasses.replace(a, name=b.name), dataclasses.replace(b, name=a.name))
    return CameraRig((*exchanged, *rest))


def _other_resolution(camera):
    width, height = camera.size
    return dataclasses.replace(
        camera, K=np.diag([2 / 3, 2 / 3, 1]) @ camera.K, size=(width * 2 // 3, height * 2 // 3)
    )


# name -> (the mistake, topic that check-rig must find with keypoints, words of its sentence)
MISTAKES = {
    'metres for millimetres': (lambda r: r.in_world(np.eye(3), 1e-3), 'unit', '1000 times too'),
    'centre for translation': (
        lambda r: each(r, lambda c: dataclasses.replace(c, t_w2c=c.center_w)),
        'reading',
        'camera centres taken for translations',
    ),
    'translation for centre': (
        lambda r: each(
            r, lambda c: Camera.from_center(c.name, c.K, c.R_w2c, c.t_w2c, c.size, c.dist)
        ),
        'reading',
        'translations taken for camera centres',
    ),
    'R transposed': (
        lambda r: each(r, lambda c: dataclasses.replace(c, R_w2c=c.R_w2c.T)),
        'reading',
        'R transposed (camera to world)',
    ),
    'y down left unturned': (
        lambda r: r.in_world(Y_DOWN_FROM_Z_UP),
        'orientation',
        '-y up where z is due',
    ),
    'mirrored axes': (
        lambda r: each(
            r,
            lambda c: dataclasses.replace(
                c, R_w2c=FLIP_X @ c.R_w2c @ FLIP_X, t_w2c=FLIP_X @ c.t_w2c
            ),
        ),
        'mirrored',
        'the world is mirrored',
    ),
    'a camera that looks away': (
        lambda r: first(
            r,
            lambda c: dataclasses.replace(c, R_w2c=ABOUT_Y @ c.R_w2c, t_w2c=ABOUT_Y @ c.t_w2c),
        ),
        'view',
        'looks away',
    ),
    'two names exchanged': (_exchange_names, 'names', 'their names look swapped'),
    'calibrated at another resolution': (
        lambda r: each(r, _other_resolution),
        'resolution',
        '1.5 times as large',
    ),
    'upside down': (
        lambda r: r.in_world(np.diag([1.0, -1.0, -1.0])),
        'orientation',
        'the world is upside down',
    ),
}


def detected_people(rig, frames=24, seed=0, people=(2, 4)):
    """frame -> camera -> (P, 17, 3): synthetic people with a real detector's faults."""
    rng = np.random.default_rng(seed)
    sampler = SceneSampler(rig, fit_space(rig), PoseBank.built_in(), people=people)
    faults = DetectorNoise()
    detections = {}
    for frame in range(frames):
        keypoints = faults.detect(sampler.sample(rng), rig, rng)
        detections[str(frame)] = {
            name: view[(view[..., 2] > 0).any(-1)] for name, view in zip(rig.names, keypoints)
        }
    return detections
