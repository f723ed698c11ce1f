"""Faults that happen at a certain step, for tests; configs import this module."""

import os
import signal

import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook

from mmpose_ours.scope import HOOKS, TRANSFORMS


@HOOKS.register_module()
class Saboteur(Hook):
    """Sends a signal at one moment of a training.

    Args:
        at: The step of training, counted from 0, or of the moment's kind.
        number: The signal.
        whom: ``self``, ``launcher`` or ``loader`` (a worker process of it).
        moment: ``train_iter``, ``val_iter`` or ``save`` (a checkpoint is half written).
        rank: The process that does it.
    """

    def __init__(self, at, number='SIGKILL', whom='self', moment='train_iter', rank=0):
        self.at, self.whom, self.moment, self.rank = at, whom, moment, rank
        self.number = getattr(signal, number)

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self._maybe(runner, 'train_iter')

    def before_val_iter(self, runner, batch_idx, data_batch=None):
        self._maybe(runner, 'val_iter')

    def before_save_checkpoint(self, runner, checkpoint):
        if self.moment == 'save' and runner.iter >= self.at:
            os.fsync = lambda handle: self._strike(runner)

    def _maybe(self, runner, moment):
        if (moment, runner.iter, get_rank()) == (self.moment, self.at, self.rank):
            self._strike(runner)

    def _strike(self, runner):
        if self.whom == 'loader':
            victim = runner.train_dataloader._iterator._workers[0].pid
        else:
            victim = os.getppid() if self.whom == 'launcher' else os.getpid()
        os.kill(victim, self.number)


@TRANSFORMS.register_module()
class Spoil:
    """Makes the noses in the truth of one item not a number.

    Args:
        frame: Its number.
    """

    def __init__(self, frame):
        self.frame = frame

    def __call__(self, results):
        if results['frame_id'] == self.frame:
            results['keypoints_3d'][:, 0] = float('nan')
        return results


@TRANSFORMS.register_module()
class DrawFromTorch:
    """Jitters the truth by numbers from torch's and NumPy's global generators."""

    def __call__(self, results):
        import numpy as np

        shift = torch.randn(1).item() + np.random.standard_normal()
        results['keypoints_3d'] = results['keypoints_3d'] + shift
        return results
