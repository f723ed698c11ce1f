"""COLMAP models made by hand for tests: text, and our records packed as binary files."""

import struct

import numpy as np

from mmpose_ours.calibration.formats.colmap import model as colmap
from mmpose_ours.calibration.formats.colmap.entities import MODELS
from mmpose_ours.calibration.parsing.source import Source

CAMERA = 0
WORLD = {'unit': 'm', 'up': 'z'}
CAMERAS = '1 PINHOLE 640 480 500 510 320.5 240.5\n2 SIMPLE_RADIAL 640 480 400 320.5 240.5 -0.1\n'
IMAGES = '7 1 0 0 0 0 0 0 1 a.jpg\n\n9 0 0 0 1 1 2 3 2 b.jpg\n100.5 20 -1 30 40 12\n'
RIGS = '1 2 CAMERA 1 CAMERA 2 1 0.8 0 0 0.6 1 2 3\n'
FRAMES = (
    '1 1 0.8 0 0.6 0 1 0 0 2 CAMERA 1 1 CAMERA 2 2\n2 1 0.8 0 0.6 0 5 0 0 2 CAMERA 1 3 CAMERA 2 4\n'
)
RIG_IMAGES = ''.join(
    f'{id} 1 0 0 0 0 0 0 {camera} cam{camera}/{frame:03d}.jpg\n\n'
    for id, camera, frame in ((1, 1, 0), (2, 2, 0), (3, 1, 1), (4, 2, 1))
)


def model(folder, cameras=CAMERAS, images=IMAGES, **others):
    """A folder of text files."""
    folder.mkdir(exist_ok=True)
    for name, text in {'cameras': cameras, 'images': images, **others}.items():
        (folder / f'{name}.txt').write_text(text)
    return folder


def read(path):
    return colmap.read(Source(path))


def in_metres(rig):
    return rig.in_world(np.eye(3), 1e-3)


def pack(rig, folder):
    """A folder of binary files that hold a rig in millimetres."""
    folder.mkdir(exist_ok=True)
    for name, content in _packed(colmap._to_records(in_metres(rig))).items():
        (folder / name).write_bytes(content)
    return folder


def _packed(records):
    """Contents by file name, by COLMAP's documentation; rigs are of one camera each."""
    pack = struct.pack
    cameras = [
        pack('<IiQQ', c.id, MODELS[c.model].number, *c.size) + pack(f'<{len(c.params)}d', *c.params)
        for c in records.cameras
    ]
    images = [
        pack('<I7dI', i.id, *i.pose, i.camera_id) + i.name.encode('utf-8') + b'\x00' + bytes(8)
        for i in records.images
    ]
    rigs = [
        pack('<II', r.id, len(r.sensors)) + b''.join(pack('<iI', CAMERA, id) for id in r.sensors)
        for r in records.rigs
    ]
    frames = [
        pack('<II7dI', f.id, f.rig_id, *f.pose, len(f.images))
        + b''.join(pack('<iIQ', CAMERA, *item) for item in f.images.items())
        for f in records.frames
    ]
    contents = {'cameras': cameras, 'images': images, 'rigs': rigs, 'frames': frames}
    return {
        **{f'{role}.bin': pack('<Q', len(c)) + b''.join(c) for role, c in contents.items()},
        'points3D.bin': bytes(8),
    }
