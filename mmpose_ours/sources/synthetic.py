"""Scenes invented by number: who is there, and what a detector makes of them in every view."""

from __future__ import annotations

import os
from typing import Any, Sequence

import numpy as np

from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.cameras import CameraRig, CaptureSpace
from mmpose_ours.sources.options import from_options
from mmpose_ours.synthetic import Crowd, DetectorFaults, PoseBank, SceneSampler
from mmpose_ours.synthetic.draws import Streams
from mmpose_ours.synthetic.poses.sources import read_bank


class Inventor:
    """Invents people of one site; scene ``i`` depends on the seed and ``i`` only.

    Args:
        rig: The site's cameras.
        space: Where people may be.
        seed: Another seed gives other people.
        bank_file: A file of poses of any kind that ``docs/poses.md`` names; None uses the
            built-in bodies.
        scene: Arguments of :class:`~mmpose_ours.synthetic.SceneSampler`.
        faults: Arguments of :class:`~mmpose_ours.synthetic.DetectorFaults`, the name of a
            shipped detector, the path of a file that ``mmpose-ours fit-noise`` wrote, or None
            for a perfect detector.
    """

    def __init__(
        self,
        rig: CameraRig,
        space: CaptureSpace,
        seed: int = 0,
        bank_file: PathLike | None = None,
        scene: dict[str, Any] | None = None,
        faults: dict[str, Any] | PathLike | None = {},  # noqa: B006  read only
    ):
        self.rig = rig
        bank = read_bank(bank_file) if bank_file else PoseBank.built_in()
        site = dict(rig=rig, space=space, bank=bank)
        self.sampler: SceneSampler = from_options(SceneSampler, scene or {}, 'scene', **site)
        self.faults = detector_of(faults)
        self._streams = Streams(seed)

    def __call__(self, indices: Sequence[int]) -> dict[int, dict]:
        """Invent the scenes of these numbers, see :func:`items_of`."""
        rngs = self._streams(indices)
        crowd = self.sampler.sample_many(rngs)
        detections = self.faults.detect_many(crowd, self.rig, rngs)
        return items_of(indices, crowd, detections)


def items_of(
    indices: Sequence[int], crowd: Crowd, detections: Sequence[np.ndarray], **more: Any
) -> dict[int, dict]:
    """Items by index.

    Args:
        indices: Of N scenes.
        crowd: The scenes.
        detections: Of each scene (V, P, J, 3) ``u, v, score``.
        **more: What all items have.
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


def detector_of(given: dict[str, Any] | PathLike | None) -> DetectorFaults:
    """The detector that a config asks for, see :class:`Inventor`."""
    if given is None:
        return DetectorFaults.none()
    if isinstance(given, (str, os.PathLike)):
        return DetectorFaults.read(given)
    return from_options(DetectorFaults, given, 'faults')
