"""Synthetic people, seen by the user's own cameras: what a model is trained on."""

from __future__ import annotations

from typing import Any, Sequence

from mmpose_ours.datasets.multiview import MultiviewDataset
from mmpose_ours.datasets.read_ahead import ReadAhead
from mmpose_ours.datasets.synthetic_base import GeneratedDataset
from mmpose_ours.errors import InputError
from mmpose_ours.scope import DATASETS
from mmpose_ours.sources import SceneGenerator

# Scenes made together: NumPy's cost per call is shared, and a block is soon made (20 ms).
BLOCK = 128


@DATASETS.register_module()
class SyntheticDataset(GeneratedDataset, MultiviewDataset):
    """Scenes generated on the fly; nothing but a calibration file is needed.

    An item depends on ``seed`` and its index only. Any index from 0 on is valid, also beyond
    the length, which merely says how many items an epoch has.

    Items come ten times cheaper by the block: a batch is made at once (through
    ``__getitems__``, which torch's loader calls), together with the batches that the same
    worker will ask for next (see :class:`ReadAhead`). At most a block of items waits to be
    asked for, each is handed out once, and none is made beyond the end of its epoch. This
    changes the time that an item takes, never the item.

    Args:
        rig_file: See :class:`MultiviewDataset`.
        num_samples: Items per epoch.
        seed: Another seed gives other people; use different ones for training and testing.
        bank_file: A file of poses of any kind that ``docs/poses.md`` names; None uses the
            built-in bodies.
        scene: Arguments of :class:`~mmpose_ours.synthetic.SceneSampler`.
        faults: Arguments of :class:`~mmpose_ours.synthetic.DetectorNoise`, the name of a
            shipped detector (``'openpose'``, ``'hrnet'``, ``'mediapipe'``), or the path of a
            file that ``mmpose-ours fit-noise`` wrote; None gives a perfect detector.
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
        self._generate = SceneGenerator(self.rig, self.space, seed, bank_file, scene, faults)
        self.sampler, self.faults = self._generate.sampler, self._generate.faults
        self._read_ahead = ReadAhead(BLOCK)
        self._waiting: dict[int, dict] = {}

    def __getitem__(self, idx: int) -> dict:
        """Item ``idx``, through the pipeline."""
        return self.__getitems__([idx])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[dict]:
        """Several items, through the pipeline."""
        wanted = self._read_ahead(indices)
        if not self._waiting.keys() >= set(indices):
            epochs = {index // self.num_samples for index in indices}
            self._waiting = self._generate([i for i in wanted if i // self.num_samples in epochs])
        item = super().__getitem__
        return [item(index) for index in indices]

    def get_data_info(self, idx: int) -> dict:
        """Generate item ``idx``; the same for every worker, process and run."""
        idx = int(idx)
        if idx not in self._waiting:
            return self._with_rig(self._generate([idx])[idx])
        return self._with_rig(self._waiting.pop(idx))
