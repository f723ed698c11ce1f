"""One rig in the files of every tool: small, made by code, independent of our own writers.

The rig has two cameras of five coefficients and 1280x720 pixels.
"""

import json

import numpy as np
import yaml
from scipy.io import savemat
from scipy.spatial.transform import Rotation

from mmpose_ours.calibration import write_rig
from mmpose_ours.calibration.format_table import written_world
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig

K = [[900.0, 0, 640], [0, 910, 350], [0, 0, 1]]
DIST = (-0.1, 0.02, 0.001, -0.002, 0.0)
WRITTEN = ('panoptic', 'campus', 'opencv', 'anipose', 'pose2sim', 'easymocap', 'colmap',
           'nerfstudio')  # fmt: skip


def sample_rig():
    """Millimetres, z up."""
    places = {'cam0': (4000, 100, 1500), 'cam1': (-300, 4200, 2500)}
    cameras = []
    for name, place in places.items():
        at = Camera.looking_at(name, place, (0, 0, 900), 900, (1280, 720))
        cameras.append(Camera(name, K, at.R_w2c, at.t_w2c, (1280, 720), DIST))
    return CameraRig(tuple(cameras))


def pose(camera, scale=1.0):
    """(4, 4) world to camera."""
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = camera.R_w2c, camera.t_w2c * scale
    return matrix


def _kalibr(rig, folder):
    first = pose(rig.cameras[0], 1e-3)
    chain = {}
    for i, camera in enumerate(rig):
        chain[f'cam{i}'] = {
            'camera_model': 'pinhole',
            'distortion_model': 'radtan',
            'distortion_coeffs': camera.dist[:4].tolist(),
            'intrinsics': [float(camera.K[a]) for a in ((0, 0), (1, 1), (0, 2), (1, 2))],
            'resolution': list(camera.size),
            'T_cam_imu': pose(camera, 1e-3).tolist(),
            'rostopic': f'/cam{i}/image_raw',
        }
        if i:
            chain[f'cam{i}']['T_cn_cnm1'] = (pose(camera, 1e-3) @ np.linalg.inv(first)).tolist()
        first = pose(camera, 1e-3)
    (folder / 'camchain.yaml').write_text(yaml.safe_dump(chain))
    return [folder / 'camchain.yaml']


def _caliscope(rig, folder):
    text = 'save_tracked_points = true\n'
    for i, camera in enumerate(rig):
        text += (
            f'[cam_{i}]\nport = {i}\nsize = {list(camera.size)}\nrotation_count = 0\n'
            f'error = 0.2\nmatrix = {camera.K.tolist()}\ndistortions = {camera.dist.tolist()}\n'
            f'rotation = {camera.R_w2c.tolist()}\n'
            f'translation = {(camera.t_w2c / 1000).tolist()}\nexposure = -5\ngrid_count = 20\n'
            'ignore = false\n'
        )
    (folder / 'config.toml').write_text(text)
    return [folder / 'config.toml']


def _qualisys(rig, folder):
    cameras = ''
    for camera in rig:
        R = np.diag([1, -1, -1]) @ camera.R_w2c
        terms = ' '.join(f'r{i + 1}{j + 1}="{R[i, j]!r}"' for i in range(3) for j in range(3))
        x, y, z = camera.center_w.tolist()
        k1, k2, p1, p2, k3 = camera.dist.tolist()
        (fx, _, cx), (_, fy, cy), _ = (64 * camera.K).tolist()
        width, height = camera.size
        cameras += (
            f'<camera active="1" serial="{camera.name}" viewrotation="0">'
            f'<fov_video left="0" top="0" right="{width - 1}" bottom="{height - 1}"/>'
            f'<transform x="{x!r}" y="{y!r}" z="{z!r}" {terms}/>'
            f'<intrinsic focallength="9" sensorMinU="0" sensorMaxU="{64 * width}" sensorMinV="0" '
            f'sensorMaxV="{64 * height}" focalLengthU="{fx!r}" focalLengthV="{fy!r}" skew="0" '
            f'centerPointU="{cx!r}" centerPointV="{cy!r}" radialDistortion1="{k1!r}" '
            f'radialDistortion2="{k2!r}" radialDistortion3="{k3!r}" '
            f'tangentalDistortion1="{p1!r}" tangentalDistortion2="{p2!r}"/></camera>'
        )
    text = f'<calibration><cameras>{cameras}</cameras></calibration>'
    (folder / 'rig.qca.txt').write_text(text)
    return [folder / 'rig.qca.txt']


def _vicon(rig, folder):
    """Vicon has one focal length and an aspect ratio, and another lens: here none."""
    cameras = ''
    for camera in rig:
        quaternion = ' '.join(
            map(repr, Rotation.from_matrix(np.array(camera.R_w2c)).as_quat().tolist())
        )
        center = ' '.join(map(repr, camera.center_w.tolist()))
        cameras += (
            f'<Camera DEVICEID="{camera.name}" TYPE="VideoInputDevice:x" USERID="1" ISDV="1" '
            f'SENSOR_SIZE="{camera.size[0]} {camera.size[1]}" PIXEL_ASPECT_RATIO="1"><KeyFrames>'
            f'<KeyFrame FRAME="0" FOCAL_LENGTH="{camera.K[0, 0]!r}" '
            f'PRINCIPAL_POINT="{camera.K[0, 2]!r} {camera.K[1, 2]!r}" '
            f'ORIENTATION="{quaternion}" POSITION="{center}" VICON_RADIAL="0 0"/>'
            '</KeyFrames></Camera>'
        )
    (folder / 'rig.xcp').write_text(f'<Cameras SOURCE="Nexus" VERSION="1.1">{cameras}</Cameras>')
    return [folder / 'rig.xcp']


