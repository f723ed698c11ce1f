"""The datasets that MMPose 0.x finds under these names in its registry."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Sequence

from mmpose.datasets.builder import DATASETS

from mmpose_ours.calibration.image_size import ImageSizes
from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.mmpose0x.rig_dataset import RigDataset
from mmpose_ours.sources import (
    CAMPUS,
    SHELF,
    ActorsLayout,
    SceneGenerator,
    read_benchmark,
    read_recording,
)


@DATASETS.register_module()
class OursSyntheticDataset(RigDataset):
    """People generated on the fly; nothing but a calibration file is needed.

    The scenes and detections are, number by number, those of ``SyntheticDataset`` under MMPose
    1.x with the same rig, space and seed.

    Args:
        rig_file: See :class:`RigDataset`.
        num_samples: Items per epoch.
        seed: Another seed gives other people; use different ones for training and testing.
        bank_file: See :class:`~mmpose_ours.sources.SceneGenerator`, as ``scene`` and ``faults``.
        **kwargs: See :class:`RigDataset`.
    """

    def __init__(
        self,
        rig_file: str,
        num_samples: int,
        seed: int = 0,
        bank_file: str | None = None,
        scene: dict[str, Any] | None = None,
        faults: dict[str, Any] | PathLike | None = {},  # noqa: B006  read only
        **kwargs: Any,
    ):
        super().__init__(rig_file, **kwargs)
        if num_samples < 1:
            raise InputError(
                f'num_samples is {num_samples}; an epoch needs one sample or more',
                code='out-of-range',
                found=num_samples,
            )
        self.num_samples, self.epoch = num_samples, 0
        self.generate = SceneGenerator(self.rig, self.space, seed, bank_file, scene, faults)
        most = self.generate.sampler.people[1]
        if most > self.views.max_people:
            raise InputError(
                f'scenes have up to {most} people, and max_people is {self.views.max_people}; '
                f'set max_people to {most} or more',
                code='cannot-express',
                found=most,
                expected=self.views.max_people,
            )

    def set_epoch(self, epoch: int) -> None:
        """Give epoch ``e`` the scenes from number ``e * num_samples`` on."""
        self.epoch = epoch

    def item(self, index: int) -> dict:
        """Generate an item."""
        number = self.epoch * self.num_samples + index
        return self.generate([number])[number]

    def __len__(self) -> int:
        return self.num_samples


class _StoredDataset(RigDataset):
    """Items that were read once, in ``items``."""

    items: list[dict]

    def item(self, index: int) -> dict:
        """Look an item up."""
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)


@DATASETS.register_module()
class OursDataset(_StoredDataset):
    """``data/Ours``: the user's own calibration, 2D keypoints and, for figures, 3D poses.

    Args:
        data_root: The folder.
        rig_file: Calibration, Panoptic JSON by custom.
        keypoint_file: 2D keypoints, see :func:`~mmpose_ours.detections.read_detections`.
        truth_file: 3D poses in the format that ``mmpose-ours evaluate`` reads, if any.
        rename: Name of images or keypoints to the camera that they are of.
        **kwargs: See :class:`RigDataset`.
    """

    def __init__(
        self,
        data_root: str = 'data/Ours',
        rig_file: str = 'camera_parameters.json',
        keypoint_file: str = 'keypoints_2d.json',
        truth_file: str | None = None,
        rename: dict[str, str] | None = None,
        **kwargs: Any,
    ):
        super().__init__(rig_file, data_root=data_root, **kwargs)
        truth = Path(data_root) / truth_file if truth_file else None
        keypoints = Path(data_root) / keypoint_file
        self.items = read_recording(
            self.rig, data_root, keypoints, truth, self.JOINTS, self._warn, rename
        )


class _ActorsDataset(_StoredDataset):
    """Detections and annotated people of a benchmark.

    Args:
        data_root: The dataset's folder.
        rig_file: Calibration; None takes the official name, as for the files below.
        keypoint_file: 2D detections (VoxelPose's pickle or this package's JSON).
        truth_file: ``actorsGT.mat``.
        frames: Ranges ``(first, last)``, inclusive; None takes the published test frames.
        **kwargs: See :class:`RigDataset`.
    """

    LAYOUT: ActorsLayout

    def __init__(
        self,
        data_root: str,
        rig_file: str | None = None,
        keypoint_file: str | None = None,
        truth_file: str | None = None,
        frames: Sequence[tuple[int, int]] | None = None,
        image_size: ImageSizes | None = None,
        **kwargs: Any,
    ):
        layout = self.LAYOUT
        super().__init__(
            rig_file or layout.rig_file,
            data_root=data_root,
            image_size=image_size or layout.image_size,
            **kwargs,
        )
        self.items = read_benchmark(
            self.rig,
            layout,
            data_root,
            Path(data_root) / (keypoint_file or layout.keypoint_file),
            Path(data_root) / (truth_file or layout.truth_file),
            frames or layout.test_frames,
            self._warn,
        )


@DATASETS.register_module()
class OursShelfDataset(_ActorsDataset):
    """Shelf (Belagiannis et al., CVPR 2014) with the figures of this package."""

    LAYOUT = SHELF


@DATASETS.register_module()
class OursCampusDataset(_ActorsDataset):
    """Campus (Belagiannis et al., CVPR 2014) with the figures of this package."""

    LAYOUT = CAMPUS
