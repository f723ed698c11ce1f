"""The stock side of the comparison: MMPose 0.29; a worker process in ``.venv-stock``.

Everything that is measured is stock code, put together by the config of its own Shelf model;
this file only sets sizes and hands over inputs.
"""

from __future__ import annotations

import copy
import importlib.machinery
import json
import os.path as osp
import sys
import types
from pathlib import Path
from typing import Any, Callable

import numpy as np
import torch

from benchmarks.side import Side
from benchmarks.weights import fill_weights

Work = Callable[[], Any]
CONFIG = '.mim/configs/body/3d_kpt_mview_rgb_img/voxelpose/shelf/voxelpose_prn64x64x64_cpn80x80x20_shelf_cam5.py'  # noqa: E501


def stand_in_for_torchvision() -> None:
    """Let mmcv 1.7 and mmpose 0.29 import ``torchvision``, of which VoxelPose uses nothing.

    A real one must fit torch to the build, which is more than a benchmark can ask for.
    """
    for name in ('torchvision', 'torchvision.transforms', 'torchvision.transforms.functional'):
        module = types.ModuleType(name)
        module.__spec__ = importlib.machinery.ModuleSpec(name, None)
        sys.modules[name] = module
        parent, _, child = name.rpartition('.')
        if parent:
            setattr(sys.modules[parent], child, module)


stand_in_for_torchvision()

import mmcv  # noqa: E402
import mmpose  # noqa: E402
from mmpose.datasets import build_dataset  # noqa: E402
from mmpose.datasets.pipelines import Compose  # noqa: E402
from mmpose.models import build_posenet  # noqa: E402


