"""Synthetic people seen by synthetic rigs: training data for camera-independent weights."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from mmpose_ours.datasets.multiview import PACK
from mmpose_ours.datasets.synthetic_base import GeneratedDataset
from mmpose_ours.errors import InputError
from mmpose_ours.scope import DATASETS
from mmpose_ours.sources import from_options
from mmpose_ours.sources.synthetic import items_of
from mmpose_ours.structures.skeletons import as_skeleton
from mmpose_ours.synthetic import DetectorNoise, PoseBank, SceneSampler
from mmpose_ours.synthetic.draws import Streams
from mmpose_ours.synthetic.rigs import random_site

# Of a joint, in sizes of the body.
BIAS = 0.015
# Ranges of the detector noise model: each rig gets its own parameters, uniformly distributed.
NOISE_RANGES: dict[str, Any] = dict(
    jitter=(0.2, 0.9),
    outlier_share=(0.005, 0.04),
    missed_joint_share=(0.01, 0.12),
    lower_body_share=(0.0, 0.15),
    swap_share=(0.0, 0.05),
    occluded_share=(0.3, 0.9),
    far_face_share=(0.4, 0.95),
    missed_person_share=(0.0, 0.25),
    false_positive_rate=(0.0, 0.2),
    whole_swap_share=(0.0, 0.04),
    border_share=(0.0, 0.5),
    cut_person_share=(0.0, 0.5),
    duplicate_share=(0.0, 0.05),
    split_share=(0.0, 0.04),
    score_error=(0.0, 0.4),
    joint_bias=([[-BIAS, -BIAS]], [[BIAS, BIAS]]),  # of every joint
    score=((0.55, 0.05), (0.9, 0.2)),
)
# Number of random rigs that are tried until people can be placed.
MAX_ATTEMPTS = 20
ARRAYS = ('keypoints_2d', 'keypoints_3d', 'visible')


@DATASETS.register_module()
class RandomRigsDataset(GeneratedDataset):
    """Synthetic scenes of random rigs, a new rig every ``items_per_site`` items; needs no file.

    An item depends on ``seed`` and its index only, not on the order of access. Any index from 0
    on is valid. The items of a rig are generated together, so that access in ascending order is
    many times faster than random access.

    Args:
        num_samples: Items per epoch.
        seed: Another seed gives other rigs and people.
        items_per_site: Consecutive items with the same rig, capture volume and detector noise.
        scene: Arguments of :class:`~mmpose_ours.synthetic.SceneSampler`.
        faults: Ranges ``name=(low, high)`` of arguments of
            :class:`~mmpose_ours.synthetic.DetectorNoise` that replace those of ``NOISE_RANGES``.
        bank_file: See :class:`~mmpose_ours.datasets.SyntheticDataset`.
        pipeline: Transforms.
        **kwargs: As MMEngine's ``BaseDataset``; ``metainfo=dict(joints=...)`` names the skeleton of
            people and detections.
    """

    METAINFO = dict(dataset_name='random_rigs', joints='coco17')

    def __init__(
        self,
        num_samples: int,
        seed: int = 0,
        items_per_site: int = 32,
        scene: dict[str, Any] | None = None,
        faults: dict[str, Any] | None = None,
        bank_file: str | None = None,
        pipeline: Sequence[Any] = PACK,
        **kwargs: Any,
    ):
        if num_samples < 1 or items_per_site < 1 or kwargs.get('indices') is not None:
            raise InputError(
                f'num_samples is {num_samples}, items_per_site {items_per_site}, with indices '
                f'{kwargs.get("indices")}; both must be 1 or more, and num_samples alone says how '
                'many',
                code='out-of-range' if min(num_samples, items_per_site) < 1 else 'conflict',
                found=(num_samples, items_per_site),
            )
        self.num_samples, self.seed, self.items_per_site = num_samples, seed, items_per_site
        self.scene = {**dict(people=(1, 6), min_views=1), **(scene or {})}
        self._streams = Streams(seed)
        self._site: int | None = None
        self._items: dict[int, dict] = {}
        super().__init__(pipeline=list(pipeline), serialize_data=False, **kwargs)
        skeleton = as_skeleton(self.metainfo['joints'])
        bank = PoseBank.from_pickle(bank_file) if bank_file else PoseBank.built_in()
        self.bank = bank.in_skeleton(skeleton)
        low, high = NOISE_RANGES['joint_bias']
        bias = low * len(skeleton), high * len(skeleton)
        self.noise_ranges = {**NOISE_RANGES, 'joint_bias': bias, **(faults or {})}

    def get_data_info(self, idx: int) -> dict:
        """Return item ``idx``; generates all items of its rig if it is not the current one."""
        idx = int(idx)
        if idx < 0:
            raise IndexError(f'no item {idx}; items count from 0')
        site = idx // self.items_per_site
        if site != self._site:
            self._site, self._items = site, self._generate(site)
        # A copy: editing an item must not change what the next one gets.
        arrays = {key: self._items[idx][key].copy() for key in ARRAYS}
        return {**self._items[idx], **arrays}

    def _generate(self, site: int) -> dict[int, dict]:
        rng = np.random.default_rng((self.seed, site))
        first = site * self.items_per_site
        indices = range(first, first + self.items_per_site)
        for _ in range(MAX_ATTEMPTS):
            rig, space = random_site(rng)
            drawn = {name: rng.uniform(*limits) for name, limits in self.noise_ranges.items()}
            noise = from_options(DetectorNoise, drawn, 'faults', joints=self.metainfo['joints'])
            fixed = dict(rig=rig, space=space, bank=self.bank)
            sampler = from_options(SceneSampler, self.scene, 'scene', **fixed)
            rngs = self._streams(indices)
            try:
                crowd = sampler.sample_many(rngs)
            except ValueError:  # no position is visible to enough cameras
                continue
            detections = noise.detect_many(crowd, rig, rngs)
            shared = dict(rig=rig, space=space, joints=self.metainfo['joints'])
            return items_of(indices, crowd, detections, **shared)
        raise InputError(
            f'people could be placed in none of {MAX_ATTEMPTS} random rigs; reduce `people` or '
            '`min_views` of the scene',
            code='no-data',
            found=self.scene,
        )
