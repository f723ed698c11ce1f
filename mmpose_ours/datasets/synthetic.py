"""Invented people, seen by the user's own cameras: what a model is trained on."""

from __future__ import annotations

from typing import Any, Iterator

import numpy as np

from mmpose_ours.datasets.multiview import MultiviewDataset, from_options
from mmpose_ours.registry import DATASETS
from mmpose_ours.synthetic import DetectorFaults, PoseBank, SceneSampler


@DATASETS.register_module()
class SyntheticDataset(MultiviewDataset):
    """Scenes invented on the fly; nothing but a calibration file is needed.

    An item depends on ``seed`` and its index only. Any index from 0 on is valid, also beyond
    the length, which merely says how many items an epoch has.

    Args:
        rig_file: See :class:`MultiviewDataset`.
        num_samples: Items per epoch.
        seed: Another seed gives other people; use different ones for training and testing.
        bank_file: Poses in the schema of ``panoptic_training_pose.pkl``; None uses the
            built-in bodies.
        scene: Arguments of :class:`~mmpose_ours.synthetic.SceneSampler`.
        faults: Arguments of :class:`~mmpose_ours.synthetic.DetectorFaults`; None gives a
            perfect detector.
        **kwargs: See :class:`MultiviewDataset`.
    """

    METAINFO = dict(dataset_name='synthetic', joints='coco17')

    def __init__(
        self,
        rig_file: str,
        num_samples: int,
        seed: int = 0,
        bank_file: str | None = None,
        scene: dict[str, Any] | None = None,
        faults: dict[str, Any] | None = {},  # noqa: B006  read only
        **kwargs: Any,
    ):
        if num_samples < 1 or kwargs.get('indices') is not None:
            raise ValueError(
                f'num_samples is {num_samples}, with indices {kwargs.get("indices")}; an epoch '
                'needs one sample or more, and num_samples alone says how many'
            )
        super().__init__(rig_file, serialize_data=False, **kwargs)
        self.num_samples, self.seed = num_samples, seed
        bank = PoseBank.from_pickle(bank_file) if bank_file else PoseBank.built_in()
        site = dict(rig=self.rig, space=self.space, bank=bank)
        self.sampler = from_options(SceneSampler, scene or {}, 'scene', **site)
        self.faults = (
            DetectorFaults.none()
            if faults is None
            else from_options(DetectorFaults, faults, 'faults')
        )

    def load_data_list(self) -> list[dict]:
        """Nothing is stored: items are made when asked for."""
        return []

    def __len__(self) -> int:
        return self.num_samples

    def __iter__(self) -> Iterator[dict]:
        """One epoch; without this, a loop over the dataset would never end."""
        return (self[index] for index in range(len(self)))

    def get_data_info(self, idx: int) -> dict:
        """Invent item ``idx``; the same for every worker, process and run."""
        rng = np.random.default_rng((self.seed, idx))
        scene = self.sampler.sample(rng)
        info = dict(
            frame_id=idx,
            sample_idx=idx,
            keypoints_2d=self.faults.detect(scene, self.rig, rng),
            keypoints_3d=scene.poses.astype(np.float32),
            visible=scene.visible,
        )
        return self._with_rig(info)
