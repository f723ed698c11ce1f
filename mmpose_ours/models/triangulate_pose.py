"""3D poses by triangulation alone: nothing to train; the baseline for learned models."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from mmpose_ours.datasets.data_sample import MultiviewDataSample
from mmpose_ours.errors import InputError
from mmpose_ours.models.association.carry_over import CarryOver
from mmpose_ours.models.association.duplicate_suppression import (
    SUPPRESSION_MM,
    limbs_of,
    suppress_duplicates,
)
from mmpose_ours.models.association.hypotheses import Found, PeopleFinder
from mmpose_ours.models.association.proposals import Proposer
from mmpose_ours.models.association.rays import Rays
from mmpose_ours.models.base import MultiviewPoseModel, middle_of, report
from mmpose_ours.models.keypoint_prior.body_prior import REACHES_MM
from mmpose_ours.models.selection import choose_people
from mmpose_ours.scope import MODELS


@MODELS.register_module()
class TriangulatePose(MultiviewPoseModel):
    """Keypoints of calibrated views to 3D poses without a net.

    Detections are grouped by the rays that meet, and a person's joints are where rays and
    :class:`~mmpose_ours.models.keypoint_prior.body_prior.GaussianBody` together put them, outliers
    losing their weight: robust triangulation with a weak body, of any lens.

    Results have, beside ``keypoints_3d`` and ``scores``, ``spread_mm`` (P, J), the standard
    deviation of each joint's place, and ``views`` (P,), how many cameras show the person.

    Args:
        joints: Name of the skeleton.
        proposals: Arguments of :class:`~mmpose_ours.models.association.proposals.Proposer`.
        single_views: Whether people whom one view alone shows are reported. Their depth is
            that of somebody of usual size who stands on the floor, and many are false positives.
        temporal: Whether people of the frame before, whom one view still shows, are kept.
            For recordings, whose frames must come in the order of time.
        bank_file: Poses of people to take the body from; None takes the built-in bodies.
        fill: Whether joints that fewer than two views show are put where the body has them;
            else they are NaN.
        duplicate_mm: Of two poses with a smaller mean joint distance the lower-scored one is
            dropped.
        suppression_mm: A pose whose mean ray-to-limb distance to a higher-scored pose is at most
            this in all views is a duplicate and suppressed; 0 keeps all.
        margin_mm: People whose hips are farther outside the capture volume are dropped;
            infinite keeps everybody whom the cameras see.
        data_preprocessor: ``RayPreprocessor``, which is also the default.
        init_cfg: As MMEngine's.
    """

    def __init__(
        self,
        joints: str = 'coco17',
        proposals: dict[str, Any] | None = None,
        single_views: bool = False,
        temporal: bool = False,
        bank_file: str | None = None,
        fill: bool = True,
        duplicate_mm: float = 200.0,
        suppression_mm: float = SUPPRESSION_MM,
        margin_mm: float = 500.0,
        data_preprocessor: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | None = None,
    ):
        preprocessor = data_preprocessor or dict(type='mmpose_ours.RayPreprocessor')
        super().__init__(joints, preprocessor, init_cfg)
        proposer = Proposer(**(proposals or {}))
        self.finder = PeopleFinder(self.joints, proposer, single_views, bank_file=bank_file)
        self.carry_over = CarryOver(self.finder) if temporal else None
        self.fill, self.duplicate_mm, self.margin_mm = fill, duplicate_mm, margin_mm
        self.suppression_mm = suppression_mm
        self.register_buffer('_limbs', limbs_of(self.joints), persistent=False)

    def forward(
        self,
        inputs: dict[str, Rays],
        data_samples: list[MultiviewDataSample],
        mode: str = 'tensor',
    ) -> Any:
        """Run on a batch of B frames.

        Args:
            inputs: ``rays``, relative to the middle of each sample's space.
            data_samples: Space of each.
            mode: ``'predict'``, or ``'tensor'`` for everybody who is found.

        Raises:
            InputError: ``mode`` is ``'loss'``: there is nothing to train.
        """
        if mode == 'loss':
            raise InputError(
                'TriangulatePose has nothing to train: test it, or train configs/ours/'
                'keypoint_prior_ours.py, which learns what geometry does not know',
                code='cannot-express',
                found=mode,
                expected=['predict', 'tensor'],
            )
        rays = inputs['rays']
        floor_mm = rays.origins.new_tensor([-s.space.center_mm[2] for s in data_samples])
        with torch.autocast(rays.weights.device.type, enabled=False):
            if self.carry_over is None:
                found = self.finder(rays, floor_mm)
            else:
                found = self.carry_over.each(rays, floor_mm, data_samples)
        return self._predict(found, data_samples) if mode == 'predict' else found

    def _predict(
        self, found: Found, data_samples: list[MultiviewDataSample]
    ) -> list[MultiviewDataSample]:
        scores, views = self._scores(found), (found.views >= 0).sum(1)
        spread = found.bodies.spread.square().mean(-1).sqrt()
        poses = found.bodies.poses
        shown = poses
        if not self.fill:
            several = (found.rays.weights > 0).sum(1) >= 2
            shown = torch.where(several[..., None], poses, torch.nan)
        for index, data_sample in enumerate(data_samples):
            rows = torch.nonzero(found.sample == index)[:, 0]
            good, limits = rows >= 0, (self.duplicate_mm, self.margin_mm)
            best = choose_people(
                poses[rows], scores[rows], good, data_sample.space, self.root, *limits
            )
            rows = rows[best]
            rows = rows[
                suppress_duplicates(found.rays[rows], poses[rows], self._limbs, self.suppression_mm)
            ]
            report(
                data_sample,
                shown[rows] + middle_of(data_sample.space, poses),
                scores[rows],
                spread_mm=spread[rows],
                views=views[rows],
            )
        return data_samples

    def _scores(self, found: Found) -> Tensor:
        """(N,) 0 to 1, by how many rays per joint agree with the body."""
        distance2 = found.rays.distance2(found.bodies.poses)
        agreeing = found.rays.weights / (1 + distance2 / REACHES_MM[-1] ** 2).square()
        return 1 - torch.exp(-agreeing.sum((1, 2)) / len(self.joints))
