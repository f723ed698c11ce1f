"""Preprocessor of models that take heatmaps or images."""

from __future__ import annotations

from typing import Sequence

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.models.ops.heatmaps import draw_heatmaps
from mmpose_ours.models.ops.projection import TorchRig
from mmpose_ours.scope import MODELS


@MODELS.register_module()
class MultiviewDataPreprocessor(BaseDataPreprocessor):
    """Draws heatmaps from keypoints, or normalises images; samples may have different rigs.

    Args:
        heatmap_size: (width, height) of the heatmaps.
        sigma: Width of the peaks; see :func:`~mmpose_ours.models.ops.heatmaps.draw_heatmaps`.
        mean: RGB mean of images, 0 to 255.
        std: RGB standard deviation of images.
        non_blocking: Whether copies to the device may be asynchronous.
    """

    def __init__(
        self,
        heatmap_size: tuple[int, int] = (200, 152),
        sigma: float = 3.0,
        mean: Sequence[float] = (123.675, 116.28, 103.53),
        std: Sequence[float] = (58.395, 57.12, 57.375),
        non_blocking: bool = True,
    ):
        super().__init__(non_blocking=non_blocking)
        width, height = heatmap_size
        self.heatmap_size, self.sigma = (width, height), sigma
        self.register_buffer('mean', torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer('std', torch.tensor(std).view(1, 3, 1, 1), persistent=False)
        self._fits: dict[str, tuple[Tensor, Tensor]] = {}

    def forward(self, data: dict, training: bool = False) -> dict:
        """Prepare a collated batch.

        Args:
            data: ``inputs`` with a list of ``keypoints`` (V, P, J, 3) or ``images``
                (V, 3, H, W), and ``data_samples``.
            training: Unused.

        Returns:
            ``inputs`` with a list of ``heatmaps`` (V, J, h, w) or ``images``, and
            ``data_samples``.

        Raises:
            InputError: There are neither images nor keypoints.
        """
        data = self.cast_data(data)
        inputs, samples = data['inputs'], data['data_samples']
        if 'images' in inputs:
            prepared = {'images': [(i.float() - self.mean) / self.std for i in inputs['images']]}
        elif 'keypoints' not in inputs:
            raise InputError(
                'a sample has neither images nor 2D keypoints; give the dataset a keypoint_file, '
                'or put LoadMultiviewImages into its pipeline',
                code='missing-value',
                found=sorted(inputs),
                expected=['images', 'keypoints'],
            )
        else:
            pairs = zip(inputs['keypoints'], samples)
            prepared = {'heatmaps': [self._heatmaps(k, sample.rig) for k, sample in pairs]}
        return dict(inputs=prepared, data_samples=samples)

    def _heatmaps(self, keypoints: Tensor, rig: CameraRig) -> Tensor:
        key = f'{rig.fingerprint}@{keypoints.device}'
        if key not in self._fits:
            self._fits[key] = TorchRig(rig, keypoints.device).fit(self.heatmap_size)
        scale, shift = self._fits[key]
        uv = keypoints[..., :2] * scale[:, None, None] + shift[:, None, None]
        scaled = torch.cat([uv, keypoints[..., 2:]], dim=-1)
        return draw_heatmaps(scaled, self.sigma, self.heatmap_size)
