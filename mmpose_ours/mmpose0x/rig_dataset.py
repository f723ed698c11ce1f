"""Base class of the datasets of a calibrated rig under MMPose 0.x."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping, Sequence

import numpy as np
from mmpose.datasets.pipelines import Compose
from mmpose.utils import get_root_logger
from torch.utils.data import Dataset

from mmpose_ours.calibration.image_size import ImageSizes
from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.evaluation.scores import parts_figures, people_figures, write_results
from mmpose_ours.mmpose0x.views import StockViews
from mmpose_ours.sources import Site


class RigDataset(Dataset):
    """Frames of a rig of named cameras, for the keypoint pipelines of the stock VoxelPose.

    Subclasses implement ``item`` and ``__len__``.

    Args:
        rig_file: Calibration file, relative to ``data_root`` unless absolute.
        pipeline: Stock transforms.
        heatmap_size: (width, height) of the heatmaps; the network's input is four times that.
        cube_size: Voxels of the capture volume along x, y and z.
        rig_format: A format name of :mod:`mmpose_ours.calibration`, or ``'auto'``.
        cameras: Names of the cameras to use, in this order; None takes all.
        image_size: (width, height) of cameras whose file does not say it, or by camera.
        space: ``dict(center_mm=(x, y, z), size_mm=(x, y, z))``, the capture volume of the
            model; None fits it to what the cameras see.
        any_scale: Accept a rig that is too small or too large for people.
        data_root: Folder of the dataset.
        max_people: The most people of one frame in training.
        test_mode: Whether it is tested on (MMPose says so); changes nothing here.
        rig_options: Further arguments of :func:`mmpose_ours.calibration.read_rig`, for files that
            do not say these: ``unit``, ``up``, ``extrinsics``, ``translation``.

    Raises:
        CalibrationError: The rig cannot be used; names file, camera and fix.
    """

    JOINTS = 'coco17'

    def __init__(
        self,
        rig_file: str,
        pipeline: Sequence[dict],
        heatmap_size: Sequence[int],
        cube_size: Sequence[int],
        rig_format: str = 'auto',
        cameras: Sequence[str] | None = None,
        image_size: ImageSizes | None = None,
        space: dict[str, Any] | None = None,
        any_scale: bool = False,
        data_root: str = '',
        max_people: int = 10,
        test_mode: bool = False,
        rig_options: Mapping[str, Any] | None = None,
    ):
        rig_path = Path(data_root) / rig_file
        site = Site.read(rig_path, rig_format, cameras, image_size, space, any_scale, rig_options)
        self.data_root, self.rig, self.space = data_root, site.rig, site.space
        self.test_mode = test_mode
        where = self.rig, self.space, self.JOINTS
        self.views = StockViews(*where, heatmap_size, cube_size, max_people)
        self.pipeline = Compose(pipeline)
        get_root_logger().info(f'{type(self).__name__}: {site}')

    def item(self, index: int) -> dict:
        """One frame as :mod:`mmpose_ours.sources` gives it."""
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def __getitem__(self, index: int) -> dict:
        """One frame, through the pipeline."""
        return self.pipeline(self.views(int(index), self.item(int(index))))

    def evaluate(
        self,
        results: Sequence[dict],
        res_folder: PathLike | None = None,
        metric: str | Sequence[str] | None = None,
        logger: Any = None,
        **options: Any,
    ) -> dict[str, float]:
        """Work out the same figures as MMPose 1.x has of this package.

        Args:
            results: What the model returned, batch by batch: ``pose_3d`` (N, P, J, 5) with x,
                y, z in mm, a mark that is negative where there is nobody, and a score;
                ``sample_id`` (N).
            res_folder: Where to write ``predictions.json``, in the Predictions format.
            metric: ``'pcp'`` (annotated actors), ``'people'`` (AP, AR, recall, MPJPE), or
                both; None takes what there is truth for.
            logger: Not used.
            **options: Of ``'pcp'``: ``head`` and ``actors``; of ``'people'``: ``thresholds``.

        Returns:
            See :func:`~mmpose_ours.evaluation.scores.parts_figures` and
            :func:`~mmpose_ours.evaluation.scores.people_figures`.

        Raises:
            InputError: The metric is unknown, or the dataset has no truth for it.
        """
        entries = [self._entry(*found) for found in sorted(self._found(results).items())]
        if res_folder is not None:
            write_results(Path(res_folder) / 'predictions.json', entries)
        has_actors = all('actors' in entry for entry in entries)
        if metric is None:
            metric = 'pcp' if has_actors else 'people'
        metrics = [metric] if isinstance(metric, str) else list(metric)
        figures: dict[str, float] = {}
        for name in metrics:
            if name == 'people':
                figures.update(people_figures(entries, **_taken(options, 'thresholds')))
            elif name == 'pcp' and has_actors:
                figures.update(parts_figures(entries, **_taken(options, 'head', 'actors')))
            else:
                known = ['people', 'pcp'] if has_actors else ['people']
                raise InputError(
                    f'metric {name!r}: {type(self).__name__} has {", ".join(known)}',
                    code='unknown-name',
                    found=name,
                    expected=known,
                )
        return figures

    def _found(self, results: Sequence[dict]) -> dict[int, np.ndarray]:
        """Who was found, (P, J, 5) by item; what processes computed twice is there once."""
        found = {}
        for batch in results:
            for sample_id, people in zip(batch['sample_id'], batch['pose_3d']):
                people = np.asarray(people, np.float64)
                found[int(sample_id) // len(self.rig)] = people[people[:, 0, 3] >= 0]
        return found

    def _entry(self, index: int, people: np.ndarray) -> dict:
        item = self.item(index)
        entry = dict(
            frame_id=item['frame_id'],
            joints=self.JOINTS,
            keypoints_3d=people[..., :3],
            scores=people[:, 0, 4],
        )
        if 'keypoints_3d' in item:
            entry.update(truth=item['keypoints_3d'], visible=item['visible'])
        if 'actors' in item:
            entry['actors'] = item['actors']
        return entry

    def _warn(self, message: str) -> None:
        get_root_logger().warning(message)


def _taken(options: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: options[name] for name in names if name in options}
