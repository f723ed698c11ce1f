"""A model with its weights, and the pipeline that packs frames for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Mapping, Protocol

import numpy as np
from mmengine.config import Config
from mmengine.dataset import Compose

from mmpose_ours.calibration import fit_space
from mmpose_ours.checkpoints.loading import load_weights
from mmpose_ours.checkpoints.reading import read_checkpoint
from mmpose_ours.datasets.data_sample import MultiviewDataSample
from mmpose_ours.datasets.multiview import PACK
from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.scope import MODELS
from mmpose_ours.structures.poses import Poses3D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.text import argument


class PoseModel(Protocol):
    """A model of MMEngine that knows its skeleton, as those of this package do."""

    joints: Skeleton
    fixed_volume_size: bool

    @property
    def sees_images(self) -> bool:
        """Whether it takes images instead of 2D keypoints."""

    def test_step(self, data: dict[str, Any]) -> list[MultiviewDataSample]:
        """Find the people of a batch as MMEngine's ``pseudo_collate`` makes it."""


def load_model(config: Config, checkpoint: PathLike | None, device: str) -> PoseModel:
    """Build a config's model and give it its weights.

    Args:
        config: Of the model.
        checkpoint: Its weights; None takes the config's ``load_from``.
        device: Where it is to run.

    Raises:
        CheckpointError: The weights are not those of the model, or not finite.
        FileFormatError, DownloadError, OSError: See
            :func:`~mmpose_ours.checkpoints.reading.read_checkpoint`.
        InputError: It has weights and none are given.
    """
    model = MODELS.build(config.model)
    weights = checkpoint or config.get('load_from')
    if weights is not None:
        load_weights(model, read_checkpoint(weights), weights)
    elif any(True for _ in model.parameters()):
        raise InputError(
            f'{type(model).__name__} has weights, and none are given; name the checkpoint of a '
            'training run',
            code='missing-value',
            found=type(model).__name__,
            expected='checkpoint',
        )
    return model.to(device).eval()


def tested_dataset(config: Config) -> Mapping[str, Any]:
    """A config's dataset for tests, inside of any that only wraps it."""
    dataset = config.get('test_dataloader', {}).get('dataset', {})
    while 'rig_file' not in dataset and isinstance(dataset.get('dataset'), Mapping):
        dataset = dataset['dataset']
    return dataset


def rig_file_of(dataset: Mapping[str, Any]) -> Path:
    """The calibration that a dataset's config names.

    Raises:
        InputError: It names none.
    """
    if 'rig_file' not in dataset:
        raise InputError(
            f'no calibration: the config names none; give {argument("rig")}',
            code='missing-value',
            expected='rig',
        )
    return Path(dataset.get('data_root', '')) / dataset['rig_file']


def moved_space(
    model: PoseModel, stated: CaptureVolume, rig: CameraRig, say: Callable[[str], None]
) -> CaptureVolume | None:
    """The space that a config states for other cameras, moved to where these look.

    The nets of VoxelPose know people as so many voxels: in a space of another size they would
    seem grown or shrunk.

    Args:
        model: The model.
        stated: The config's space.
        rig: The cameras at hand.
        say: Called with a sentence on where people are looked for.

    Returns:
        None where the model has no voxels of the space, and any space will do.
    """
    if not model.fixed_volume_size:
        return None
    middle, floor = fit_space(rig).center_mm, stated.center_mm[2]
    space = CaptureVolume((middle[0], middle[1], floor), stated.size_mm)
    size = ' x '.join(f'{value / 1000:g}' for value in space.size_mm)
    place = ', '.join(f'{value / 1000:g}' for value in space.center_mm)
    say(
        "the config's calibration is of other cameras, or not there: people are looked for in a "
        f'space of the size that its weights learned, {size} m, around ({place}) m, where these '
        'cameras look'
    )
    return space


def pipeline_of(dataset: Mapping[str, Any]) -> Compose:
    """What packs a frame as the model takes it."""
    return Compose(list(dataset.get('pipeline', PACK)))


def poses_of(sample: Any, skeleton: Skeleton) -> Poses3D:
    """The people of a data sample, numbered in its order.

    Args:
        sample: What the model answers, on the CPU; None for nobody.
        skeleton: The model's.
    """
    if sample is None:
        return Poses3D.nobody(skeleton)
    found = sample.pred_instances
    poses = found.keypoints_3d.double().numpy()
    return Poses3D(
        skeleton,
        poses,
        scores=found.scores.double().numpy(),
        track_ids=np.arange(len(poses)),
        views=found.views.numpy() if 'views' in found else None,
        std_mm=found.spread_mm.double().numpy() if 'spread_mm' in found else None,
    )
