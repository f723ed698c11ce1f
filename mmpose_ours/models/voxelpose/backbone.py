"""The 2D network of image mode: ResNet and three deconvolutions (Xiao et al., ECCV 2018).

Layer names follow the 2D part of MMPose 0.x's VoxelPose checkpoints.
"""

from __future__ import annotations

from typing import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from mmpose_ours.errors import InputError
from mmpose_ours.scope import MODELS

_BLOCKS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}


class _Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, inputs: int, planes: int, stride: int):
        super().__init__()
        outputs = planes * self.expansion
        self.conv1 = nn.Conv2d(inputs, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        skip = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        return F.relu(self.bn3(self.conv3(x)) + skip)


class _ResNet(nn.Module):
    layer1: nn.Sequential
    layer2: nn.Sequential
    layer3: nn.Sequential
    layer4: nn.Sequential

    def __init__(self, depth: int, width: int):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        channels = width
        for stage, count in enumerate(_BLOCKS[depth]):
            planes, blocks = width << stage, []
            for block in range(count):
                blocks.append(_Bottleneck(channels, planes, 2 if stage and not block else 1))
                channels = planes * _Bottleneck.expansion
            setattr(self, f'layer{stage + 1}', nn.Sequential(*blocks))

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))


class _DeconvHead(nn.Module):
    def __init__(self, inputs: int, filters: Sequence[int], outputs: int):
        super().__init__()
        layers: list[nn.Module] = []
        for width in filters:
            layers += [
                nn.ConvTranspose2d(inputs, width, 4, 2, 1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
            ]
            inputs = width
        self.deconv_layers = nn.Sequential(*layers)
        self.final_layer = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.final_layer(self.deconv_layers(x))


@MODELS.register_module()
class PoseResNet(nn.Module):
    """Images (V, 3, H, W) to heatmaps (V, num_joints, H / 4, W / 4); H, W multiples of 32.

    Args:
        num_joints: Heatmap channels.
        depth: 50, 101 or 152.
        width: Channels of the first stage; 64 is ResNet's own.
        deconv_filters: Channels of the deconvolutions.
    """

    def __init__(
        self,
        num_joints: int,
        depth: int = 50,
        width: int = 64,
        deconv_filters: Sequence[int] = (256, 256, 256),
    ):
        super().__init__()
        if depth not in _BLOCKS:
            raise InputError(
                f'depth must be one of {sorted(_BLOCKS)}, got {depth}',
                code='out-of-range',
                found=depth,
                expected=sorted(_BLOCKS),
            )
        self.backbone = _ResNet(depth, width)
        self.keypoint_head = _DeconvHead(width * 32, deconv_filters, num_joints)

    def forward(self, images: Tensor) -> Tensor:
        """Predict heatmaps; not limited to [0, 1]."""
        return self.keypoint_head(self.backbone(images))
