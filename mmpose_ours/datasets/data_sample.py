"""The data sample: rig, capture volume, ground truth and predictions of a frame."""

from __future__ import annotations

from mmengine.structures import BaseDataElement, InstanceData

from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume


class MultiviewDataSample(BaseDataElement):
    """One synchronised frame of a rig.

    Metainfo:
        rig (CameraRig): the V cameras, in the order of the input's views.
        space (CaptureVolume): the capture volume.
        joints (str): name of the skeleton.
        recording (str): recording of the frame; absent if the frames are not consecutive.
        frame_id (str | int): name or number of the frame.
        actors ((A, 14, 3) array, mm, NaN for absent): annotated people of Campus or Shelf.
        img_paths (list[str | None]): one image per view, where there are any.
        keypoints_2d ((V, P, J, 3) array): the detections, for images.
        best_score (float): largest score of all candidates of a model.
        score_threshold (float): the score from which on people are reported.

    Data fields:
        gt_instances: ``keypoints_3d`` (G, J, 3) mm and ``visible`` (G, J) bool.
        pred_instances: ``keypoints_3d`` (P, J, 3) mm and ``scores`` (P,).
    """

    rig: CameraRig
    space: CaptureVolume

    @property
    def gt_instances(self) -> InstanceData:
        """Ground truth people."""
        return self._gt_instances

    @gt_instances.setter
    def gt_instances(self, value: InstanceData) -> None:
        self.set_field(value, '_gt_instances', dtype=InstanceData)

    @gt_instances.deleter
    def gt_instances(self) -> None:
        del self._gt_instances

    @property
    def pred_instances(self) -> InstanceData:
        """Predicted people."""
        return self._pred_instances

    @pred_instances.setter
    def pred_instances(self, value: InstanceData) -> None:
        self.set_field(value, '_pred_instances', dtype=InstanceData)

    @pred_instances.deleter
    def pred_instances(self) -> None:
        del self._pred_instances