class StockSide(Side):
    """Stages of the stock VoxelPose, as its own training and test scripts run them."""

    def versions(self) -> dict:
        """Versions of the stock packages."""
        return dict(mmpose=mmpose.__version__, mmcv=mmcv.__version__, numpy=np.__version__)

    def set_problem(self, folder: Path) -> None:
        """Read the problem's files and set the stock config to them."""
        self.folder = folder
        self.settings = json.loads((folder / 'problem.json').read_text())
        space, heatmap_size = self.settings['space'], self.settings['heatmap_size']
        sizes = dict(
            space_size=space['size_mm'],
            space_center=space['center_mm'],
            cube_size=self.settings['bins'],
        )
        # The network input is four heatmaps wide, as in all configs of stock VoxelPose.
        images = dict(image_size=[4 * n for n in heatmap_size])
        config = mmcv.Config.fromfile(osp.join(osp.dirname(mmpose.__file__), CONFIG))
        detector, regressor = config.model.human_detector, config.model.pose_regressor
        detector.update(images, heatmap_size=heatmap_size, **sizes)
        detector.center_head.update(sizes)
        # As many people as are asked for, see make_frame.
        detector.test_cfg.center_threshold = float('-inf')
        regressor.update(
            images, heatmap_size=heatmap_size, sub_cube_size=self.settings['person_bins']
        )
        width, height = self.settings['image_size']
        config.data.train.data_cfg.update(
            images,
            heatmap_size=[heatmap_size],
            width=width,
            height=height,
            num_cameras=self.settings['views'],
            cam_list=list(range(self.settings['views'])),
            cam_file=str(folder / 'calibration.json'),
            train_pose_db_file=str(folder / 'poses.pkl'),
            test_pose_db_file=str(folder / 'detections.pkl'),
            gt_pose_db_file=str(folder / 'actors.mat'),
            **sizes,
        )
        self.config = config
        self.dataset = build_dataset(config.data.train)
        # How stock draws detections at test time: no faults of its own.
        steps = config.val_pipeline[0]['pipeline']
        self.draw = Compose(copy.deepcopy(steps))

    # Training items

    def make_scene_sampling(self) -> Work:
        """The next item of the stock Shelf dataset; its faults are drawn into its heatmaps."""
        return lambda: self.dataset[0]  # random, whatever the index

    make_sample_with_heatmaps = make_scene_sampling

    def make_scene_placement(self) -> Work:
        """The part of it before the heatmaps: people placed, projected, moved to the input."""
        affine = Compose([self.config.train_pipeline[0]['pipeline'][0]])

        def work() -> list:
            views = self.dataset._prepare_train_sample(0)
            return [affine(view) for view in views.values()]

        return work

    def training_item(self) -> dict:
        """An item of 5 people, as far as there is room for them."""
        self.dataset.min_nposes, self.dataset.max_nposes = 5, 6
        item = self.dataset[0]
        self.dataset.min_nposes, self.dataset.max_nposes = 1, 6
        return item

    # Parts of VoxelPose

    def make_heatmaps(self, people: int | str, device: str = 'cpu') -> Work:
        """Keypoints of one frame to its heatmaps; stock draws on the CPU only."""
        views = np.load(self.folder / f'people_{people}.npz')['keypoints'].astype(np.float64)
        # Stock has a list per view of those who were found there.
        views = [[person for person in view if person[:, 2].any()] for view in views]

        def work() -> np.ndarray:
            drawn = [self.draw(self._view([p.copy() for p in view])) for view in views]
            return np.stack([view['input_heatmaps'][0] for view in drawn])

        return work

    def _view(self, joints: list) -> dict:
        dataset = self.dataset
        return dict(
            joints=joints,
            center=dataset.center,
            scale=dataset.scale,
            rotation=0.0,
            ann_info=dataset.ann_info,
        )

    def make_coarse_projection(self, device: str = 'cpu') -> Work:
        """Heatmaps into the voxels of the space."""
        detector = self._model(device).human_detector
        features, metas = self._features(3, device), [self._meta(3)]
        return _no_grad(
            lambda: detector.project_layer(
                features, metas, detector.space_size, [detector.space_center], detector.cube_size
            )[0]
        )

    def make_person_projection(self, people: int, device: str = 'cpu') -> Work:
        """Heatmaps into the voxels of everybody's cube, one after another as stock does it."""
        regressor = self._model(device).pose_regressor
        features, metas = self._features(people, device), [self._meta(people)]
        roots = self._roots(people, device)

        def work() -> list:
            return [
                regressor.project_layer(
                    features, metas, regressor.sub_space_size, root[None], regressor.sub_cube_size
                )
                for root in roots
            ]

        return _no_grad(work)

    def make_center_net(self, device: str = 'cpu') -> Work:
        """The net on the space's volume."""
        detector = self._model(device).human_detector
        volume = self.work('coarse_projection', device=device)()
        return _no_grad(lambda: detector.center_net(volume))

    def make_pose_net(self, people: int, device: str = 'cpu') -> Work:
        """The net on everybody's volume, one after another, and joints from its output."""
        regressor = self._model(device).pose_regressor
        volumes = self.work('person_projection', people=people, device=device)()

        def work() -> list:
            return [regressor.pose_head(regressor.pose_net(cube), grid) for cube, grid in volumes]

        return _no_grad(work)

    # The whole model

    def make_frame(self, people: int, batch: int = 1, device: str = 'cpu') -> Work:
        """Poses of ``batch`` frames of ``people`` each, from heatmaps."""
        model = self._model(device)
        heatmaps = [[view.repeat(batch, 1, 1, 1)] for view in self._features(people, device)]
        metas = [self._meta(people)] * batch

        def work() -> dict:
            # The model is shared by stages of other numbers of people.
            model.human_detector.center_head.num_candidates = people
            return model(img_metas=metas, return_loss=False, input_heatmaps=heatmaps)

        return _no_grad(work)

    def make_train_step(self, people: int, batch: int = 1, device: str = 'cpu') -> Work:
        """One step of training with the stock optimiser, from heatmaps and targets.

        The proposals are the true places of all ``people``, so that the pose net learns from
        everybody, as in a run that has settled; an untrained centre net would find nobody.
        """
        model = build_posenet(self.config.model)
        fill_weights(model)
        model.to(device).train()
        optimizer = mmcv.runner.build_optimizer(model, self.config.optimizer)
        metas = [self._meta(people)] * batch
        features = [view.repeat(batch, 1, 1, 1) for view in self._features(people, device)]
        target = Compose([self.config.train_pipeline[2]])(
            dict(metas[0], ann_info=self.dataset.ann_info)
        )['targets_3d']
        targets = torch.from_numpy(target).to(device).repeat(batch, 1, 1, 1)
        proposals = torch.ones(batch, people, 5, device=device)
        proposals[..., :3] = self._roots(people, device)
        proposals[..., 3] = torch.arange(people)

        def work() -> None:
            _, losses = model.human_detector.forward_train(
                None, metas, features, targets, return_preds=True
            )
            losses.update(
                model.pose_regressor(None, metas, feature_maps=features, human_candidates=proposals)
            )
            optimizer.zero_grad()
            model._parse_losses(losses)[0].backward()
            optimizer.step()

        return work

    def _model(self, device: str) -> Any:
        if device not in self._models:
            model = build_posenet(self.config.model)
            fill_weights(model)
            self._models[device] = model.to(device).eval()
        return self._models[device]

    # Inputs

    def _features(self, people: int, device: str) -> list:
        """One (1, J, H, W) tensor per view, as drawn by our side."""
        heatmaps = np.load(self.folder / f'heatmaps_{people}.npy')
        return [torch.from_numpy(view)[None].to(device) for view in heatmaps]

    def _poses(self, people: int | str) -> np.ndarray:
        return np.load(self.folder / f'people_{people}.npz')['poses']

    def _roots(self, people: int, device: str) -> torch.Tensor:
        return torch.from_numpy(self._poses(people)[:, [11, 12]].mean(1)).to(device)

    def _meta(self, people: int) -> dict:
        """Meta information of one frame; the cameras are those that the dataset read."""
        poses, dataset = self._poses(people), self.dataset
        views = len(dataset.cameras)
        return dict(
            sample_id=0,
            camera=list(dataset.cameras.values()),
            center=[dataset.center] * views,
            scale=[dataset.scale] * views,
            num_persons=people,
            joints_3d=poses,
            joints_3d_visible=np.ones_like(poses),
            roots_3d=poses[:, [11, 12]].mean(1),
        )

    def outputs(self, file: str) -> None:
        """Write what the stages compute on 3 people."""
        np.savez(
            file,
            heatmaps=self.work('heatmaps', people='on_pixels')(),
            coarse=self.work('coarse_projection')()[0].numpy(),
            person=np.concatenate(
                [cube.numpy() for cube, _ in self.work('person_projection', people=3)()]
            ),
            poses=self.work('frame', people=3)()['pose_3d'][0, ..., :3],
        )


def _no_grad(work: Work) -> Work:
    return torch.no_grad()(work)


if __name__ == '__main__':
    StockSide().serve()
