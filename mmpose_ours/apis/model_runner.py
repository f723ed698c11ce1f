"""A model with its weights, and the pipeline that packs frames for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Mapping, Protocol

import numpy as np
import torch
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
    margin_mm: float
    data_preprocessor: Any

    @property
    def sees_images(self) -> bool:
        """Whether it takes images instead of 2D keypoints."""

    def __call__(self, inputs: Any, data_samples: list[MultiviewDataSample], mode: str) -> Any:
        """Run on a batch, see MMEngine's ``BaseModel``."""

    def measure_noise(self, inputs: Any, data_samples: list[MultiviewDataSample]) -> Any:
        """Measure the noise of a recording on some of its frames."""

    def test_step(self, data: dict[str, Any]) -> list[MultiviewDataSample]:
        """Estimate the poses of a batch that MMEngine's ``pseudo_collate`` made."""


def load_model(config: Config, checkpoint: PathLike | None, device: str) -> PoseModel:
    """Build a config's model and load its weights.

    Args:
        config: Config of the model.
        checkpoint: Its weights; None takes the config's ``load_from``.
        device: Device of the model, such as ``cuda:0``.

    Raises:
        CheckpointError: The weights are not those of the model, or not finite.
        FileFormatError, DownloadError, OSError: See
            :func:`~mmpose_ours.checkpoints.reading.read_checkpoint`.
        InputError: It has weights and none are given, or there is no such device.
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
    try:
        if torch.device(device).type == 'meta':
            raise RuntimeError('its tensors hold no numbers')
        return model.to(device).eval()
    except torch.cuda.OutOfMemoryError:
        raise
    except (AssertionError, RuntimeError) as error:  # whatever this build of torch raises
        reason = str(error).strip().partition('\n')[0]
        raise InputError(
            f'{argument("device", device)} cannot be used ({reason}); give another, such as cpu',
            code='out-of-range',
            found=device,
        ) from error


def tested_dataset(config: Config) -> Mapping[str, Any]:
    """The test dataset of a config, without its wrappers."""
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
    """A config's capture volume for another rig, moved to the centre of this rig's.

    The networks of VoxelPose learn people at a fixed voxel size, so the size of the volume must
    stay that of the config.

    Args:
        model: The model.
        stated: The config's capture volume.
        rig: The cameras.
        say: Called with a note on the volume that is used.

    Returns:
        None if the model does not depend on the size of the volume.
    """
    if not model.fixed_volume_size:
        return None
    center, floor = fit_space(rig).center_mm, stated.center_mm[2]
    space = CaptureVolume((center[0], center[1], floor), stated.size_mm)
    size = ' x '.join(f'{value / 1000:g}' for value in space.size_mm)
    place = ', '.join(f'{value / 1000:g}' for value in space.center_mm)
    say(
        "the config's calibration is of other cameras, or not there: people are looked for in a "
        f'space of the size that its weights learned, {size} m, around ({place}) m, where these '
        'cameras look'
    )
    return space


def pipeline_of(dataset: Mapping[str, Any]) -> Compose:
    """The pipeline that packs a frame for the model."""
    return Compose(list(dataset.get('pipeline', PACK)))


def poses_of(sample: Any, skeleton: Skeleton) -> Poses3D:
    """The 3D poses of a data sample, with track IDs 0, 1, ... in its order.

    Args:
        sample: The data sample that the model returns, on the CPU; None: no poses.
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
