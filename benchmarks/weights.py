"""The weights of both sides: a VoxelPose that finds people, made by hand instead of trained.

The pose net passes its input through and the centre net blurs that of the hips, plus a little
of the random network of the parity test's recipe, so that every layer has its say. The answers
are those of a trained net in kind: centres at people, softmax weights around joints. Random
weights alone would spread the softmax over the whole cube, where rounding counts many times as
much. Both environments import this file.
"""

from __future__ import annotations

import importlib.util
from types import ModuleType

import torch

from benchmarks.worker import ROOT

# The random part of every convolution, against the recipe's.
RANDOM_SHARE = 0.1
HIPS = [11, 12]
BLUR_VOXELS = 2.0
NETS = ('human_detector.center_net', 'pose_regressor.pose_net')


def fill_weights(model: torch.nn.Module) -> None:
    """Set the weights of a VoxelPose, ours or stock; their layers have the same names."""
    recipe = _recipe()
    state = model.state_dict()
    for key, value in state.items():
        if recipe.is_learned(key):
            state[key] = torch.as_tensor(recipe.reference_weight(key, value.shape))
            if value.dim() != 1:
                state[key] = state[key] * RANDOM_SHARE
    for net in NETS:
        first = state[f'{net}.front_layers.0.block.conv.weight']
        middle = first.shape[-1] // 2
        for channel in range(first.shape[0]):
            first[channel, channel, middle, middle, middle] += 1
            state[f'{net}.front_layers.1.skip_con.conv.weight'][channel, channel] += 1
        last = state[f'{net}.output_layer.weight']
        state[f'{net}.output_layer.bias'].zero_()
        if last.shape[0] == 1:
            # Two hips are one person.
            first[0, 0, middle, middle, middle] -= 1
            first[0, HIPS] += _blur(first.shape[-1]) / len(HIPS)
            last[0, 0] += 1
        else:
            # One channel fewer than joints: the last two joints share the last.
            for joint in range(last.shape[0]):
                last[joint, min(joint, first.shape[0] - 1)] += 1
    model.load_state_dict(state)


def _blur(kernel: int) -> torch.Tensor:
    """A Gaussian of sum 1, (kernel, kernel, kernel)."""
    offset = torch.arange(kernel) - kernel // 2
    profile = torch.exp(-0.5 * (offset / BLUR_VOXELS) ** 2)
    profile /= profile.sum()
    return profile[:, None, None] * profile[:, None] * profile


def _recipe() -> ModuleType:
    path = ROOT / 'tests' / 'stock_reference' / 'recipe.py'
    spec = importlib.util.spec_from_file_location('stock_recipe', path)
    assert spec and spec.loader
    recipe = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recipe)
    return recipe
