"""Files of 2D keypoints, by the name of their format."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Callable, Tuple

import keypoint_layouts as layouts
import numpy as np
from dataset_files import small_rig, write_pickle
from tool_files import CAMERAS, mmpose_instances, openpose_json, person, results, save

from mmpose_ours.detections import (
    Detections,
    KeypointFrames,
    open_keypoints,
    read_keypoints,
    stack_keypoints,
    write_detections,
)
from mmpose_ours.detections.arrays import cameras_of, named_frames
from mmpose_ours.detections.reading import read_compared
from mmpose_ours.detections.summary import oddities, summarise, table
from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17, SKELETONS

Sample = Tuple[Callable[[Path], Path], Callable[[Path], None]]


def touch(detections: KeypointFrames | Detections) -> None:
    """Use everything that was read, as the commands do."""
    detections = named_frames(detections)
    cameras = cameras_of(detections)
    table(summarise(detections))
    oddities(detections)
    for views in detections.values():
        for skeleton in (COCO17, SKELETONS['panoptic15']):
            assert np.isfinite(stack_keypoints(views, cameras, skeleton).sum())


def rig() -> CameraRig:
    """The cameras of the samples, whose image size shares need."""
    return small_rig(CAMERAS, size=layouts.SIZE)


def _compared(path: Path, **options: Any) -> KeypointFrames:
    """As models and checks read a file of people, or of anything else."""
    return named_frames(*read_compared(path, **options))


def read(name: str, path: Path) -> None:
    """Read a file or folder as a format that is given, as one that is recognised, and lazily.

    Raises:
        InputError: One of these refuses it.
    """
    refused: list[InputError] = []
    for reader in (
        functools.partial(read_keypoints, format=name, rig=rig()),
        functools.partial(_compared, format=name, rig=rig()),
        functools.partial(_compared, rig=rig()),
        functools.partial(_compared, cameras=CAMERAS, rig=rig()),
        functools.partial(open_keypoints, rig=rig()),
    ):
        try:
            touch(reader(path))
        except InputError as error:
            refused.append(error)
    if refused:
        raise refused[0]


def _ours(ending: str, folder: Path) -> Path:
    people = np.stack([person(), person(shift=10.0)])
    views = {'cam_a': people, 'cam_b': people[:1]}
    path = folder / f'keypoints_2d.{ending}'
    write_detections(path, {'000007': views, '000008': {'cam_b': people[:0]}})
    return path


def _own_skeleton(ending: str, folder: Path) -> Path:
    """A skeleton that the package does not know, which the file describes itself."""
    mouse = Skeleton('mouse', ('snout', 'earL', 'earR'), (('snout', 'earL'),), ('snout',))
    people = np.arange(18, dtype=np.float32).reshape(2, 3, 3) + 1
    path = folder / f'keypoints_2d.{ending}'
    both = {'cam_a': Keypoints2D(mouse, people), 'cam_b': Keypoints2D(mouse, people[:1])}
    write_detections(path, {'000007': both})
    return path


def _voxelpose(folder: Path) -> Path:
    people = [{'pred': person()}, {'pred': person(shift=10.0)}]
    path = folder / 'pred.pkl'
    write_pickle(path, {'cam_a_7': people, 'cam_b_7': []})
    return path


def _openpose(folder: Path) -> Path:
    people = person('body25'), person('body25', 10.0)
    save(folder / 'cam_a' / 'v_000000000007_keypoints.json', openpose_json(*people))
    save(folder / 'cam_b' / 'v_000000000007_keypoints.json', openpose_json())
    return folder


def _pose2sim(folder: Path) -> Path:
    people = person('halpe26'), person('halpe26', 10.0)
    save(folder / 'pose' / 'cam_a_json' / 'cam_a_000007.json', openpose_json(*people))
    save(folder / 'pose' / 'cam_b_json' / 'cam_b_000007.json', openpose_json(people[0]))
    return folder


def _mmpose(folder: Path) -> Path:
    instances = mmpose_instances(person(), person(shift=10.0))
    frames = [{'frame_id': 7, 'instances': instances}, {'frame_id': 8, 'instances': []}]
    meta = {
        'dataset_name': 'mine',
        'keypoint_id2name': {str(i): name for i, name in enumerate(COCO17.joints)},
        'skeleton_links': [[15, 13], [13, 11]],
    }
    save(folder / 'cam_a.json', {'meta_info': meta, 'instance_info': frames})
    save(folder / 'cam_b.json', frames[:1])
    return folder


def _alphapose(folder: Path) -> Path:
    found = results('cam_a_0007.jpg', person(), person(shift=10.0))
    return save(folder / 'alphapose-results.json', found + results('cam_b_0007.jpg', person()))


def _coco(folder: Path) -> Path:
    images = [{'id': 1, 'file_name': 'cam_a/000007.jpg'}, {'id': 2, 'file_name': 'cam_b_7.jpg'}]
    found = results(1, person(), person(shift=10.0)) + results(2, person())
    category = {'id': 1, 'name': 'person', 'keypoints': list(COCO17.joints), 'skeleton': [[16, 14]]}
    content = {'images': images, 'annotations': found, 'categories': [category]}
    return save(folder / 'coco.json', content)


_WRITERS: dict[str, Callable[[Path], Path]] = {
    'json': functools.partial(_ours, 'json'),
    'npz': functools.partial(_ours, 'npz'),
    'voxelpose': _voxelpose,
    'pose2sim': _pose2sim,
    'openpose': _openpose,
    'mmpose': _mmpose,
    'alphapose': _alphapose,
    'coco': _coco,
    'easymocap': layouts.easymocap,
    'kinetics': layouts.kinetics,
    'openpifpaf': layouts.openpifpaf,
    'deeplabcut': layouts.deeplabcut,
    'sleap': layouts.sleap,
    'yolo': layouts.yolo,
    'yolo_json': layouts.yolo_json,
    'freemocap': layouts.freemocap,
    'openpose, canvas': layouts.controlnet,
    'openpose, frames': layouts.comfyui,
    'mmpose, demo of images': layouts.mmpose_demo_of_images,
    'alphapose, open': layouts.alphapose_open,
    'coco, numbers': layouts.coco_numbers,
    'deeplabcut, one': layouts.deeplabcut_one,
}
SAMPLES: dict[str, Sample] = {
    **{
        name: (write, functools.partial(read, name.partition(',')[0]))
        for name, write in _WRITERS.items()
    },
    **{
        f'{ending}, own skeleton': (
            functools.partial(_own_skeleton, ending),
            functools.partial(read, ending),
        )
        for ending in ('json', 'npz')
    },
}
