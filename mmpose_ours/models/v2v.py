"""The volumetric encoder-decoder of VoxelPose (V2V-PoseNet, Moon et al., CVPR 2018).

Layer names follow the checkpoints of MMPose 0.x, so that these load.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpose_ours.registry import MODELS


def _conv(inputs: int, outputs: int, kernel: int, relu: bool = True) -> nn.Sequential:
    """Convolution with bias and batch normalisation, named ``conv`` and ``bn``."""
    layers = OrderedDict(
        conv=nn.Conv3d(inputs, outputs, kernel, padding=kernel // 2),
        bn=nn.BatchNorm3d(outputs),
    )
    if relu:
        layers['activate'] = nn.ReLU(inplace=True)
    return nn.Sequential(layers)


class _Residual(nn.Module):
    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.res_branch = nn.Sequential(
            _conv(inputs, outputs, 3), _conv(outputs, outputs, 3, relu=False)
        )
        same = inputs == outputs
        self.skip_con = nn.Sequential() if same else _conv(inputs, outputs, 1, relu=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.res_branch(x) + self.skip_con(x), inplace=True)


class _Front(nn.Module):
    """The first convolution; a module of its own because checkpoints call it ``block``."""

    def __init__(self, inputs: int, outputs: int, kernel: int):
        super().__init__()
        self.block = _conv(inputs, outputs, kernel)

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x)


class _Upsample(nn.Module):
    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.block = nn.Sequential(
            nn.ConvTranspose3d(inputs, outputs, 2, stride=2),
            nn.BatchNorm3d(outputs),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x)


class _EncoderDecoder(nn.Module):
    def __init__(self, full: int, half: int, quarter: int):
        super().__init__()
        self.encoder_res1 = _Residual(full, half)
        self.encoder_res2 = _Residual(half, quarter)
        self.mid_res = _Residual(quarter, quarter)
        self.decoder_res2 = _Residual(quarter, quarter)
        self.decoder_upsample2 = _Upsample(quarter, half)
        self.decoder_res1 = _Residual(half, half)
        self.decoder_upsample1 = _Upsample(half, full)
        self.skip_res1 = _Residual(full, full)
        self.skip_res2 = _Residual(half, half)

    def forward(self, x: Tensor) -> Tensor:
        skip1 = self.skip_res1(x)
        x = self.encoder_res1(F.max_pool3d(x, 2))
        skip2 = self.skip_res2(x)
        x = self.encoder_res2(F.max_pool3d(x, 2))
        x = self.decoder_res2(self.mid_res(x))
        x = self.decoder_res1(self.decoder_upsample2(x) + skip2)
        return self.decoder_upsample1(x) + skip1


@MODELS.register_module()
class V2VNet(nn.Module):
    """Volume in, volume of the same size out.

    Args:
        input_channels: Channels of the input volume.
        output_channels: Channels of the output volume.
        channels: Widths of the first convolution and at full, half and quarter resolution.
        front_kernel: Kernel size of the first convolution.
    """

    def __init__(
        self,
        input_channels: int,
        output_channels: int,
        channels: Sequence[int] = (16, 32, 64, 128),
        front_kernel: int = 7,
    ):
        super().__init__()
        front, full, half, quarter = channels
        self.front_layers = nn.Sequential(
            _Front(input_channels, front, front_kernel), _Residual(front, full)
        )
        self.encoder_decoder = _EncoderDecoder(full, half, quarter)
        self.output_layer = nn.Conv3d(full, output_channels, 1)
        for module in self.modules():
            if isinstance(module, (nn.Conv3d, nn.ConvTranspose3d)):
                # Small weights: at first the output is near zero everywhere, as is the target.
                nn.init.normal_(module.weight, std=0.001)
                nn.init.zeros_(module.bias)
        # Two to four times faster on CPU, and what tensor cores want.
        self.to(memory_format=torch.channels_last_3d)

    def forward(self, x: Tensor) -> Tensor:
        """(N, input_channels, X, Y, Z) to (N, output_channels, X, Y, Z), in float32.

        Sides must be multiples of 4.
        """
        x = x.contiguous(memory_format=torch.channels_last_3d)
        features = self.encoder_decoder(self.front_layers(x))
        # The last layer feeds a sharp soft-argmax: bfloat16 would round its peaks away.
        device = 'cuda' if x.is_cuda else 'cpu'
        with torch.autocast(device, enabled=False):
            return self.output_layer(features.float())
