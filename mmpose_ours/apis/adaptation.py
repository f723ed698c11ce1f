"""What is measured on a recording before and while it is processed: its scene and its noise."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, Mapping, Sequence, TypeVar

import numpy as np
import torch
from mmengine.dataset import pseudo_collate

from mmpose_ours.apis.scene import Scene, estimate_scene
from mmpose_ours.calibration.alignment.similarity import Similarity
from mmpose_ours.detections import stack_keypoints
from mmpose_ours.detections.arrays import strongest
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.models.ops.threads import measured_threads, torch_threads
from mmpose_ours.recordings.even_sample import EvenSample
from mmpose_ours.recordings.frame_matching import frame_order
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17

if TYPE_CHECKING:
    from mmpose_ours.apis.inferencer import MultiviewInferencer

# Frames on which a recording is measured, and frames of a file of keypoints that are looked at to
# find so many in which two views show somebody.
SAMPLED_FRAMES, SEARCHED_FRAMES = 40, 200
# Frames of a stream that are read ahead, and after which it is measured again.
READ_AHEAD = 8
# Detections per view.
MAX_PER_VIEW = 20
# Frames on which numbers of threads are tried.
TRIED_FRAMES = 4
MEASURED_AGAIN_AT = (32, 128, 512)

View2D = Mapping[str, Keypoints2D]
Frame = TypeVar('Frame')
ViewsOf = Callable[[Frame], View2D]


class Adaptation:
    """The scene and the noise of one recording, for models that work from 2D keypoints.

    Args:
        inferencer: The rig and the model.
        auto_level: Whether results are in a level world with the floor z = 0.

    Attributes:
        scene: The scene frame; the world of the rig until enough people are seen.
        output: The transform from the world of the rig to that of the results; identity unless
            they are to be level.
        noise: What the model measured; None where it measured nothing.
        threads: Number of threads in which torch is fastest.
    """

    def __init__(self, inferencer: MultiviewInferencer, auto_level: bool = False):
        self.inferencer, self.auto_level = inferencer, auto_level
        self.output = Similarity()
        self.scene = Scene.of_rig(inferencer.rig, inferencer.space)
        self.noise: Any = None
        # The models that adapt consist of small operations. For others torch decides.
        self.threads = 1 if inferencer.adapts else torch.get_num_threads()
        self._rigs: dict[tuple[str, ...], CameraRig] = {}

    def rig_of(self, names: tuple[str, ...]) -> CameraRig:
        """Some of the cameras in the scene frame, cached with what the model computed for them."""
        if names not in self._rigs:
            self._rigs[names] = self.scene.rig.select(names)
        return self._rigs[names]

    @property
    def rig(self) -> CameraRig:
        """The rig in the world of the results."""
        return self.output.of_rig(self.inferencer.rig)

    @property
    def space(self) -> CaptureVolume:
        """The capture volume in the world of the results."""
        if not self.inferencer.adapts or self.inferencer.given_space is not None:
            return self.inferencer.space
        return self.scene.box_in(self.in_world)

    def in_world(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 3) of the scene frame in the world of the results, in mm."""
        return self.output(self.scene.to_world(points))

    def measure(self, frames: Sequence[View2D]) -> None:
        """Measure the scene and the noise.

        Args:
            frames: Camera name to people, of some frames. If too few people are in them, what was
                known before remains.
        """
        frames = [_strongest(views) for views in frames if _is_shared(views)]
        if not frames or not self.inferencer.adapts:
            return
        with torch_threads(1):
            self._measure(frames)
        if self.threads == 1 and self.inferencer.device == 'cpu':
            self.threads = measured_threads(lambda: self._try(frames[:TRIED_FRAMES]))

    def _measure(self, frames: Sequence[View2D]) -> None:
        rig, model = self.inferencer.rig, self.inferencer.model
        # Coordinates relative to the cameras, since those of the world may be large.
        middle = rig.centers_w.mean(0)
        around = CaptureVolume(tuple(middle), (5000.0, 5000.0, 5000.0))
        rays = self.inputs(frames, rig, around, COCO17)[0]['rays']
        scene = estimate_scene(rig, rays, middle)
        if scene is None:
            return
        if self.auto_level and not self.scene.people:
            self.output = scene.level
        self.scene, self._rigs = scene, {}
        self.noise = model.measure_noise(*self.inputs(frames, scene.rig, scene.space, model.joints))

    def _of_rig(self, views: View2D) -> View2D:
        return {name: views[name] for name in self.inferencer.rig.names if name in views}

    def inputs(
        self, frames: Sequence[View2D], rig: CameraRig, space: CaptureVolume, joints: Skeleton
    ) -> Any:
        """Inputs and data samples of some frames, as the model takes them."""
        packed = [
            self.inferencer.pipeline(
                dict(
                    rig=rig,
                    space=space,
                    joints=joints.name,
                    recording=None,
                    frame_id=str(number),
                    keypoints_2d=stack_keypoints(views, rig.names, joints),
                )
            )
            for number, views in enumerate(frames)
        ]
        with torch.no_grad():
            data = self.inferencer.model.data_preprocessor(pseudo_collate(packed), False)
        return data['inputs'], data['data_samples']

    def _try(self, frames: Sequence[View2D]) -> None:
        joints = self.inferencer.model.joints
        inputs, samples = self.inputs(frames, self.scene.rig, self.scene.space, joints)
        with torch.no_grad():
            self.inferencer.model(inputs, samples, mode='tensor')

    def from_recording(self, keypoints: Mapping[str, View2D]) -> None:
        """Measure on frames that are spread evenly over a recording."""
        frames = sorted(keypoints, key=frame_order)
        step = max(1, len(frames) // SEARCHED_FRAMES)
        fit = [
            views for frame in frames[::step] if _is_shared(views := self._of_rig(keypoints[frame]))
        ]
        step = max(1, len(fit) // SAMPLED_FRAMES)
        self.measure(fit[::step][:SAMPLED_FRAMES])

    def while_streaming(self, frames: Iterable[Frame], views_of: ViewsOf) -> Iterator[Frame]:
        """Yield the frames of a stream; measure on the first ones, and again as it goes on.

        Args:
            frames: Frames in the order of time.
            views_of: Camera name to people of a frame.
        """
        iterator = iter(frames)
        sample: EvenSample[View2D] = EvenSample(SAMPLED_FRAMES)
        count = 0
        ahead = list(itertools.islice(iterator, READ_AHEAD))
        self.measure([views_of(frame) for frame in ahead])
        for frame in itertools.chain(ahead, iterator):
            views = views_of(frame)
            if _is_shared(views):
                sample.add(count, views)
                count += 1
                if count in MEASURED_AGAIN_AT:
                    self.measure(list(sample.items.values()))
            yield frame


def _strongest(views: View2D) -> View2D:
    """The detections with the highest scores, so that a crowd is measured as fast as a few."""
    return {
        name: people.only(strongest(people.array, MAX_PER_VIEW))
        if len(people) > MAX_PER_VIEW
        else people
        for name, people in views.items()
    }


def _is_shared(views: View2D) -> bool:
    """Whether two views or more show somebody."""
    return sum(len(people) > 0 for people in views.values()) >= 2
