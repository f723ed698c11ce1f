"""What all models have in common: skeleton, properties, matching with the truth, results."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

import torch
from mmengine.model import BaseModel
from mmengine.structures import InstanceData
from torch import Tensor

from mmpose_ours.datasets.data_sample import MultiviewDataSample
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.structures.skeletons import SKELETONS


class Matches(NamedTuple):
    """Who N poses are.

    Args:
        truth: (N, J, 3) mm, the annotated pose of each, relative to the middle of the volume.
        visible: (N, J) bool, which of its joints are annotated.
        matched: (N,) bool, whether the pose is close enough to be that person.
        first: (N,) 1.0 for the best pose of each person, else 0.0: what a score should be.
    """

    truth: Tensor
    visible: Tensor
    matched: Tensor
    first: Tensor


# Of the poses (rows) of a sample and its G people (G, J, 3) with visible joints (G, J): (n,) whom
# each pose is closest to, (n,) bool whether it is that person, and rows of the best poses.
Assign = Callable[[Tensor, Tensor, Tensor], 'tuple[Tensor, Tensor, Tensor]']


class MultiviewPoseModel(BaseModel):
    """A model of MMEngine that makes 3D poses of one frame's views.

    Args:
        joints: Name of the skeleton.
        data_preprocessor: As MMEngine's.
        init_cfg: As MMEngine's.

    Attributes:
        joints: The skeleton.
        root: Indices of the joints whose mean is a person's place.
    """

    # Whether the nets know people as so many voxels, so that the volume must keep its size.
    fixed_volume_size = False

    def __init__(
        self,
        joints: str,
        data_preprocessor: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | None = None,
    ):
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.joints = SKELETONS[joints]
        self.root = self.joints.index(*self.joints.root)

    @property
    def sees_images(self) -> bool:
        """Whether the model takes images instead of 2D keypoints."""
        return False

    def no_loss(self, module: torch.nn.Module | None = None) -> Tensor:
        """A loss of zero that depends on all parameters.

        Every process must hand gradients to the same parameters in every step.
        """
        return torch.stack([p.sum() for p in (module or self).parameters()]).sum() * 0.0

    @torch.no_grad()
    def match(
        self,
        poses: Tensor,
        sample: Tensor,
        data_samples: list[MultiviewDataSample],
        assign: Assign,
    ) -> Matches:
        """Match poses with the annotated people of their frames.

        Args:
            poses: (N, J, 3) mm relative to the middle of each sample's volume.
            sample: (N,) the sample of each.
            data_samples: With ``gt_instances`` and volume.
            assign: Called for each sample that has poses and people.
        """
        truth, visible = torch.zeros_like(poses), poses.new_zeros(poses.shape[:2], dtype=torch.bool)
        matched, first = visible[:, 0].clone(), poses.new_zeros(len(poses))
        for index, data_sample in enumerate(data_samples):
            rows = torch.nonzero(sample == index)[:, 0]
            people = data_sample.gt_instances
            people = people[people.visible.bool().any(1)]
            if not len(rows) or not len(people):
                continue
            seen = people.visible.bool()
            known = people.keypoints_3d - middle_of(data_sample.space, poses)
            # Joints that nobody knows may hold anything.
            known = torch.where(seen[..., None], known, torch.zeros_like(known))
            nearest, close, best = assign(rows, known, seen)
            truth[rows], visible[rows], matched[rows] = known[nearest], seen[nearest], close
            first[best] = 1.0
        return Matches(truth, visible, matched, first)


def report(data_sample: MultiviewDataSample, poses: Tensor, scores: Tensor, **more: Tensor) -> None:
    """Put a frame's people into its sample.

    Args:
        data_sample: The frame's.
        poses: (P, J, 3) mm in the world.
        scores: (P,) 0 to 1.
        more: What else is known of each person.
    """
    data_sample.pred_instances = InstanceData(keypoints_3d=poses, scores=scores, **more)


def mean_distance(poses: Tensor, known: Tensor, seen: Tensor) -> Tensor:
    """(n, G) mean joint distance in mm of n poses from G people, over their visible joints."""
    distance = (poses[:, None] - known).norm(dim=-1) * seen
    return distance.sum(-1) / seen.sum(-1).clamp_min(1)


def middle_of(space: CaptureVolume, like: Tensor) -> Tensor:
    """(3,) middle of the capture volume, where rays have their zero."""
    return like.new_tensor(space.center_mm)
