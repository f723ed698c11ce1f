"""Numbered synthetic scenes: 3D poses, and their simulated detections in every view."""

from __future__ import annotations

import os
from typing import Any, Sequence

import numpy as np

from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.sources.options import from_options
from mmpose_ours.structures.skeletons import as_skeleton
from mmpose_ours.synthetic import Crowd, DetectorNoise, PoseBank, SceneSampler
from mmpose_ours.synthetic.draws import Streams
from mmpose_ours.synthetic.poses.sources import read_bank


class SceneGenerator:
    """Generates scenes of one rig; scene ``i`` depends on the seed and ``i`` only.

    Args:
        rig: The cameras.
        space: The capture volume.
        seed: Another seed gives other people.
        bank_file: A file of poses of any kind that ``docs/poses.md`` names; None uses the
            built-in body model.
        scene: Arguments of :class:`~mmpose_ours.synthetic.SceneSampler`.
        faults: The detector noise model: arguments of
            :class:`~mmpose_ours.synthetic.DetectorNoise`, the name of a profile of the package, the
            path of a file that ``mmpose-ours fit-noise`` wrote, or None for a perfect detector.
        joints: Name of the skeleton of people and detections.

    Raises:
        InputError: An option is unfit, or the people lack a joint of the skeleton.
    """

    def __init__(
        self,
        rig: CameraRig,
        space: CaptureVolume,
        seed: int = 0,
        bank_file: PathLike | None = None,
        scene: dict[str, Any] | None = None,
        faults: dict[str, Any] | PathLike | None = {},  # noqa: B006  read only
        joints: str = 'coco17',
    ):
        self.rig = rig
        bank = read_bank(bank_file) if bank_file else PoseBank.built_in()
        bank = bank.in_skeleton(as_skeleton(joints))
        fixed = dict(rig=rig, space=space, bank=bank)
        self.sampler: SceneSampler = from_options(SceneSampler, scene or {}, 'scene', **fixed)
        self.noise = noise_of(faults)
        self._streams = Streams(seed)

    def __call__(self, indices: Sequence[int]) -> dict[int, dict]:
        """Generate the scenes of these numbers, see :func:`items_of`."""
        rngs = self._streams(indices)
        crowd = self.sampler.sample_many(rngs)
        detections = self.noise.detect_many(crowd, self.rig, rngs)
        return items_of(indices, crowd, detections)


def items_of(
    indices: Sequence[int], crowd: Crowd, detections: Sequence[np.ndarray], **more: Any
) -> dict[int, dict]:
    """Items by index.

    Args:
        indices: S indices.
        crowd: S scenes.
        detections: S arrays (V, P, J, 3) ``u, v, score``.
        **more: Entries that are added to all items.
    """
    return {
        index: dict(
            frame_id=index,
            sample_idx=index,
            keypoints_2d=keypoints,
            keypoints_3d=scene.poses.astype(np.float32),
            visible=scene.visible.copy(),
            **more,
        )
        for index, scene, keypoints in zip(indices, crowd.split(), detections)
    }


def noise_of(faults: dict[str, Any] | PathLike | None) -> DetectorNoise:
    """The detector noise model of a config, see the argument of :class:`SceneGenerator`."""
    if faults is None:
        return DetectorNoise.none()
    if isinstance(faults, (str, os.PathLike)):
        return DetectorNoise.read(faults)
    return from_options(DetectorNoise, faults, 'faults')