def _agisoft(rig, folder):
    sensors = cameras = ''
    for i, camera in enumerate(rig):
        width, height = camera.size
        k1, k2, p1, p2, k3 = camera.dist.tolist()
        terms = {
            'f': camera.K[1, 1],
            'b1': camera.K[0, 0] - camera.K[1, 1],
            'b2': camera.K[0, 1],
            'cx': camera.K[0, 2] + 0.5 - width / 2,
            'cy': camera.K[1, 2] + 0.5 - height / 2,
            'k1': k1, 'k2': k2, 'k3': k3, 'p1': p2, 'p2': p1,
        }  # fmt: skip
        sensors += (
            f'<sensor id="{i + 7}" label="lens" type="frame">'
            f'<resolution width="{width}" height="{height}"/>'
            f'<calibration type="frame" class="adjusted"><resolution width="{width}" '
            f'height="{height}"/>{"".join(f"<{t}>{v!r}</{t}>" for t, v in terms.items())}'
            '</calibration></sensor>'
        )
        matrix = ' '.join(map(repr, np.linalg.inv(pose(camera)).ravel().tolist()))
        cameras += (
            f'<camera id="{i}" sensor_id="{i + 7}" label="{camera.name}">'
            f'<transform>{matrix}</transform></camera>'
        )
    (folder / 'cameras.xml').write_text(
        f'<document version="2.0.0"><chunk label="c"><sensors>{sensors}</sensors>'
        f'<cameras>{cameras}</cameras></chunk></document>'
    )
    return [folder / 'cameras.xml']


def _dannce(rig, folder):
    params = np.empty((len(rig), 1), dtype=object)
    for i, camera in enumerate(rig):
        k1, k2, p1, p2, k3 = camera.dist
        params[i, 0] = {
            'K': camera.K.T,
            'r': camera.R_w2c.T,
            't': camera.t_w2c.reshape(1, 3),
            'RDistort': np.array([[k1, k2, k3]]),
            'TDistort': np.array([[p1, p2]]),
        }
    names = np.array([list(rig.names)], dtype=object)
    savemat(
        folder / 'label3d_dannce.mat', {'params': params, 'camnames': names}, do_compression=True
    )
    return [folder / 'label3d_dannce.mat']


def _krtd(rig, folder):
    def rows(matrix):
        return '\n'.join(' '.join(map(repr, row)) for row in np.atleast_2d(matrix).tolist())

    paths = []
    for camera in rig:
        parts = (camera.K, camera.R_w2c, camera.t_w2c, camera.dist)
        paths.append(folder / f'{camera.name}.krtd')
        paths[-1].write_text('\n\n'.join(map(rows, parts)) + '\n')
    return paths


def _crossview(rig, folder):
    entries = {
        camera.name: {
            'K': (np.diag([1 / camera.size[0], 1 / camera.size[1], 1]) @ camera.K).tolist(),
            'Tw': np.linalg.inv(pose(camera, 0.1)).tolist(),
            'dist_coeffs': camera.dist.tolist(),
        }
        for camera in rig
    }
    (folder / 'calibration.json').write_text(json.dumps({'cameras': entries}))
    return [folder / 'calibration.json']


def _mmpose(rig, folder):
    entries = {}
    for camera in rig:
        k1, k2, p1, p2, k3 = camera.dist.tolist()
        entries[camera.name] = {
            'R': camera.R_w2c.T.tolist(),
            'T': camera.center_w.reshape(3, 1).tolist(),
            'K': camera.K[:2].tolist(),
            'k': [k1, k2, k3],
            'p': [p1, p2],
            'w': camera.size[0],
            'h': camera.size[1],
        }
    (folder / 'cameras.json').write_text(json.dumps(entries))
    return [folder / 'cameras.json']


def _krt(rig, folder):
    entries = {
        camera.name: {
            'K': camera.K.tolist(),
            'R_w2c': camera.R_w2c.tolist(),
            't_w2c': camera.t_w2c.reshape(3, 1).tolist(),
            'distort': camera.dist.tolist(),
            'imgSize': list(camera.size),
        }
        for camera in rig
    }
    (folder / 'cameras.json').write_text(json.dumps(entries))
    return [folder / 'cameras.json']


MAKERS = {
    'kalibr': _kalibr,
    'caliscope': _caliscope,
    'qualisys': _qualisys,
    'vicon': _vicon,
    'agisoft': _agisoft,
    'dannce': _dannce,
    'krtd': _krtd,
    'crossview': _crossview,
    'mmpose': _mmpose,
    'krt': _krt,
}
# How the samples are to be read: unit and up axis.
WORLDS = {
    'kalibr': ('m', 'z'),
    'caliscope': ('m', 'z'),
    'qualisys': ('mm', 'z'),
    'vicon': ('mm', 'z'),
    'agisoft': ('mm', 'z'),
    'dannce': ('mm', 'z'),
    'krtd': ('mm', 'z'),
    'crossview': ('cm', 'z'),
    'mmpose': ('mm', 'z'),
    'krt': ('mm', 'z'),
    **{format: written_world(format) for format in WRITTEN},
}


def sample(format, folder):
    """Write the sample rig in a format; the paths of its files."""
    folder.mkdir(parents=True, exist_ok=True)
    if format in MAKERS:
        return MAKERS[format](sample_rig(), folder)
    target = folder / ('rig.yml' if format == 'opencv' else 'rig')
    write_rig(sample_rig(), target, format)
    return sorted(target.iterdir()) if target.is_dir() else [target]
