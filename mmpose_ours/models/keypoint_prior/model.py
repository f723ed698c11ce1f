"""The learned prior: people are found by geometry; a network corrects and scores their poses."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmpose_ours.datasets.data_sample import MultiviewDataSample
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.kernels.constants import FLOOR_STD_MM, SUPPRESSION_MM
from mmpose_ours.kernels.network_inputs import person_inputs
from mmpose_ours.kernels.triangulation import joint_distances2
from mmpose_ours.models.association.carry_over import CarryOver
from mmpose_ours.models.association.duplicate_suppression import limb_pairs, suppress_duplicates
from mmpose_ours.models.association.hypotheses import Hypotheses, PeopleFinder
from mmpose_ours.models.association.proposals import Proposer
from mmpose_ours.models.association.rays import Arrays, Rays, as_float64, by_rig
from mmpose_ours.models.base import (
    Matches,
    MultiviewPoseModel,
    mean_joint_distance,
    report,
)
from mmpose_ours.models.keypoint_prior.body_prior import ray_std_of
from mmpose_ours.models.keypoint_prior.measured_noise import MeasuredNoise, measure_noise
from mmpose_ours.models.keypoint_prior.network import KeypointNet
from mmpose_ours.models.selection import choose_people, record_best_score, rows_of_samples
from mmpose_ours.scope import MODELS

# mm. Unit of the joint error e in the pose loss log(1 + e / LOSS_UNIT_MM).
LOSS_UNIT_MM = 50.0
# Weight of loss_network, the likelihood of the network prediction, beside loss_pose.
NETWORK_WEIGHT = 0.2
# mm. In training, rays belong to the annotated person whose joints they pass at the smallest mean
# distance, if that is below MATCH_MM. Distances of single rays are clamped to OUTLIER_MM.
MATCH_MM, OUTLIER_MM = 130.0, 400.0
# mm. A pose with a mean joint distance of this or more from a person is not the pose of that person
# whose score is trained to be 1.
MAX_TRUE_POSITIVE_MM = 500.0
# Score (0 to 1) above which people of one view are reported who are farther than HINT_MARGIN_MM
# outside the volume where people were found.
ELSEWHERE_THRESHOLD, HINT_MARGIN_MM = 0.8, 500.0
# A person counts as confirmed if three rays of so many joints pass within so many standard
# deviations, and has at least this score then: poses that training lacks are not dropped.
CONFIRMED_JOINTS, CONFIRMED_STDS, CONFIRMED_SCORE = 6, 2.5, 0.5


@MODELS.register_module()
class KeypointPrior(MultiviewPoseModel):
    """2D keypoints of calibrated views to 3D poses, also of joints that one view or none shows.

    The weights are camera-independent: the network's inputs are in the person frame.

    Args:
        joints: Name of the skeleton.
        proposals: Arguments of :class:`~mmpose_ours.models.association.proposals.Proposer`.
        net: Arguments of :class:`~mmpose_ours.models.keypoint_prior.network.KeypointNet`.
        single_views: Whether people whom only one view shows are reported.
        temporal: Whether people of the previous frame whom only one view still shows are kept; see
            :class:`TriangulatePose`. Not used in training.
        score_threshold: People whose score (0 to 1) is not above this are dropped.
        single_threshold: The same for people whom only one view shows.
        duplicate_mm: Of two poses with a smaller mean joint distance the lower-scored one is
            dropped.
        suppression_mm: A pose whose mean ray-to-limb distance to a higher-scored pose is at most
            this in all views is a duplicate and suppressed; 0 keeps all.
        margin_mm: People whose hips are farther outside the capture volume are dropped; infinite
            keeps all.
        forget_views: In training, the share of people (0 to 1) for whom a random subset of the
            views is dropped.
        data_preprocessor: ``RayPreprocessor``, which is also the default.
        init_cfg: As MMEngine's.
    """

    def __init__(
        self,
        joints: str = 'coco17',
        proposals: dict[str, Any] | None = None,
        net: dict[str, Any] | None = None,
        single_views: bool = True,
        temporal: bool = False,
        score_threshold: float = 0.3,
        single_threshold: float = 0.5,
        duplicate_mm: float = 200.0,
        suppression_mm: float = SUPPRESSION_MM,
        margin_mm: float = math.inf,
        forget_views: float = 0.4,
        data_preprocessor: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | None = None,
    ):
        preprocessor = data_preprocessor or dict(type='mmpose_ours.RayPreprocessor')
        super().__init__(joints, preprocessor, init_cfg)
        self.finder = PeopleFinder(self.joints, Proposer(**(proposals or {})), single_views)
        self.carry_over = CarryOver(self.finder) if temporal else None
        self.net = KeypointNet(self.joints, **(net or {}))
        self.score_threshold, self.single_threshold = score_threshold, single_threshold
        self.duplicate_mm, self.margin_mm = duplicate_mm, margin_mm
        self.suppression_mm = suppression_mm
        self.forget_views = forget_views
        self._limbs = limb_pairs(self.joints)

    def forward(
        self,
        inputs: dict[str, Rays],
        data_samples: list[MultiviewDataSample],
        mode: str = 'tensor',
    ) -> Any:
        """Run on a batch of B frames.

        Args:
            inputs: ``rays``, relative to the middle of each sample's space.
            data_samples: Rig and capture volume of each, and the ground truth for ``'loss'``.
            mode: ``'loss'``, ``'predict'``, or ``'tensor'`` for the output of
                :meth:`KeypointNet.forward`, None if no people are found.
        """
        rays = inputs['rays']
        # Half precision does not suffice for geometry, and the net is small.
        with torch.autocast(rays.weights.device.type, enabled=False):
            return self._run(rays, data_samples, mode)

    def _run(self, rays: Rays, data_samples: list[MultiviewDataSample], mode: str) -> Any:
        floor_mm = rays.origins.new_tensor([-s.space.center_mm[2] for s in data_samples])
        if mode == 'loss':
            # The true floor is not exactly at z = 0 of a calibration.
            floor_mm = floor_mm + FLOOR_STD_MM * torch.randn_like(floor_mm)
        if self.carry_over is None or mode == 'loss':
            found = self.finder(rays, floor_mm)
        else:
            found = self.carry_over.process_batch(rays, floor_mm, data_samples)
        exists = _existing_views(data_samples, found)
        if mode == 'loss':
            found, exists = self._drop_views(found, exists)
        output = None
        if len(found):
            of_people = self._person_inputs(found, exists, data_samples)
            noise = None if mode == 'loss' else _noise_of(data_samples, found)
            output = self.net(found.rays, found.estimates, of_people, noise)
        if mode == 'loss':
            return self._loss(found, output, data_samples)
        if mode == 'predict':
            return self._predict(found, output, data_samples)
        return output

    @torch.no_grad()
    def measure_noise(
        self, inputs: dict[str, Rays], data_samples: list[MultiviewDataSample]
    ) -> MeasuredNoise | None:
        """Measure the noise of a recording, see :mod:`~.measured_noise`.

        Data samples whose metainfo ``noise`` is the result are then processed with it.

        Args:
            inputs: As :meth:`forward` takes them, some frames of the recording.
            data_samples: Of these, all with the same rig.
        """
        rays = inputs['rays']
        floor_mm = rays.origins.new_tensor([-s.space.center_mm[2] for s in data_samples])
        found = self.finder.find_multi_view(rays, floor_mm)[0]

        def predict(people: Hypotheses, exists: Tensor) -> tuple[Tensor, Tensor]:
            estimates = self.finder.body(people.rays, -people.estimates.shift[:, 2])
            people = dataclasses.replace(people, estimates=estimates)
            of_people = self._person_inputs(people, exists, data_samples)
            return self.net(people.rays, estimates, of_people)[1:3]

        return measure_noise(found, self.joints, data_samples[0].rig.names, predict)

    @torch.no_grad()
    def _drop_views(self, found: Hypotheses, exists: Tensor) -> tuple[Hypotheses, Tensor]:
        """Drop random views of random people, so that training has many people with few views.

        At least one view of each person is kept.

        Args:
            found: N people.
            exists: (N, V) which views each person's rig has.

        Returns:
            The people with the rays that are left and new estimates from these, and (N, V) which
            views exist and are not dropped.
        """
        if not len(found) or not self.forget_views:
            return found, exists
        shown = found.detections >= 0
        chosen = torch.rand(len(found), device=shown.device) < self.forget_views
        kept = (torch.rand(len(found), device=shown.device) * shown.sum(1)).long() + 1
        rank = torch.where(shown, torch.rand(shown.shape, device=shown.device), 2.0).argsort(1)
        keep = (rank.argsort(1) < kept[:, None]) | ~chosen[:, None] | ~shown
        weights = found.rays.weights * keep[..., None]
        rays = Rays(found.rays.origins, found.rays.directions, weights)
        detections = torch.where(keep, found.detections, -1)
        estimates = self.finder.body(rays, -found.estimates.shift[:, 2])
        return Hypotheses(rays, found.sample, detections, estimates), exists & keep

    def _person_inputs(
        self, found: Hypotheses, exists: Tensor, data_samples: list[MultiviewDataSample]
    ) -> Tensor:
        """(N, 11) of :func:`mmpose_ours.kernels.network_inputs.person_inputs`."""
        poses, std, _, _ = found.estimates.arrays
        sample = found.sample.cpu().numpy()
        inputs = person_inputs(
            found.rays.arrays[2],
            found.detections.cpu().numpy(),
            exists.cpu().numpy(),
            _share_in_image(data_samples, poses, sample, exists.shape[1]),
            self.finder.body.energy(found.rays, found.estimates),
            std,
            poses[:, self.root].mean(1),
            sample,
        )
        return torch.from_numpy(inputs).to(exists.device)

    def _loss(
        self,
        found: Hypotheses,
        output: tuple[Tensor, ...] | None,
        data_samples: list[MultiviewDataSample],
    ) -> dict[str, Tensor]:
        zero = self.zero_loss()
        losses = dict(loss_pose=zero, loss_network=zero, loss_score=zero)
        if output is None:
            return losses
        poses, network_poses, precision, logits, _ = output
        truth, visible, matched, is_best = self._match(found, poses.detach(), data_samples)
        losses['loss_score'] = F.binary_cross_entropy_with_logits(logits, is_best) + zero
        weight = (visible & matched[:, None]).float()
        total = weight.sum().clamp_min(1)
        # Logarithm, so that errors of people with one view do not dominate those with five.
        error = ((poses - truth).square().sum(-1).add(1.0).sqrt() / LOSS_UNIT_MM).log1p()
        losses['loss_pose'] = (error * weight).sum() / total + zero
        # Negative log-likelihood of a Laplace distribution around the network prediction.
        scaled = (network_poses - truth).square().sum(-1).add(1.0).sqrt() * precision[..., 0].sqrt()
        neg_log_likelihood = scaled - 1.5 * precision[..., 0].log() - 12.0
        losses['loss_network'] = NETWORK_WEIGHT * (neg_log_likelihood * weight).sum() / total + zero
        return losses

    def _match(
        self, found: Hypotheses, poses: Tensor, data_samples: list[MultiviewDataSample]
    ) -> Matches:
        """Match N people with annotated people by the distance of rays from annotated joints."""

        def assign(index: Tensor, truth: Tensor, visible: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            ray_distance = _mean_ray_distance(found.take(index).rays, truth, visible)
            distance, nearest = ray_distance.min(1)
            matched = distance < MATCH_MM
            joint_distance = mean_joint_distance(poses[index], truth, visible)
            is_match = nearest[:, None] == torch.arange(len(truth), device=nearest.device)
            is_match = is_match & matched[:, None] & (joint_distance < MAX_TRUE_POSITIVE_MM)
            cost = torch.where(is_match, joint_distance, torch.inf)
            # More views take precedence over a smaller distance.
            cost = cost - 1e4 * (found.detections[index] >= 0).sum(1)[:, None]
            lowest, best = cost.min(0)
            return nearest, matched, index[best[lowest.isfinite()]]

        return self.match(poses, found.sample, data_samples, assign)

    def _predict(
        self,
        found: Hypotheses,
        output: tuple[Tensor, ...] | None,
        data_samples: list[MultiviewDataSample],
    ) -> list[MultiviewDataSample]:
        nobody = found.estimates.poses
        poses_t, _, _, logits, std_t = output or (*[nobody] * 3, nobody[:, 0, 0], nobody[..., 0])
        poses, scores, std_mm = (
            part.detach().cpu().numpy() for part in (poses_t, logits.sigmoid(), std_t)
        )
        detections = found.detections.cpu().numpy()
        views, all_rays = (detections >= 0).sum(1), found.rays.arrays
        confirmed = _is_confirmed(all_rays, as_float64(poses_t), ray_std_of(self.joints))
        scores = np.where(confirmed, scores.clip(CONFIRMED_SCORE), scores)
        # People with two views or more rank first: a single-view person never suppresses one of
        # them as a duplicate.
        rank, limits = scores + (views > 1), (self.duplicate_mm, self.margin_mm)
        samples = rows_of_samples(found.sample.cpu().numpy(), len(data_samples))
        for rows, data_sample in zip(samples, data_samples):
            space = data_sample.space
            if output is not None:
                record_best_score(data_sample, scores[rows], self.score_threshold)
            good = scores[rows] > self._thresholds(poses[rows], views[rows], space)
            kept = choose_people(poses[rows], rank[rows], good, space, self.root, *limits)
            kept += rows.start
            rays = all_rays[0][kept], all_rays[1][kept], all_rays[2][kept]
            own = poses[kept].astype(np.float64)
            kept = kept[suppress_duplicates(rays, own, self._limbs, self.suppression_mm)]
            report(
                data_sample,
                poses[kept] + np.array(space.center_mm, np.float32),
                scores[kept],
                spread_mm=std_mm[kept],
                views=views[kept],
            )
        return data_samples

    def _thresholds(self, poses: np.ndarray, views: np.ndarray, space: CaptureVolume) -> np.ndarray:
        """(N,) the score above which each person is reported.

        Where people are is known from those whom two views show. One view does not measure how far
        away a person is, so an estimate elsewhere must be surer.
        """
        limit = np.array(space.size_mm) / 2 + HINT_MARGIN_MM
        elsewhere = (np.abs(poses[:, self.root].mean(1)) > limit).any(-1)
        single = np.where(elsewhere, ELSEWHERE_THRESHOLD, self.single_threshold)
        return np.where(views > 1, self.score_threshold, single)


def _mean_ray_distance(rays: Rays, truth: Tensor, visible: Tensor) -> Tensor:
    """Mean distance of the rays of N people from the joints of T annotated people.

    Args:
        rays: By person: directions (N, V, J, 3).
        truth: (T, J, 3) in mm, in the frame of the rays.
        visible: (T, J) which of these joints are annotated.

    Returns:
        (N, T) in mm, at most ``OUTLIER_MM``, which also stands for "no joint in common".
    """
    from_camera = truth[None, :, None] - rays.origins[:, None, :, None]  # (N, T, V, J, 3)
    directions = rays.directions[:, None]
    depth = (from_camera * directions).sum(-1, keepdim=True)
    distance = (from_camera - depth * directions).norm(dim=-1).clamp_max(OUTLIER_MM)
    distance = torch.where(depth[..., 0] > 0, distance, OUTLIER_MM)
    common = ((rays.weights > 0)[:, None] & visible[None, :, None]).float()
    count = common.sum((2, 3))
    return torch.where(count > 0, (distance * common).sum((2, 3)) / count.clamp_min(1), OUTLIER_MM)


def _is_confirmed(rays: Arrays, poses: np.ndarray, ray_std_mm: np.ndarray) -> np.ndarray:
    """(N,) whether three views or more agree on a person, whatever the network thinks of the pose.

    Args:
        rays: By person: origins (N, V, 3), directions (N, V, J, 3) and weights (N, V, J).
        poses: (N, J, 3) in mm, in the frame of the rays.
        ray_std_mm: (J,) standard deviation of detected joints across their rays.
    """
    origins, directions, weights = rays
    near = joint_distances2(origins, directions, poses) < np.square(CONFIRMED_STDS * ray_std_mm)
    return ((near & (weights > 0)).sum(1) >= 3).sum(1) >= CONFIRMED_JOINTS


def _share_in_image(
    data_samples: list[MultiviewDataSample], poses: np.ndarray, sample: np.ndarray, views: int
) -> np.ndarray:
    """(N, views) share of each person's joints that lie inside each view's image, 0 to 1.

    Args:
        data_samples: B samples with their rigs and capture volumes.
        poses: (N, J, 3) in mm, relative to the middle of the volume.
        sample: (N,) the sample of each, ascending.
        views: Largest number of cameras of a rig.
    """
    result = np.zeros((len(poses), views))
    centers = np.array([data_sample.space.center_mm for data_sample in data_samples])
    world = poses + centers[sample][:, None]
    for indices, rig in by_rig(data_samples):
        own = np.zeros(len(data_samples), bool)
        own[indices] = True
        people = np.flatnonzero(own[sample])
        if len(people):
            result[people, : len(rig)] = rig.sees(world[people]).mean(-1).T
    return result


def _noise_of(
    data_samples: list[MultiviewDataSample], found: Hypotheses
) -> tuple[Tensor, Tensor, Tensor] | None:
    """The measured noise of N people for :meth:`KeypointNet.forward`; None where none is known."""
    noise = [sample.get('noise') for sample in data_samples]
    if not noise or any(of_sample is None for of_sample in noise):
        return None
    views, sample = found.detections.shape[1], found.sample
    parts = [n.of_views(s.rig.names, views) for n, s in zip(noise, data_samples)]
    std_mm, factor, scales_mm = (torch.stack(part).to(sample.device) for part in zip(*parts))
    # One row per person and joint, as rays and weights have them.
    return std_mm[sample], factor[sample], scales_mm[sample][:, None]


def _existing_views(data_samples: list[MultiviewDataSample], found: Hypotheses) -> Tensor:
    """(N, V) which views the rig of each person has; the others are padding of the batch."""
    counts = torch.tensor([len(sample.rig) for sample in data_samples], device=found.sample.device)
    view = torch.arange(found.detections.shape[1], device=counts.device)
    return view < counts[found.sample][:, None]
