"""Base class of the models: skeleton, properties, matching with the ground truth, results."""

from __future__ import annotations

import math
from typing import Any, Callable, NamedTuple, Union

import numpy as np
import torch
from mmengine.model import BaseModel
from mmengine.structures import InstanceData
from torch import Tensor

from mmpose_ours.datasets.data_sample import MultiviewDataSample
from mmpose_ours.errors import InputError
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.structures.skeletons import SKELETONS


class Matches(NamedTuple):
    """The annotated people with whom N poses are matched.

    Args:
        truth: (N, J, 3) annotated pose of each in mm, relative to the middle of the volume.
        visible: (N, J) bool, which of its joints are annotated.
        matched: (N,) bool, whether the pose is close enough to be a pose of that person.
        is_best: (N,) 1.0 for the best pose of each annotated person, else 0.0: the training
            target of scores.
    """

    truth: Tensor
    visible: Tensor
    matched: Tensor
    is_best: Tensor


# Matches the n poses of one sample with its T annotated people. Arguments: indices (n,) of the
# poses, annotated joints (T, J, 3), and which of these are visible (T, J). Returns: (n,) index of
# the nearest annotated person of each pose; (n,) bool, whether it is close enough; and the indices
# of the best pose of each annotated person that has one.
Assign = Callable[[Tensor, Tensor, Tensor], 'tuple[Tensor, Tensor, Tensor]']


# Results of a model, as tensors or as arrays.
Values = Union[Tensor, np.ndarray]


class MultiviewPoseModel(BaseModel):
    """An MMEngine model that estimates the 3D poses of a frame from its views.

    Args:
        joints: Name of the skeleton.
        data_preprocessor: As MMEngine's.
        init_cfg: As MMEngine's.

    Attributes:
        joints: The skeleton.
        root: Indices of the joints whose mean is a person's position.
    """

    # Whether the weights depend on the size of voxels, so that the capture volume must have the
    # size that it had in training.
    fixed_volume_size = False
    # mm. People farther outside the capture volume are dropped; infinite keeps all.
    margin_mm = math.inf

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

    def check_joint_count(self, count: int) -> None:
        """Refuse keypoints of another skeleton.

        Raises:
            InputError: The model has another number of joints than ``count``.
        """
        if count != len(self.joints):
            raise InputError(
                f'the keypoints have {count} joints, but the model is of {self.joints.name}, which '
                f'has {len(self.joints)}; set model.joints to the skeleton of the keypoints',
                code='wrong-shape',
                found=count,
                expected=len(self.joints),
            )

    def measure_noise(self, inputs: Any, data_samples: list[MultiviewDataSample]) -> Any:
        """Measure the noise of a recording on some of its frames.

        Args:
            inputs: As :meth:`forward` takes them.
            data_samples: Of these frames, all with the same rig.

        Returns:
            What data samples then carry as metainfo ``noise``; None if the model does not use it.
        """
        return None

    def zero_loss(self, module: torch.nn.Module | None = None) -> Tensor:
        """A loss of 0 with a gradient (of 0) for every parameter of a module; None is this model.

        Distributed training needs gradients of the same parameters from every process in every
        step.
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
            assign: Called for each sample that has poses and annotated people.
        """
        truth, visible = torch.zeros_like(poses), poses.new_zeros(poses.shape[:2], dtype=torch.bool)
        matched, is_best = visible[:, 0].clone(), poses.new_zeros(len(poses))
        for number, data_sample in enumerate(data_samples):
            index = torch.nonzero(sample == number)[:, 0]
            people = data_sample.gt_instances
            people = people[people.visible.bool().any(1)]
            if not len(index) or not len(people):
                continue
            annotated = people.visible.bool()
            joints = people.keypoints_3d - ray_origin_of(data_sample.space, poses)
            # Joints that are not annotated may be NaN.
            joints = torch.where(annotated[..., None], joints, torch.zeros_like(joints))
            nearest, close, best = assign(index, joints, annotated)
            truth[index], visible[index], matched[index] = (
                joints[nearest],
                annotated[nearest],
                close,
            )
            is_best[best] = 1.0
        return Matches(truth, visible, matched, is_best)


def report(data_sample: MultiviewDataSample, poses: Values, scores: Values, **more: Values) -> None:
    """Write the predictions of a frame into its data sample.

    Args:
        data_sample: Gets ``pred_instances``.
        poses: (N, J, 3) mm in the world; field ``keypoints_3d``.
        scores: (N,) 0 to 1; field ``scores``.
        more: Further fields with one row per person.
    """
    fields = dict(keypoints_3d=poses, scores=scores, **more)
    data_sample.pred_instances = InstanceData(
        **{name: torch.as_tensor(value) for name, value in fields.items()}
    )


def mean_joint_distance(poses: Tensor, truth: Tensor, visible: Tensor) -> Tensor:
    """(n, T) mean distance in mm of the joints of n poses from those of T annotated people.

    Args:
        poses: (n, J, 3) in mm.
        truth: (T, J, 3) in mm.
        visible: (T, J) which of the annotated joints count.
    """
    distance = (poses[:, None] - truth).norm(dim=-1) * visible
    return distance.sum(-1) / visible.sum(-1).clamp_min(1)


def ray_origin_of(space: CaptureVolume, like: Tensor) -> Tensor:
    """(3,) middle of the capture volume in mm, the origin of the coordinates of rays."""
    return like.new_tensor(space.center_mm)
