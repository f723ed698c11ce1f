"""Hooks that keep a training alive, repeatable and accounted for."""

from mmpose_ours.engine.hooks.checkpoint import WholeCheckpointHook
from mmpose_ours.engine.hooks.finite_loss import FiniteLossHook, NonFiniteLossError
from mmpose_ours.engine.hooks.interruption import InterruptionHook
from mmpose_ours.engine.hooks.run_record import RunRecordHook
from mmpose_ours.engine.hooks.step_seed import StepSeedHook

__all__ = [
    'FiniteLossHook',
    'InterruptionHook',
    'NonFiniteLossError',
    'RunRecordHook',
    'StepSeedHook',
    'WholeCheckpointHook',
]
