"""V2V-PoseNet for inference on a CPU, with fewer multiplications.

The same function as :class:`~mmpose_ours.models.ops.v2v.V2VNet` in evaluation mode, with batch
normalisation folded into the convolutions before it, and with the convolutions of
:mod:`~mmpose_ours.models.ops.fast_conv`. Volumes are processed one after another, so that memory
does not grow with the batch size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmpose_ours.models.ops.fast_conv import DirectConv3d, FourierConv3d, WinogradConv3d

if TYPE_CHECKING:
    from mmpose_ours.models.ops.v2v import V2VNet, _Residual, _Upsample


class FastV2V:
    """A copy of a net's weights, prepared for inference.

    Args:
        net: The net, in evaluation mode.
        dtype: Type of the computation. With bfloat16 the first and the last layer still compute in
            float32: the first is faster that way, and a soft-argmax with a large beta follows the
            last.
    """

    def __init__(self, net: V2VNet, dtype: torch.dtype = torch.float32):
        front, residual = net.first_layers()
        layers = net.encoder_decoder
        self._dtype = dtype
        self._front = FourierConv3d(*_folded(front.block))
        self._front_residual = _FastResidual(residual, dtype)
        self._skip1 = _FastResidual(layers.skip_res1, dtype)
        self._encoder1 = _FastResidual(layers.encoder_res1, dtype)
        self._skip2 = _FastResidual(layers.skip_res2, dtype)
        self._encoder2 = _FastResidual(layers.encoder_res2, dtype)
        self._middle = _FastResidual(layers.mid_res, dtype)
        self._decoder2 = _FastResidual(layers.decoder_res2, dtype)
        self._upsample2 = _FastUpsample(layers.decoder_upsample2, dtype)
        self._decoder1 = _FastResidual(layers.decoder_res1, dtype)
        self._upsample1 = _FastUpsample(layers.decoder_upsample1, dtype)
        self._output = net.output_layer.weight.flatten(1).clone()
        self._output_bias = net.output_layer.bias[:, None].clone()

    def __call__(self, x: Tensor) -> Tensor:
        """(N, input_channels, X, Y, Z) to (N, output_channels, X, Y, Z)."""
        result = x.new_empty(len(x), len(self._output), *x.shape[2:])
        for volume, out in zip(x, result):
            features = self._features(volume).flatten(0, 2).float()
            torch.addmm(self._output_bias, self._output, features.t(), out=out.flatten(1))
        return result

    def _features(self, volume: Tensor) -> Tensor:
        x = self._front_residual(self._front(volume).to(self._dtype))
        half = _halved(x)
        skip1 = self._skip1(x)
        x = self._encoder1(half)
        half = _halved(x)
        skip2 = self._skip2(x)
        x = self._encoder2(half)
        x = self._decoder2(self._middle(x))
        x = self._decoder1(self._upsample2(x).add_(skip2))
        return self._upsample1(x).add_(skip1)


class _FastResidual:
    """A residual block on volumes (X, Y, Z, C). May overwrite its input."""

    def __init__(self, residual: _Residual, dtype: torch.dtype):
        first, second = residual.res_branch
        weight, bias = _folded(second)
        self._skip = None
        if len(residual.skip_con):
            skip, skip_bias = _folded(residual.skip_con)
            self._skip = skip.flatten(1).t().to(dtype).contiguous()
            bias = bias + skip_bias
        self._first = _conv(*_folded(first), dtype)
        self._second = _conv(weight, bias, dtype)

    def __call__(self, x: Tensor) -> Tensor:
        skip = x if self._skip is None else x @ self._skip
        return self._second(self._first(x), skip)


class _FastUpsample:
    """Upsampling by 2 of volumes (X, Y, Z, C)."""

    def __init__(self, upsample: _Upsample, dtype: torch.dtype):
        weight, bias = _folded(upsample.block)
        layout = torch.channels_last_3d
        self._weight = weight.to(dtype).contiguous(memory_format=layout)
        self._bias = bias.to(dtype)

    def __call__(self, x: Tensor) -> Tensor:
        x = x.permute(3, 0, 1, 2)[None]
        x = F.conv_transpose3d(x, self._weight, self._bias, stride=2).relu_()
        return x[0].permute(1, 2, 3, 0)


def _conv(weight: Tensor, bias: Tensor, dtype: torch.dtype) -> WinogradConv3d | DirectConv3d:
    if dtype == torch.float32:
        return WinogradConv3d(weight, bias)
    return DirectConv3d(weight, bias, dtype)


def _halved(x: Tensor) -> Tensor:
    """Max pooling by 2 of a volume (X, Y, Z, C); thirty times as fast as ``max_pool3d``."""
    x = torch.maximum(x[:, :, 0::2], x[:, :, 1::2])
    x = torch.maximum(x[:, 0::2], x[:, 1::2])
    return torch.maximum(x[0::2], x[1::2])


def _folded(layers: nn.Module) -> tuple[Tensor, Tensor]:
    """Weight and bias, in float64, of a convolution that includes its batch normalisation.

    Args:
        layers: A sequence that begins with the two.
    """
    assert isinstance(layers, nn.Sequential)
    conv, norm = layers[0], layers[1]
    assert isinstance(conv, (nn.Conv3d, nn.ConvTranspose3d)) and conv.bias is not None
    assert isinstance(norm, _BatchNorm)
    assert norm.running_mean is not None and norm.running_var is not None
    scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    bias = (conv.bias.double() - norm.running_mean.double()) * scale + norm.bias.double()
    outputs = 1 if isinstance(conv, nn.ConvTranspose3d) else 0
    shape = [1] * conv.weight.dim()
    shape[outputs] = -1
    return conv.weight.double() * scale.view(shape), bias
