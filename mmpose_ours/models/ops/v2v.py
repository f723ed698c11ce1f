"""The volumetric encoder-decoder of VoxelPose (V2V-PoseNet, Moon et al., CVPR 2018).

Layer names follow the checkpoints of MMPose 0.x, so that these load.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpose_ours.models.ops.fast_v2v import FastV2V
from mmpose_ours.scope import MODELS

# Smaller volumes are faster with the ordinary convolutions, because of the overhead of the others.
MIN_FAST_VOXELS = 16_000


class Conv3d(nn.Conv3d):
    """A convolution that uses float32 instead of bfloat16 for eight voxels or fewer on a CPU.

    torch 2.13 with oneDNN reads uninitialised memory for the gradient of the weights there: the
    results differ between runs of the same seed, and are sometimes NaN (2x2x2 voxels, as in the
    middle of a net for 8x8x8).
    """

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (N, C, X, Y, Z)."""
        if x.device.type == 'cpu' and x.shape[-3:].numel() <= 8:
            with torch.autocast('cpu', enabled=False):
                return super().forward(x.to(self.weight.dtype))
        return super().forward(x)


class _Pointwise(nn.Conv3d):
    """A convolution with kernel 1, computed as a matrix product on CPUs.

    torch's own is far slower there, as it copies to channels first.
    """

    bias: Tensor

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        if x.device.type != 'cpu':
            return super().forward(x)
        return F.linear(x.movedim(1, -1), self.weight.flatten(1), self.bias).movedim(-1, 1)


def _conv(inputs: int, outputs: int, kernel: int, relu: bool = True) -> nn.Sequential:
    """Convolution with bias and batch normalisation, named ``conv`` and ``bn``."""
    if kernel == 1:
        conv: nn.Conv3d = _Pointwise(inputs, outputs)
    else:
        conv = Conv3d(inputs, outputs, kernel, padding=kernel // 2)
    layers = OrderedDict(
        conv=conv,
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

    Inference on a CPU (evaluation, no gradients; float32, or autocast to bfloat16) takes the
    same weights through :class:`~mmpose_ours.models.ops.fast_v2v.FastV2V`, about twice as fast,
    for volumes of :data:`MIN_FAST_VOXELS` or more; forward hooks of the layers inside do not run
    then. Set ``fast_inference`` to False to run the layers.

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
        self.output_layer = _Pointwise(full, output_channels)
        for module in self.modules():
            if isinstance(module, (nn.Conv3d, nn.ConvTranspose3d)):
                # Small weights, since the target is near zero almost everywhere.
                nn.init.normal_(module.weight, std=0.001)
                assert module.bias is not None
                nn.init.zeros_(module.bias)
        # Two to four times faster on a CPU, and the format for tensor cores.
        # torch's overloads lack memory_format.
        self.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self.fast_inference = True
        self._fast: dict[torch.dtype, tuple[list, FastV2V]] = {}

    def forward(self, x: Tensor) -> Tensor:
        """(N, input_channels, X, Y, Z) to (N, output_channels, X, Y, Z), in float32.

        Sides must be multiples of 4.
        """
        if self._may_be_fast(x):
            dtype = _autocast_dtype()
            with torch.autocast('cpu', enabled=False):
                return self._fast_net(dtype)(x)
        x = x.contiguous(memory_format=torch.channels_last_3d)
        features = self.encoder_decoder(self.front_layers(x))
        # A soft-argmax with a large beta follows: bfloat16 would be too coarse for its logits.
        device = 'cuda' if x.is_cuda else 'cpu'
        with torch.autocast(device, enabled=False):
            return self.output_layer(features.float())

    def first_layers(self) -> tuple[_Front, _Residual]:
        """The two modules in ``front_layers``."""
        front, residual = self.front_layers
        assert isinstance(front, _Front) and isinstance(residual, _Residual)
        return front, residual

    def _may_be_fast(self, x: Tensor) -> bool:
        weight = self.output_layer.weight
        return (
            self.fast_inference
            and len(x) > 0
            and not self.training
            and not torch.is_grad_enabled()
            and x.device.type == weight.device.type == 'cpu'
            and x.dtype == weight.dtype == torch.float32
            and x[0, 0].numel() >= MIN_FAST_VOXELS
            and _autocast_dtype() in (torch.float32, torch.bfloat16)
            # Weights that are created in inference mode have no version counter.
            and not any(weight.is_inference() for weight in self._weights())
            and not _is_recorded()
            # The speed was measured with MKL's Fourier transforms and batched products.
            and torch.backends.mkl.is_available()
        )

    def _weights(self) -> list[Tensor]:
        return [*self.parameters(), *self.buffers()]

    def _fast_net(self, dtype: torch.dtype) -> FastV2V:
        """The net prepared for inference, again whenever the weights have changed."""
        state = [(weight.data_ptr(), weight._version) for weight in self._weights()]
        if dtype not in self._fast or self._fast[dtype][0] != state:
            self._fast[dtype] = state, FastV2V(self, dtype)
        return self._fast[dtype][1]

    def train(self, mode: bool = True) -> V2VNet:
        """Switch between training and evaluation."""
        # Some changes of weights, such as those of averaging hooks, do not change the version.
        self._fast = {}
        return super().train(mode)

    def __getstate__(self) -> dict:
        """Leave the prepared nets out of copies and pickles."""
        return {**self.__dict__, '_fast': {}}


def _autocast_dtype() -> torch.dtype:
    """The type in which convolutions on the CPU compute under the current autocast state."""
    if not hasattr(torch, 'get_autocast_dtype'):  # before torch 2.4
        enabled, dtype = torch.is_autocast_cpu_enabled(), torch.get_autocast_cpu_dtype()
    else:
        enabled, dtype = torch.is_autocast_enabled('cpu'), torch.get_autocast_dtype('cpu')
    return dtype if enabled else torch.float32


def _is_recorded() -> bool:
    """Whether the operators are being traced or compiled."""
    is_compiling = getattr(getattr(torch, 'compiler', None), 'is_compiling', None)
    return torch.jit.is_tracing() or bool(is_compiling and is_compiling())
