"""What both sides compute on: one rig, the same people, the same sizes, as files in a folder.

NumPy only, without torch. ``calibration.json`` is in the format of Campus and Shelf, because
the stock code reads nothing else; the other files have the names and contents that its Shelf
dataset asks for. ``problem.json`` and ``people_<n>.npz`` are read by both sides.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
from pathlib import Path

import numpy as np
from scipy.io import savemat

from benchmarks.worker import ROOT
from mmpose_ours.calibration import fit_space, read_rig
from mmpose_ours.calibration.formats import campus
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.io import package_files as paths
from mmpose_ours.io.disk.files import write_json
from mmpose_ours.synthetic import DetectorNoise, PoseBank, SceneSampler

SHELF_SIZE = (1032, 776)
PEOPLE = (1, 3, 5, 10)
# Tries to find room for everybody, per distance.
ATTEMPTS = 10


@dataclasses.dataclass(frozen=True)
class Sizes:
    """Voxels and pixels.

    Args:
        bins: Voxels of the space along x, y and z.
        person_bins: Voxels of a person's cube.
        heatmap_size: (width, height).
    """

    bins: tuple[int, int, int] = (80, 80, 20)
    person_bins: tuple[int, int, int] = (64, 64, 64)
    heatmap_size: tuple[int, int] = (200, 152)


QUICK = Sizes((24, 24, 8), (16, 16, 16), (100, 76))


def shelf_folder() -> Path | None:
    """The folder of the real Shelf, where the test data is at hand."""
    data = Path(os.environ.get('MMPOSE_OURS_TEST_DATA', ROOT.parent / 'shared' / 'data'))
    return data / 'shelf' if (data / 'shelf' / 'calibration_shelf.json').is_file() else None


def usual_rig() -> tuple[CameraRig, str]:
    """The five cameras of Shelf where the test data is at hand, else the package's own five.

    Returns:
        The rig, and what to call it.
    """
    shelf = shelf_folder()
    if shelf:
        return read_rig(shelf / 'calibration_shelf.json', image_size=SHELF_SIZE), 'Shelf, 5 cameras'
    synthetic = paths.share('configs') / 'ours' / 'rigs' / 'five_cameras.json'
    return read_rig(synthetic), 'generated, 5 cameras'


def ring_rig(views: int) -> CameraRig:
    """Cameras evenly around a room of 4 by 4 m, at three heights, for the sweep over views."""
    cameras = []
    for view in range(views):
        angle = 2 * np.pi * view / views
        center_w = (5500 * np.cos(angle), 5500 * np.sin(angle), 1800 + 500 * (view % 3))
        cameras.append(Camera.looking_at(str(view), center_w, (0, 0, 900), 1000, SHELF_SIZE))
    return CameraRig(tuple(cameras))


def space_before(rig: CameraRig) -> CaptureVolume:
    """The fitted space, made smaller where it reaches behind a camera.

    The stock projection has no depth test: behind a camera it computes something else.
    """
    space = fit_space(rig)
    while min(camera.to_camera(_corners(space))[:, 2].min() for camera in rig) < 100:
        x, y, z = space.size_mm
        space = CaptureVolume(space.center_mm, (x - 200, y - 200, z))
    return space


def _corners(space: CaptureVolume) -> np.ndarray:
    return voxel_centers(space.center_mm, space.size_mm, (2, 2, 2))


def write_problem(
    folder: Path, rig: CameraRig, sizes: Sizes, people: tuple[int, ...] = PEOPLE
) -> None:
    """Write all files of a problem.

    Args:
        folder: Where to; made where it is missing.
        rig: Cameras of one image size.
        sizes: Voxels and pixels.
        people: Scenes of how many people.

    Raises:
        ValueError: The cameras differ in image size, or the space is too small for the people.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if len({camera.size for camera in rig}) > 1:
        raise ValueError('the stock Shelf dataset has one image size for all cameras')
    # Stock names cameras by number.
    rig = CameraRig(tuple(dataclasses.replace(c, name=str(i)) for i, c in enumerate(rig)))
    campus.write(rig, folder / 'calibration.json')
    space, bank = space_before(rig), PoseBank.built_in()
    write_json(
        folder / 'problem.json',
        dict(
            dataclasses.asdict(sizes),
            image_size=rig.cameras[0].size,
            views=len(rig),
            people=people,
            space=dict(center_mm=space.center_mm, size_mm=space.size_mm),
        ),
    )
    for count in people:
        np.savez(folder / f'people_{count}.npz', **_scene(rig, space, bank, count))
    np.savez(folder / 'people_on_pixels.npz', **_on_pixels(rig, sizes))
    poses = [
        dict(pose=pose, vis=np.repeat(visible[:, None], 3, axis=1))
        for pose, visible in zip(bank.poses, bank.visible)
    ]
    (folder / 'poses.pkl').write_bytes(pickle.dumps(poses, protocol=4))
    # Stock loads these two for training as well, and does not use them.
    (folder / 'detections.pkl').write_bytes(pickle.dumps({}, protocol=4))
    savemat(folder / 'actors.mat', {'actor3D': np.zeros((2, 3))})


