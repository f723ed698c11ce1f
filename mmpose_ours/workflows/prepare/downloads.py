"""What the official downloads of Campus, Shelf and CMU Panoptic hold, and where they are."""

from __future__ import annotations

import dataclasses

_TUM = 'https://www.campar.in.tum.de/public_datasets/2014_cvpr_belagiannis'
_VOXELPOSE = 'https://github.com/microsoft/voxelpose-pytorch/raw/main/data'
_CMU = 'http://domedb.perception.cs.cmu.edu/webdata/dataset'


@dataclasses.dataclass(frozen=True)
class ActorsDownload:
    """Campus or Shelf.

    Args:
        name: As on the command line.
        top: The folder within the archive, and the archive's name before ``.tar.bz2``.
        cameras: Names of the cameras.
        actors: How many the truth has.
        image_size: (width, height), which the calibration lacks.
        image_pattern: Image path with ``{camera}`` and ``{frame}``.
        test_frames: The published test range.
    """

    name: str
    top: str
    cameras: tuple[str, ...]
    actors: int
    image_size: tuple[int, int]
    image_pattern: str
    test_frames: tuple[tuple[int, int], ...]

    truth_file = 'actorsGT.mat'

    @property
    def archive(self) -> str:
        """Name of the official archive."""
        return f'{self.top}.tar.bz2'

    @property
    def archive_url(self) -> str:
        """Where the official archive is."""
        return f'{_TUM}/{self.archive}'

    @property
    def rig_file(self) -> str:
        """Name of the calibration."""
        return f'calibration_{self.name}.json'

    @property
    def keypoint_file(self) -> str:
        """Name of VoxelPose's detections."""
        return f'pred_{self.name}_maskrcnn_hrnet_coco.pkl'

    def url(self, file: str) -> str:
        """Where VoxelPose has a file of this data set."""
        return f'{_VOXELPOSE}/{self.top}/{file}'

    @property
    def frames(self) -> list[int]:
        """The published test frames."""
        return [f for first, last in self.test_frames for f in range(first, last + 1)]


ACTORS = {
    'campus': ActorsDownload(
        name='campus',
        top='CampusSeq1',
        cameras=('0', '1', '2'),
        actors=3,
        image_size=(360, 288),
        image_pattern='Camera{camera}/campus4-c{camera}-{frame:05d}.png',
        test_frames=((350, 470), (650, 750)),
    ),
    'shelf': ActorsDownload(
        name='shelf',
        top='Shelf',
        cameras=('0', '1', '2', '3', '4'),
        actors=4,
        image_size=(1032, 776),
        image_pattern='Camera{camera}/img_{frame:06d}.png',
        test_frames=((300, 600),),
    ),
}

PANOPTIC_POSES = 'hdPose3d_stage1_coco19'
PANOPTIC_CAMERAS = ('00_12', '00_06', '00_23', '00_13', '00_03')
# The sequences of VoxelPose: for training, and for validation.
PANOPTIC_TRAINING = (
    '160422_ultimatum1', '160224_haggling1', '160226_haggling1', '161202_haggling1',
    '160906_ian1', '160906_ian2', '160906_ian3', '160906_band1', '160906_band2', '160906_band3',
)  # fmt: skip
PANOPTIC_VALIDATION = ('160906_pizza1', '160422_haggling1', '160906_ian5', '160906_band4')


def panoptic_url(sequence: str, file: str) -> str:
    """Where CMU has a file of a sequence."""
    return f'{_CMU}/{sequence}/{file}'


def panoptic_video_url(sequence: str, camera: str) -> str:
    """Where CMU has the video of an HD camera."""
    return panoptic_url(sequence, f'videos/hd_shared_crf20/hd_{camera}.mp4')
