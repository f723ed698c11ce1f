"""Optimiser wrappers."""

from __future__ import annotations

import contextlib
from typing import Iterator

import torch
from mmengine.optim import OptimWrapper

from mmpose_ours.scope import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class AutocastOptimWrapper(OptimWrapper):
    """Trains in bfloat16 on devices with hardware support for it, otherwise in float32.

    MMEngine's ``AmpOptimWrapper`` refuses CPUs. bfloat16 has float32's range, so that losses
    need no scaling; weights and optimiser state stay in float32.
    """

    @contextlib.contextmanager
    def optim_context(self, model: torch.nn.Module) -> Iterator[None]:
        """Run the forward pass of one step under autocast."""
        device = next(model.parameters()).device.type
        with super().optim_context(model), torch.autocast(
            device, dtype=torch.bfloat16, enabled=_computes_in_bfloat16(device)
        ):
            yield


def _computes_in_bfloat16(device: str) -> bool:
    """Whether the device supports bfloat16 in hardware; emulation is slower than float32."""
    if device == 'cuda':
        return torch.cuda.is_bf16_supported()
    probe = getattr(torch.cpu, '_is_avx512_bf16_supported', None)
    return bool(probe and probe())