def read_problem(folder: Path) -> tuple[dict, CameraRig, CaptureVolume]:
    """The settings, the rig and the space of a problem."""
    settings = json.loads((folder / 'problem.json').read_text())
    rig = read_rig(folder / 'calibration.json', any_scale=True)
    return settings, rig, CaptureVolume(**settings['space'])


def _scene(rig: CameraRig, space: CaptureVolume, bank: PoseBank, count: int) -> dict:
    """``poses`` (count, 17, 3) mm and ``keypoints`` (V, P, 17, 3), seen by a perfect detector.

    People stand as far apart as there is room: hand-made weights cannot tell whose joint it is.
    """
    for clearance_mm in range(2000, 200, -200):
        sampler = SceneSampler(
            rig,
            space,
            bank,
            people=(count, count),
            close_share=0.0,
            clearance_mm=clearance_mm,
            min_views=min(3, len(rig)),
        )
        for seed in range(ATTEMPTS):
            rng = np.random.default_rng((count, seed))
            scene = sampler.sample(rng)
            if len(scene.poses) == count:
                keypoints = DetectorNoise.none().detect(scene, rig, rng)
                return dict(poses=scene.poses.astype(np.float32), keypoints=keypoints)
    raise ValueError(f'no room for {count} people in the space of {space.size_mm} mm')


def _on_pixels(rig: CameraRig, sizes: Sizes) -> dict:
    """Two detections per view whose joints lie on whole heatmap pixels, to compare heatmaps.

    Stock rounds every peak down to a whole pixel, and beyond that shifts the peaks of people of
    half of all sizes by one more: here it does neither.
    """
    rng = np.random.default_rng(0)
    length = 58  # heatmap pixels: three sigmas are 7.69 pixels, and stock's kernel is centred
    pixels = rng.integers(0, length + 1, (len(rig), 2, 17, 2))
    pixels[..., :2, 0] = 0, length
    pixels += np.array([[[8, 8]], [[20, 10]]])
    keypoints = np.full((len(rig), 2, 17, 3), 0.8)
    for view, camera in enumerate(rig):
        target, size = np.array(sizes.heatmap_size), np.array(camera.size)
        scale = (target / size).min()
        # A hair above the pixel, so that rounding down finds it.
        keypoints[view, ..., :2] = (pixels[view] + 1e-4 - (target - scale * size) / 2) / scale
    return dict(poses=np.zeros((2, 17, 3), np.float32), keypoints=keypoints.astype(np.float32))


def voxel_centers(center_mm, size_mm, bins) -> np.ndarray:
    """Voxel centres (X * Y * Z, 3), z running fastest; the outermost lie on the faces."""
    axes = [
        np.linspace(middle - side / 2, middle + side / 2, count)
        for middle, side, count in zip(center_mm, size_mm, bins)
    ]
    return np.stack(np.meshgrid(*axes, indexing='ij'), axis=-1).reshape(-1, 3)
