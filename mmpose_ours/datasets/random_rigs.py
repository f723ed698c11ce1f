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
from mmpose_ours.synthetic import DetectorNoise, PoseBank, SceneSampler
from mmpose_ours.synthetic.draws import Streams
from mmpose_ours.synthetic.rigs import random_site

# Of a joint, in sizes of the body.
BIAS = 0.015
# How wrong detectors are: each site has one of its own, every fault evenly between these.
FAULTS: dict[str, Any] = dict(
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
    joint_bias=([[-BIAS, -BIAS]] * 17, [[BIAS, BIAS]] * 17),
    score=((0.55, 0.05), (0.9, 0.2)),
)
# Sites in which nobody can be placed are left for another one.
ATTEMPTS = 20
ARRAYS = ('keypoints_2d', 'keypoints_3d', 'visible')


@DATASETS.register_module()
class RandomRigsDataset(GeneratedDataset):
    """Scenes of sites that change every few items; no file is needed.

    An item depends on ``seed`` and its index only, whatever is asked for before. Any index
    from 0 on is valid. Items of a site are made together, so that asking for them in order is
    many times cheaper than at random.

    Args:
        num_samples: Items per epoch.
        seed: Another seed gives other sites and people.
        items_per_site: Consecutive items that share their cameras, room and detector.
        scene: Arguments of :class:`~mmpose_ours.synthetic.SceneSampler`.
        faults: Ranges ``name=(low, high)`` of arguments of
            :class:`~mmpose_ours.synthetic.DetectorNoise` that replace those of ``FAULTS``.
        bank_file: See :class:`~mmpose_ours.datasets.SyntheticDataset`.
        pipeline: Transforms.
        **kwargs: As MMEngine's ``BaseDataset``.
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
        self.fault_ranges = {**FAULTS, **(faults or {})}
        self.bank = PoseBank.from_pickle(bank_file) if bank_file else PoseBank.built_in()
        self._streams = Streams(seed)
        self._site: int | None = None
        self._waiting: dict[int, dict] = {}
        super().__init__(pipeline=list(pipeline), serialize_data=False, **kwargs)

    def get_data_info(self, idx: int) -> dict:
        """Generate item ``idx``, and its site's others if they are not there yet."""
        idx = int(idx)
        if idx < 0:
            raise IndexError(f'no item {idx}; items count from 0')
        site = idx // self.items_per_site
        if site != self._site:
            self._site, self._waiting = site, self._generate(site)
        # A copy: editing an item must not change what the next one gets.
        arrays = {key: self._waiting[idx][key].copy() for key in ARRAYS}
        return {**self._waiting[idx], **arrays}

    def _generate(self, site: int) -> dict[int, dict]:
        rng = np.random.default_rng((self.seed, site))
        first = site * self.items_per_site
        indices = range(first, first + self.items_per_site)
        for _ in range(ATTEMPTS):
            rig, space = random_site(rng)
            drawn = {name: rng.uniform(*limits) for name, limits in self.fault_ranges.items()}
            faults = from_options(DetectorNoise, drawn, 'faults')
            place = dict(rig=rig, space=space, bank=self.bank)
            sampler = from_options(SceneSampler, self.scene, 'scene', **place)
            rngs = self._streams(indices)
            try:
                crowd = sampler.sample_many(rngs)
            except ValueError:  # nobody fits in there
                continue
            detections = faults.detect_many(crowd, rig, rngs)
            shared = dict(rig=rig, space=space, joints=self.metainfo['joints'])
            return items_of(indices, crowd, detections, **shared)
        raise InputError(
            f'no site of {ATTEMPTS} has room for people; make scenes easier',
            code='no-data',
            found=self.scene,
        )
