"""Cross-view association: hypotheses from pairs of detections, verified by the other views.

Nothing is learned. As in RANSAC, hypotheses are generated from minimal sets and then verified, for
all pairs of a frame:

1. Two detections of different views whose rays pass close to each other, joint by joint, give a
   hypothesis: a 3D pose of the midpoints between the rays (:mod:`mmpose_ours.kernels.pairs`).
2. Every detection of every view gets an agreement with every hypothesis, from the distances of the
   hypothesis's joints from the detection's rays (:mod:`mmpose_ours.kernels.agreement`).
3. Greedy assignment: the hypothesis with the highest sum of agreements over the views is accepted,
   its detections are removed, and so on.

Time grows with the square of the number of detections in all views. It does not depend on the size
of the capture volume.

Letters of dimensions: B frames (samples of a batch), V views, P detections per view (the most of
any view; views with fewer are padded with weights of 0), J joints; G groups per frame, each with at
most one detection per view.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor

from mmpose_ours.errors import InputError
from mmpose_ours.kernels.constants import AGREEMENT_SIGMA_MM, MAX_GAP_MM, MIN_AGREEMENT
from mmpose_ours.kernels.people import group_detections
from mmpose_ours.models.association.rays import Rays


@dataclasses.dataclass(frozen=True)
class Proposer:
    """Groups the detections of all views into people.

    Args:
        max_people: Largest number of groups per frame.
        max_gap_mm: Two detections form a hypothesis only if the mean distance between their rays
            of the same joint (over the joints that both contain) is below this.
        sigma_mm: Standard deviation of the Gaussian that turns the distance d of a joint from a
            ray into a closeness, exp(-d^2 / (2 sigma^2)); see
            :func:`mmpose_ours.kernels.agreement.agreements`.
        min_agreement: Inlier threshold: a detection whose agreement (0 to 1) with a hypothesis is
            not above this is not assigned to it.
        max_pairs: Largest number of hypotheses per frame, or D if that is more. Every detection's
            best partner comes before any detection's second-best one.
    """

    max_people: int = 10
    max_gap_mm: float = MAX_GAP_MM
    sigma_mm: float = AGREEMENT_SIGMA_MM
    min_agreement: float = MIN_AGREEMENT
    max_pairs: int = 256

    @property
    def options(self) -> tuple[int, float, float, float, int]:
        """The options as the kernels take them."""
        lengths = float(self.max_gap_mm), float(self.sigma_mm)
        return self.max_people, *lengths, float(self.min_agreement), self.max_pairs

    @torch.no_grad()
    def __call__(self, rays: Rays) -> Tensor:
        """Group the detections of B frames.

        Args:
            rays: By frame: origins (B, V, 3), directions (B, V, P, J, 3), weights (B, V, P, J).

        Returns:
            (B, G, V) index of the detection of each view, -1 where the view has none. A group has
            at least two detections, or none at all (padding). G is at most ``max_people``.

        Raises:
            InputError: There is only one view.
        """
        views = rays.weights.shape[1]
        if views < 2:
            raise InputError(
                'cross-view association needs the rays of two cameras or more, but the rig has '
                'one camera; add a calibrated camera to the rig',
                code='no-data',
                found=views,
                expected=2,
            )
        parts = [group_detections(frame, self.options) for frame in zip(*rays.arrays)]
        groups = np.full((len(parts), max(map(len, parts)), views), -1)
        for frame, part in zip(groups, parts):
            frame[: len(part)] = part
        return torch.from_numpy(groups).to(rays.weights.device)


def gather_rays(rays: Rays, detections: Tensor, sample: Tensor | None = None) -> Rays:
    """Turn rays by frame into rays by person, for given groups of detections.

    Args:
        rays: By frame: origins (B, V, 3), directions (B, V, P, J, 3), weights (B, V, P, J).
        detections: (B, G, V) index of each view's detection, -1 where it has none; or (N, V)
            together with ``sample``.
        sample: (N,) index of the frame of each person.

    Returns:
        By person: origins (B, G, V, 3), directions (B, G, V, J, 3), weights (B, G, V, J), or with
        N in place of (B, G). Views without a detection have weights of 0.
    """
    if sample is None:
        sample = torch.arange(len(detections), device=detections.device)[:, None]
        sample = sample.expand(detections.shape[:2])
    view = torch.arange(detections.shape[-1], device=detections.device)
    index = sample[..., None], view, detections.clamp_min(0)
    weights = rays.weights[index] * (detections >= 0)[..., None]
    return Rays(rays.origins[sample], rays.directions[index], weights)
