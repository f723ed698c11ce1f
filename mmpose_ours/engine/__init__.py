"""Hooks that keep a training alive, repeatable and accounted for."""

from mmpose_ours.engine.checkpoint_hook import WholeCheckpointHook
from mmpose_ours.engine.finite_loss import FiniteLossHook, NonFiniteLossError
from mmpose_ours.engine.interruption import InterruptionHook
from mmpose_ours.engine.run_record import RunRecordHook
from mmpose_ours.engine.step_seed import StepSeedHook

__all__ = [
    'FiniteLossHook',
    'InterruptionHook',
    'NonFiniteLossError',
    'RunRecordHook',
    'StepSeedHook',
    'WholeCheckpointHook',
]
