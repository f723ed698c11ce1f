"""One frame of a recording: what its cameras show, and the 3D poses in it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Mapping, Union

import numpy as np

from mmpose_ours.errors import InputError
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.poses import Poses3D

# A camera's image: a file that is decoded when it is asked for, or (H, W, 3) BGR uint8.
ViewImage = Union[Path, np.ndarray]


@dataclasses.dataclass(frozen=True, eq=False)
class FrameSet:
    """What all cameras show at the same moment.

    Args:
        frame: Its name: that of the images, or the number of the video's frame.
        images: Camera name to its image; cameras that show nothing are not there.
        keypoints: Camera name to the people detected there; None where nobody looked.
    """

    frame: str
    images: Mapping[str, ViewImage] = dataclasses.field(default_factory=dict)
    keypoints: Mapping[str, Keypoints2D] | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class FrameResult:
    """The 3D poses of a frame, and what they come from.

    Args:
        frame: The frame's name or number.
        poses: The people.
        cameras: Names of the cameras that took part.
        keypoints: Camera name to the people detected there.
        images: Camera name to its image.
    """

    frame: int | str
    poses: Poses3D
    cameras: tuple[str, ...] = ()
    keypoints: Mapping[str, Keypoints2D] = dataclasses.field(default_factory=dict)
    images: Mapping[str, ViewImage] = dataclasses.field(default_factory=dict)

    @property
    def track_ids(self) -> np.ndarray:
        """(P,) the track ID of each person.

        Raises:
            InputError: Nobody has worked them out.
        """
        if self.poses.track_ids is None:
            raise InputError(
                f'frame {self.frame}: its people have no track IDs',
                code='missing-value',
                frame=self.frame,
            )
        return np.asarray(self.poses.track_ids)
