"""Synthetic people and their simulated detections in the user's own cameras, for training."""

from __future__ import annotations

from typing import Any, Sequence

from mmpose_ours.datasets.multiview import MultiviewDataset
from mmpose_ours.datasets.read_ahead import ReadAhead
from mmpose_ours.datasets.synthetic_base import GeneratedDataset
from mmpose_ours.errors import InputError
from mmpose_ours.scope import DATASETS
from mmpose_ours.sources import SceneGenerator

# Scenes generated together, which shares the overhead of NumPy calls; a block takes about 20 ms.
BLOCK = 128


@DATASETS.register_module()
class SyntheticDataset(GeneratedDataset, MultiviewDataset):
    """Synthetic scenes, generated on demand; needs a calibration file only.

    An item depends on ``seed`` and its index only. Any index from 0 on is valid, also beyond
    the length, which is the number of items of an epoch.

    Generating many items at a time is ten times faster. A batch is generated in one call (torch's
    data loader calls ``__getitems__``), together with the next batches of the same worker as
    :class:`ReadAhead` predicts them. At most one block of items is held, each is returned once, and
    none is generated beyond the end of its epoch. The items do not depend on this.

    Args:
        rig_file: See :class:`MultiviewDataset`.
        num_samples: Items per epoch.
        seed: Another seed gives other people; use different ones for training and testing.
        bank_file: A file of poses of any kind that ``docs/poses.md`` names; None uses the
            built-in body model.
        scene: Arguments of :class:`~mmpose_ours.synthetic.SceneSampler`.
        faults: The detector noise model: arguments of
            :class:`~mmpose_ours.synthetic.DetectorNoise`, the name of a profile of the package
            (``'openpose'``, ``'hrnet'``, ``'mediapipe'``), or the path of a file that
            ``mmpose-ours fit-noise`` wrote; None is a perfect detector.
        **kwargs: See :class:`MultiviewDataset`; ``metainfo=dict(joints=...)`` names the skeleton of
            people and detections.
    """

    METAINFO = dict(dataset_name='synthetic', joints='coco17')

    def __init__(
        self,
        rig_file: str,
        num_samples: int,
        seed: int = 0,
        bank_file: str | None = None,
        scene: dict[str, Any] | None = None,
        faults: dict[str, Any] | str | None = {},  # noqa: B006  read only
        **kwargs: Any,
    ):
        if num_samples < 1 or kwargs.get('indices') is not None:
            raise InputError(
                f'num_samples is {num_samples}, with indices {kwargs.get("indices")}; an epoch '
                'needs one sample or more, and num_samples alone says how many',
                code='out-of-range' if num_samples < 1 else 'conflict',
                found=num_samples,
            )
        super().__init__(rig_file, serialize_data=False, **kwargs)
        self.num_samples, self.seed = num_samples, seed
        self._generate = SceneGenerator(
            self.rig, self.space, seed, bank_file, scene, faults, self.metainfo['joints']
        )
        self.sampler, self.noise = self._generate.sampler, self._generate.noise
        self._read_ahead = ReadAhead(BLOCK)
        self._ready: dict[int, dict] = {}

    def __getitem__(self, idx: int) -> dict:
        """Item ``idx``, through the pipeline."""
        return self.__getitems__([idx])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[dict]:
        """Several items, through the pipeline."""
        wanted = self._read_ahead(indices)
        if not self._ready.keys() >= set(indices):
            epochs = {index // self.num_samples for index in indices}
            self._ready = self._generate([i for i in wanted if i // self.num_samples in epochs])
        item = super().__getitem__
        return [item(index) for index in indices]

    def get_data_info(self, idx: int) -> dict:
        """Generate item ``idx``; the same for every worker, process and run."""
        idx = int(idx)
        if idx not in self._ready:
            return self._with_rig(self._generate([idx])[idx])
        return self._with_rig(self._ready.pop(idx))
