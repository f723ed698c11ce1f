"""What a run assumed of the scene, the capture volume and the noise, as three lines of text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mmpose_ours.text import argument, counted

if TYPE_CHECKING:
    from mmpose_ours.apis.adaptation import Adaptation
    from mmpose_ours.apis.scene import Scene

# Cameras and joints are named whose figures differ from those of the others by this factor.
NOTABLE = 1.5


def describe(adaptation: Adaptation) -> list[str]:
    """Three lines: world, volume, noise; each with what to do if it is wrong."""
    return [
        f'world   {_world(adaptation.scene)}',
        f'volume  {_volume(adaptation)}',
        f'noise   {_noise(adaptation)}',
    ]


def _world(scene: Scene) -> str:
    """Unit, up axis and floor."""
    if not scene.people:
        return (
            'mm, z up and the floor z = 0, as the calibration has them: too few people are seen by '
            'two cameras to measure them'
        )
    by = {'feet': 'by feet', 'bodies': 'by bodies', 'rig': 'as in the calibration'}
    tilt, floor = scene.tilt, scene.floor
    up = f'z up ({by[tilt.source]})'
    if tilt.value:
        up = f'people stand {tilt.value:.0f} degrees off the z axis ({by[tilt.source]})'
    unit = 'mm'
    if math.isfinite(scene.height_mm):
        unit = f'mm (people are {scene.height_mm / 1000:.2f} m tall by their limbs)'
    return (
        f'{unit}; {up}; floor at z = {floor.value:.0f} mm ({by[floor.source]} of {floor.count} '
        f'people, +-{floor.std:.0f} mm). Wrong? {argument("unit")}, {argument("up")}, '
        f'{argument("auto_level", True)}, or `mmpose-ours align-rig`'
    )


def _volume(adaptation: Adaptation) -> str:
    """The capture volume, and what it follows from."""
    inferencer, scene, space = adaptation.inferencer, adaptation.scene, adaptation.space
    size = ' x '.join(f'{value / 1000:.1f}' for value in space.size_mm)
    center = ', '.join(f'{value / 1000:.1f}' for value in space.center_mm)
    if inferencer.given_space is not None:
        why = 'as given'
    elif not inferencer.adapts:
        why = 'where the cameras or the config say'
    elif scene.people:
        people, frames = counted(scene.people, 'person', 'people'), counted(scene.frames, 'frame')
        why = f'around {people} in {frames}; nobody outside is dropped'
    else:
        why = 'where the cameras see people; nobody outside is dropped'
    return f'{size} m around ({center}) m: {why}. Wrong? {argument("space")}'


def _noise(adaptation: Adaptation) -> str:
    """Standard deviations of the rays, the cameras that are worse, and the weight of the prior."""
    noise = adaptation.noise
    if noise is None:
        return 'as in training: too few people are seen by three cameras to measure it'
    std = noise.ray_std_mm.numpy()
    cameras = np.sqrt(np.square(std).mean(1))
    text = f'joints are +-{np.median(std):.0f} mm off across their rays'
    worse = [
        f'{name} {value / np.median(cameras):.1f} times as much'
        for name, value in zip(noise.cameras, cameras)
        if value > NOTABLE * np.median(cameras)
    ]
    if worse:
        text += f', of camera {", ".join(worse)}'
    doubted = noise.doubted()
    if doubted:
        kinds = ', '.join(doubted)
        text += f'; where three cameras show them, the detector decides on {kinds}'
    return f'{text}. Wrong? `mmpose-ours check-rig`'
