"""3D poses by triangulation with a fixed body prior: the baseline for learned models."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from mmpose_ours.datasets.data_sample import MultiviewDataSample
from mmpose_ours.errors import InputError
from mmpose_ours.kernels.constants import SUPPRESSION_MM
from mmpose_ours.kernels.triangulation import joint_distances2
from mmpose_ours.models.association.carry_over import CarryOver
from mmpose_ours.models.association.duplicate_suppression import limb_pairs, suppress_duplicates
from mmpose_ours.models.association.hypotheses import Hypotheses, PeopleFinder
from mmpose_ours.models.association.proposals import Proposer
from mmpose_ours.models.association.rays import Arrays, Rays
from mmpose_ours.models.base import MultiviewPoseModel, report
from mmpose_ours.models.keypoint_prior.body_prior import SCALES_MM
from mmpose_ours.models.selection import choose_people, rows_of_samples
from mmpose_ours.scope import MODELS


@MODELS.register_module()
class TriangulatePose(MultiviewPoseModel):
    """2D keypoints of calibrated views to 3D poses, by robust triangulation without a network.

    Cross-view association groups the detections by ray-to-ray distances. The pose of a person is
    the maximum a posteriori estimate from the rays and the body prior of
    :class:`~mmpose_ours.models.keypoint_prior.body_prior.GaussianBody`, by IRLS with Geman-McClure
    weights. Any lens.

    Predictions of N people have, besides ``keypoints_3d`` and ``scores``, ``spread_mm`` (N, J), the
    standard deviation of each joint in mm, and ``views`` (N,), the number of views with a detection
    of the person.

    Args:
        joints: Name of the skeleton.
        proposals: Arguments of :class:`~mmpose_ours.models.association.proposals.Proposer`.
        single_views: Whether people whom only one view shows are reported. Their depth is
            estimated from the size of an average person who stands on the floor, and many are
            false positives.
        temporal: Whether people of the previous frame whom only one view still shows are kept.
            For recordings, whose frames must come in the order of time.
        bank_file: Pose bank from which the body prior is computed; None takes the built-in poses.
        fill: Whether joints that fewer than two views show are taken from the body prior;
            otherwise they are NaN.
        duplicate_mm: Of two poses with a smaller mean joint distance the lower-scored one is
            dropped.
        suppression_mm: A pose whose mean ray-to-limb distance to a higher-scored pose is at most
            this in all views is a duplicate and suppressed; 0 keeps all.
        margin_mm: People whose hips are farther outside the capture volume are dropped; infinite
            keeps all.
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
        margin_mm: float = math.inf,
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
        self._limbs = limb_pairs(self.joints)

    def forward(
        self,
        inputs: dict[str, Rays],
        data_samples: list[MultiviewDataSample],
        mode: str = 'tensor',
    ) -> Any:
        """Run on a batch of B frames.

        Args:
            inputs: ``rays``, by frame, relative to the middle of each sample's capture volume.
            data_samples: B samples with their capture volumes.
            mode: ``'predict'``, or ``'tensor'`` for all :class:`Hypotheses` that are found.

        Raises:
            InputError: ``mode`` is ``'loss'``: the model has no parameters to train.
        """
        if mode == 'loss':
            raise InputError(
                'TriangulatePose has nothing to train: test it, or train configs/ours/'
                'keypoint_prior_ours.py instead',
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
                found = self.carry_over.process_batch(rays, floor_mm, data_samples)
        return self._predict(found, data_samples) if mode == 'predict' else found

    def _predict(
        self, found: Hypotheses, data_samples: list[MultiviewDataSample]
    ) -> list[MultiviewDataSample]:
        poses, std, _, _ = found.estimates.arrays
        all_rays, detections = found.rays.arrays, found.detections.cpu().numpy()
        scores, views = _scores(all_rays, poses), (detections >= 0).sum(1)
        std_mm = np.sqrt(np.square(std).mean(-1))
        reported = poses
        if not self.fill:
            triangulated = (all_rays[2] > 0).sum(1) >= 2
            reported = np.where(triangulated[..., None], poses, np.nan)
        limits = self.duplicate_mm, self.margin_mm
        samples = rows_of_samples(found.sample.cpu().numpy(), len(data_samples))
        for rows, data_sample in zip(samples, data_samples):
            space, good = data_sample.space, np.ones(rows.stop - rows.start, bool)
            kept = choose_people(poses[rows], scores[rows], good, space, self.root, *limits)
            kept += rows.start
            rays = all_rays[0][kept], all_rays[1][kept], all_rays[2][kept]
            kept = kept[suppress_duplicates(rays, poses[kept], self._limbs, self.suppression_mm)]
            values = reported[kept] + space.center_mm, scores[kept], std_mm[kept]
            xyz_mm, of_people, spread_mm = (value.astype(np.float32) for value in values)
            report(data_sample, xyz_mm, of_people, spread_mm=spread_mm, views=views[kept])
        return data_samples


def _scores(rays: Arrays, poses: np.ndarray) -> np.ndarray:
    """(N,) scores ``1 - exp(-sum(w g) / J)``, 0 to 1.

    The sum is over the rays of all views and joints, w is a ray's weight and g its Geman-McClure
    weight at the distance from the estimated joint.

    Args:
        rays: By person: origins (N, V, 3), directions (N, V, J, 3) and weights (N, V, J).
        poses: (N, J, 3) in mm, in the frame of the rays.
    """
    origins, directions, weights = rays
    distance2 = joint_distances2(origins, directions, poses)
    inlier_weight = weights / np.square(1 + distance2 / SCALES_MM[-1] ** 2)
    return 1 - np.exp(-inlier_weight.sum((1, 2)) / weights.shape[2])
