"""MMEngine's visualizer, taught to draw frames of a rig."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from mmengine.visualization import Visualizer
from torch import Tensor

from mmpose_ours.datasets.data_sample import MultiviewDataSample
from mmpose_ours.errors import FileFormatError
from mmpose_ours.recordings.footage import decoded
from mmpose_ours.scope import VISUALIZERS
from mmpose_ours.visualization.figures.sheet import write_image
from mmpose_ours.visualization.figures.view_grid import draw_frame


@VISUALIZERS.register_module()
class MultiviewVisualizer(Visualizer):
    """Draws the scene and every view of a data sample."""

    def add_datasample(
        self,
        name: str,
        image: np.ndarray | None,
        data_sample: MultiviewDataSample,
        draw_gt: bool = True,
        show: bool = False,
        wait_time: float = 0,
        out_file: str | None = None,
        step: int = 0,
    ) -> None:
        """Draw a data sample.

        Args:
            name: The image's name.
            image: Unused; images are read from the sample's ``img_paths``.
            data_sample: Rig, space, predictions and, where known, truth and detections.
            draw_gt: Whether to draw the truth too.
            show: Whether to open a window.
            wait_time: Seconds that the window waits; 0 is until a key is pressed.
            out_file: Where to write the image; None hands it to the backends.
            step: The image's number for the backends.

        Raises:
            InputError, OSError: As :func:`~mmpose_ours.visualization.figures.sheet.write_image`.
        """
        drawn = draw_frame(
            data_sample.rig,
            data_sample.space,
            _array(data_sample.pred_instances.keypoints_3d),
            data_sample.joints,
            *(_truth(data_sample) if draw_gt else (None, None)),
            images=_images(data_sample),
            keypoints_2d=data_sample.get('keypoints_2d'),
            title=name,
        )
        if show:
            self.show(drawn, win_name=name, wait_time=wait_time)
        if out_file is not None:
            write_image(out_file, drawn)
        else:
            self.add_image(name, drawn, step)


def _array(values: Tensor | np.ndarray) -> np.ndarray:
    return values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)


def _truth(sample: MultiviewDataSample) -> tuple[np.ndarray | None, str | None]:
    """True people and their skeleton: the annotated actors, or the instances."""
    if sample.get('actors') is not None:
        return _array(sample.actors), 'campus14'
    if 'gt_instances' in sample:
        instances = sample.gt_instances
        visible = _array(instances.visible).astype(bool)
        return np.where(visible[..., None], _array(instances.keypoints_3d), np.nan), None
    return None, None


def _images(sample: MultiviewDataSample) -> list[np.ndarray | None] | None:
    paths = sample.get('img_paths')
    if not paths:
        return None
    return [_image(path) if path else None for path in paths]


def _image(path: str) -> np.ndarray | None:
    """RGB, or None where it is not there or cannot be decoded."""
    try:
        return decoded(Path(path))[..., ::-1]
    except (FileFormatError, OSError):
        return None
