"""Our side of the comparison; a worker process in ``.venv``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import mmengine
import numpy as np
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.model import BaseModel
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope

import mmpose_ours.registry  # noqa: F401  makes the scope known
from benchmarks import machine
from benchmarks.problem import read_problem
from benchmarks.side import Side
from benchmarks.weights import fill_weights
from mmpose_ours.datasets import PackMultiviewInputs, SyntheticDataset
from mmpose_ours.models import VoxelPose
from mmpose_ours.models.data_preprocessor import MultiviewDataPreprocessor
from mmpose_ours.models.ops.projection import TorchRig
from mmpose_ours.scope import MODELS

Work = Callable[[], Any]


class OurSide(Side):
    """Stages of this package.

    ``config`` is a config file whose model is measured as it is trained and used, from
    keypoints; without one it is VoxelPose as published, from heatmaps, with the stock weights.
    """

    own_requests = ('machine',)

    def versions(self) -> dict:
        """Versions of our packages."""
        return dict(mmpose_ours=mmpose_ours.__version__, mmengine=mmengine.__version__)

    def set_problem(self, folder: Path) -> None:
        """Read the problem's files, and draw the heatmaps that the stock side starts from."""
        init_default_scope('mmpose_ours')
        MMLogger.get_instance('benchmark', log_level='WARNING')
        self.folder = folder
        self.settings, self.rig, self.space = read_problem(folder)
        self.preprocessor = self._new_preprocessor()
        for people in self.settings['people']:
            np.save(folder / f'heatmaps_{people}.npy', self._heatmaps(people).numpy())

    # Training items

    def make_scene_sampling(self) -> Work:
        """The next item of the synthetic dataset, faults included; 1 to 5 people."""
        dataset = self._dataset((1, 5))
        index = iter(range(1 << 60))
        return lambda: dataset[next(index)]

    make_scene_placement = make_scene_sampling

    def make_sample_with_heatmaps(self) -> Work:
        """The same, and its heatmaps drawn."""
        sample = self.make_scene_sampling()
        return lambda: self.preprocessor(collate([sample()]))

    def training_item(self) -> dict:
        """An item of 5 people."""
        return self._dataset((5, 5))[0]

    def _dataset(self, people: tuple[int, int]) -> SyntheticDataset:
        return SyntheticDataset(
            str(self.folder / 'calibration.json'),
            num_samples=3000,
            scene=dict(people=people),
            space=self.settings['space'],
            any_scale=True,
        )

    # Parts of VoxelPose

    def make_heatmaps(self, people: int | str, device: str = 'cpu') -> Work:
        """Keypoints of one frame to its heatmaps."""
        data = self._data(people)
        preprocessor = self._new_preprocessor().to(device)
        return lambda: preprocessor(data)

    def make_coarse_projection(self, device: str = 'cpu') -> Work:
        """Heatmaps into the voxels of the space; the rig is known already."""
        detector, heatmaps = self._model(device).human_detector, self._heatmaps(3, device)
        return _inference(lambda: detector.volume(heatmaps, self.rig, self.space))

    def make_person_projection(self, people: int, device: str = 'cpu') -> Work:
        """Heatmaps into the voxels of everybody's cube."""
        model, heatmaps = self._model(device), self._heatmaps(people, device)
        rig, roots = TorchRig(self.rig, device), self._roots(people, device)
        return _inference(lambda: model.pose_regressor.volumes(heatmaps, rig, roots))

    def make_center_net(self, device: str = 'cpu') -> Work:
        """The net on the space's volume."""
        detector = self._model(device).human_detector
        volume = self.work('coarse_projection', device=device)()[None]
        return _inference(lambda: detector(volume))

    def make_pose_net(self, people: int, device: str = 'cpu') -> Work:
        """The net on everybody's volume, and joints from its output."""
        regressor = self._model(device).pose_regressor
        volumes = self.work('person_projection', people=people, device=device)()
        roots = self._roots(people, device)
        return _inference(lambda: regressor(volumes, roots))

    # Whole models

    def make_frame(
        self,
        people: int,
        config: str = '',
        precision: str = 'float32',
        batch: int = 1,
        device: str = 'cpu',
    ) -> Work:
        """Poses of ``batch`` frames of ``people`` each."""
        if config:
            model = self._configured(config, people, device)[0].eval()
            data = collate([self._item(people)] * batch)
            work = _inference(lambda: model.test_step(data))
        else:
            model = self._model(device)
            inputs = dict(heatmaps=[self._heatmaps(people, device)] * batch)
            samples = [self._sample() for _ in range(batch)]

            def predict() -> Any:
                # The model is shared by stages of other numbers of people.
                _answer_with(model, people)
                return model(inputs, samples, mode='predict')

            work = _inference(predict)
        if precision == 'bfloat16':
            work = torch.autocast(device, torch.bfloat16)(work)
        found = [len(sample.pred_instances.scores) for sample in work()]
        if found != [people] * batch:
            raise ValueError(f'{config or "VoxelPose"} answers with {found} people, not {people}')
        return work

    def make_fast_model_part(self, part: str, config: str, people: int) -> Work:
        """One of the fast model's three: ``rays``, ``proposals`` or ``joints``."""
        model = self._configured(config, people, 'cpu')[0].eval()
        data = self._data(people)
        rays = model.data_preprocessor(data)['inputs']['rays']
        mine = model.group_rays(rays)[0]
        parts = dict(
            rays=lambda: model.data_preprocessor(data),
            proposals=lambda: model.group_rays(rays),
            joints=lambda: model.pose_regressor(mine),
        )
        return _inference(parts[part])

    def make_train_step(
        self, people: int, config: str = '', batch: int = 1, device: str = 'cpu'
    ) -> Work:
        """One step of training, with the optimiser of the config (without one: Adam)."""
        if config:
            model, optimizer = self._configured(config, people, device)
            wrapper = build_optim_wrapper(model, optimizer)
        else:
            model = self._new_model().to(device)
            adam = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4))
            wrapper = build_optim_wrapper(model, adam)
        model.train()
        data = collate([self._item(people)] * batch)
        return lambda: model.train_step(data, wrapper)

    def _configured(self, config: str, people: int, device: str) -> tuple[BaseModel, dict]:
        """The model of a config, untrained, and its optimiser; it answers with ``people``."""
        loaded = Config.fromfile(config)
        model = MODELS.build(loaded.model).to(device)
        _answer_with(model, people)
        return model, loaded.optim_wrapper

    def _model(self, device: str) -> VoxelPose:
        """The model that stages of inference share."""
        if device not in self._models:
            self._models[device] = self._new_model().to(device).eval()
        return self._models[device]

    def _new_model(self) -> VoxelPose:
        """VoxelPose as stock has it, with the weights of both sides."""
        model = VoxelPose(
            heatmap_size=self.settings['heatmap_size'],
            center=dict(bins=self.settings['bins']),
            pose=dict(bins=self.settings['person_bins'], size_mm=2000.0, beta=100.0),
            data_preprocessor=self._new_preprocessor(),
        )
        fill_weights(model)
        return model

    def _new_preprocessor(self) -> MultiviewDataPreprocessor:
        width, height = self.settings['heatmap_size']
        return MultiviewDataPreprocessor((width, height))

    # Inputs

    def _keypoints(self, people: int | str) -> np.ndarray:
        return np.load(self.folder / f'people_{people}.npz')['keypoints']

    def _poses(self, people: int | str) -> np.ndarray:
        return np.load(self.folder / f'people_{people}.npz')['poses']

    def _roots(self, people: int, device: str) -> torch.Tensor:
        return torch.from_numpy(self._poses(people)[:, [11, 12]].mean(1)).to(device)

    def _item(self, people: int | str) -> dict:
        poses = self._poses(people)
        return PackMultiviewInputs()(
            dict(
                rig=self.rig,
                space=self.space,
                joints='coco17',
                frame_id=0,
                keypoints_2d=self._keypoints(people),
                keypoints_3d=poses,
                visible=np.ones(poses.shape[:2], dtype=bool),
            )
        )

    def _sample(self) -> Any:
        return self._item(1)['data_samples']

    def _data(self, people: int | str) -> dict:
        return collate([self._item(people)])

    def _heatmaps(self, people: int, device: str = 'cpu') -> torch.Tensor:
        return self.preprocessor(self._data(people))['inputs']['heatmaps'][0].to(device)

    def outputs(self, file: str) -> None:
        """Write what the stages compute on 3 people, and in bfloat16 for their true places."""
        in_cubes = self.work('pose_net', people=3)
        with torch.autocast('cpu', torch.bfloat16):
            bfloat16 = in_cubes()
        poses = self.work('frame', people=3)()[0].pred_instances.keypoints_3d
        np.savez(
            file,
            heatmaps=self.work('heatmaps', people='on_pixels')()['inputs']['heatmaps'][0].numpy(),
            coarse=self.work('coarse_projection')().numpy(),
            person=self.work('person_projection', people=3)().numpy(),
            poses=poses.numpy(),
            in_cubes=in_cubes().numpy(),
            in_cubes_bfloat16=bfloat16.float().numpy(),
        )

    def machine(self, threads: int, size: int = 2048, megabytes: int = 256) -> dict:
        """This machine's own limits (see :mod:`benchmarks.machine`)."""
        return machine.limits(threads, size, megabytes)


def collate(items: list[dict]) -> dict:
    """What the loader's ``pseudo_collate`` makes of items."""
    return dict(
        inputs=dict(keypoints=[item['inputs']['keypoints'] for item in items]),
        data_samples=[item['data_samples'] for item in items],
    )


def _inference(work: Work) -> Work:
    return torch.inference_mode()(work)


def _answer_with(model: torch.nn.Module, people: int) -> None:
    """Let a model, which nobody trained, answer with its ``people`` best proposals.

    Its time depends on how many people it finds, and that is what the benchmark sets. The
    names are those that all models of this package give to what limits people.
    """
    limits = dict(
        max_people=people,
        center_threshold=-torch.inf,
        score_threshold=-torch.inf,
        duplicate_mm=0.0,
    )
    for module in model.modules():
        for name, value in limits.items():
            if hasattr(module, name):
                setattr(module, name, value)


if __name__ == '__main__':
    OurSide().serve()
