"""One rig in the files of every tool: small, made by code, independent of our own writers.

The rig has two cameras of five coefficients and 1280x720 pixels.
"""

import json
import pickle

import numpy as np
import yaml
from scipy.io import savemat
from scipy.spatial.transform import Rotation

from mmpose_ours.calibration import write_rig
from mmpose_ours.calibration.format_table import written_world
from mmpose_ours.calibration.world_axes import Z_UP_FROM
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
        R = (np.diag([1, -1, -1]) @ camera.R_w2c).tolist()
        terms = ' '.join(f'r{i + 1}{j + 1}="{R[i][j]!r}"' for i in range(3) for j in range(3))
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
            f'<KeyFrame FRAME="0" FOCAL_LENGTH="{float(camera.K[0, 0])!r}" '
            f'PRINCIPAL_POINT="{float(camera.K[0, 2])!r} {float(camera.K[1, 2])!r}" '
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
            f'height="{height}"/>{"".join(f"<{t}>{float(v)!r}</{t}>" for t, v in terms.items())}'
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


def in_world(rig, up):
    """(R_w2c, t_w2c in millimetres) of each camera in a world with another axis up."""
    turn = Z_UP_FROM[up]
    return [(camera.R_w2c @ turn, camera.t_w2c) for camera in rig]


def _thu(rig, folder):
    entries = {
        camera.name: {
            'K': camera.K.ravel().tolist(),
            'R': camera.R_w2c.ravel().tolist(),
            'T': (camera.t_w2c / 1000).tolist(),
            'imgSize': list(camera.size),
            'distCoeff': camera.dist.tolist(),
            'rectifyAlpha': 0.0,
        }
        for camera in rig
    }
    (folder / 'calibration_full.json').write_text(json.dumps(entries))
    return [folder / 'calibration_full.json']


def _multical(rig, folder):
    cameras, poses = {}, {}
    first = rig.cameras[0]
    for camera in rig:
        cameras[camera.name] = {
            'model': 'standard',
            'image_size': list(camera.size),
            'K': camera.K.tolist(),
            'dist': [camera.dist.tolist()],
        }
        poses[camera.name] = {
            'R': camera.R_w2c.tolist(),
            'T': (camera.t_w2c / 1000).tolist(),
        }
    step = pose(rig.cameras[1], 1e-3) @ np.linalg.inv(pose(first, 1e-3))
    del poses[rig.names[1]]
    poses[f'{rig.names[1]}_to_{first.name}'] = {
        'R': step[:3, :3].tolist(),
        'T': step[:3, 3].tolist(),
    }
    path = folder / 'calibration.json'
    path.write_text(json.dumps({'cameras': cameras, 'camera_poses': poses, 'image_sets': {}}))
    return [path]


def _opencap(rig, folder):
    paths = []
    for camera in rig:
        paths.append(folder / f'{camera.name}.pickle')
        values = {
            'distortion': camera.dist[None],
            'intrinsicMat': camera.K,
            'imageSize': np.array([[float(camera.size[1])], [float(camera.size[0])]]),
            'rotation': camera.R_w2c,
            'translation': camera.t_w2c[:, None],
            'rotation_EulerAngles': Rotation.from_matrix(camera.R_w2c.copy()).as_rotvec()[:, None],
        }
        paths[-1].write_bytes(pickle.dumps(values, protocol=3))
    return paths


def _aist(rig, folder):
    entries = [
        {
            'name': f'c0{index}',
            'size': [1920, 1080],
            'matrix': camera.K.tolist(),
            'distortions': camera.dist.tolist(),
            'rotation': Rotation.from_matrix(R).as_rotvec().tolist(),
            'translation': (t / 10).tolist(),
        }
        for index, (camera, (R, t)) in enumerate(zip(rig, in_world(rig, 'y')), start=1)
    ]
    (folder / 'setting1.json').write_text(json.dumps(entries))
    return [folder / 'setting1.json']


def _human36m(rig, folder):
    data = {'intrinsics': {}, 'extrinsics': {'S1': {}}}
    for camera in rig:
        data['intrinsics'][camera.name] = {
            'calibration_matrix': camera.K.tolist(),
            'distortion': camera.dist.tolist(),
        }
        data['extrinsics']['S1'][camera.name] = {
            'R': camera.R_w2c.tolist(),
            't': camera.t_w2c[:, None].tolist(),
        }
    (folder / 'camera-parameters.json').write_text(json.dumps(data))
    return [folder / 'camera-parameters.json']


def _bodypose3d(rig, folder):
    def rows(matrix):
        return ''.join(' '.join(map(repr, row)) + ' \n' for row in np.atleast_2d(matrix).tolist())

    paths = []
    for camera in rig:
        lens, place = (folder / f'{camera.name}_{w}.dat' for w in ('intrinsics', 'rot_trans'))
        lens.write_text(f'intrinsic:\n{rows(camera.K)}distortion:\n{rows(camera.dist)}')
        place.write_text(f'R:\n{rows(camera.R_w2c)}T:\n{rows(camera.t_w2c[:, None])}')
        paths += [lens, place]
    return paths


def _egoexo4d(rig, folder):
    """Its cameras have fisheye lenses: here without coefficients."""
    columns = ['cam_uid', 'graph_uid', *(f't{a}_world_cam' for a in 'xyz')]
    columns += [f'q{a}_world_cam' for a in 'xyzw']
    columns += ['image_width', 'image_height', 'intrinsics_type']
    columns += [f'intrinsics_{i}' for i in range(8)]
    lines = [','.join([*columns, 'start_frame_idx', 'end_frame_idx', 'quality'])]
    for camera in rig:
        quaternion = Rotation.from_matrix(camera.R_w2c.T.copy()).as_quat().tolist()
        (fx, _, cx), (_, fy, cy), _ = camera.K.tolist()
        values = [camera.name, 'world', *(camera.center_w / 1000).tolist(), *quaternion]
        values += [*camera.size, 'KANNALABRANDTK3', fx, fy, cx, cy, 0.0, 0.0, 0.0, 0.0, -1, -1, 1]
        lines.append(','.join(map(str, values)))
    (folder / 'gopro_calibs.csv').write_text('\n'.join(lines) + '\n')
    return [folder / 'gopro_calibs.csv']


def _optitrack(rig, folder):
    """As Motive writes: UTF-16 with a mark of the byte order."""
    cameras = ''
    for camera, (R, t) in zip(rig, in_world(rig, 'y')):
        turn = (R.T @ np.diag([1, -1, -1])).ravel().tolist()
        center = dict(zip('XYZ', (-R.T @ t / 1000).tolist()))
        k1, k2, p1, p2, k3 = camera.dist.tolist()
        lens = {
            'LensCenterX': camera.K[0, 2], 'LensCenterY': camera.K[1, 2],
            'HorizontalFocalLength': camera.K[0, 0], 'VerticalFocalLength': camera.K[1, 1],
            'k1': k1, 'k2': k2, 'k3': k3, 'TangentialX': p1, 'TangentialY': p2,
        }  # fmt: skip
        place = {**center, **{f'OrientMatrix{i}': value for i, value in enumerate(turn)}}
        width, height = camera.size
        cameras += (
            f'<Camera Serial="{camera.name}"><Properties CameraID="1"/>'
            f'<Attributes ImagerPixelWidth="{width}" ImagerPixelHeight="{height}"/>'
            f'<IntrinsicStandardCameraModel {_attributes(lens)}/><Extrinsic {_attributes(place)}/>'
            '</Camera>'
        )
    text = (
        '<?xml version="1.0" encoding="UTF-16LE"?><calibrationProfile version="1"><Calibration>'
        f'<Cameras Count="{len(rig)}">{cameras}</Cameras></Calibration></calibrationProfile>'
    )
    (folder / 'rig.mcal').write_bytes(b'\xff\xfe' + text.encode('utf-16-le'))
    return [folder / 'rig.mcal']


def _attributes(values):
    return ' '.join(f'{key}="{float(value)!r}"' for key, value in values.items())


def _calibio(rig, folder):
    cameras = []
    for index, camera in enumerate(rig):
        k1, k2, p1, p2, k3 = camera.dist.tolist()
        values = dict(f=camera.K[0, 0], ar=camera.K[1, 1] / camera.K[0, 0], cx=camera.K[0, 2],
                      cy=camera.K[1, 2], k1=k1, k2=k2, k3=k3, k4=0, k5=0, k6=0, p1=p1, p2=p2,
                      s1=0, s2=0, s3=0, s4=0, tauX=0, tauY=0)  # fmt: skip
        rvec = Rotation.from_matrix(camera.R_w2c.copy()).as_rotvec().tolist()
        size = dict(zip(('width', 'height'), camera.size))
        data = {
            'CameraModelCRT': {'CameraModelBase': {'imageSize': size}},
            'parameters': {key: {'val': float(v), 'state': 0} for key, v in values.items()},
        }
        model = {'polymorphic_id': 1, 'ptr_wrapper': {'valid': 1, 'data': data}}
        if not index:
            model['polymorphic_id'] += 1 << 31
            model['polymorphic_name'] = 'libCalib::CameraModelOpenCV'
        transform = {
            'rotation': dict(zip(('rx', 'ry', 'rz'), rvec)),
            'translation': dict(zip('xyz', (camera.t_w2c / 1000).tolist())),
        }
        cameras.append({'model': model, 'transform': transform, 'serial': camera.name})
    (folder / 'parameters.json').write_text(json.dumps({'Calibration': {'cameras': cameras}}))
    return [folder / 'parameters.json']


def relative(rig):
    """The rig in the world of its first camera, whose pose is the identity to the last digit."""
    first = np.linalg.inv(pose(rig.cameras[0]))
    cameras = []
    for i, camera in enumerate(rig):
        matrix = pose(camera) @ first if i else np.eye(4)
        cameras.append(
            Camera(camera.name, camera.K, matrix[:3, :3], matrix[:3, 3], camera.size, camera.dist)
        )
    return CameraRig(tuple(cameras))


def storage_matrix(array):
    """An array as OpenCV's FileStorage has it, for YAML."""
    array = np.atleast_2d(array)
    numbers = ', '.join(map(repr, array.ravel().tolist()))
    return (
        f'!!opencv-matrix\n      rows: {array.shape[0]}\n      cols: {array.shape[1]}\n'
        f'      dt: d\n      data: [ {numbers} ]'
    )


def _xrprimer(rig, folder):
    """The first camera from camera to world, the second from world to camera."""
    paths = []
    for i, camera in enumerate(rig):
        K = np.zeros((4, 4))
        K[:2, :3], K[2, 3], K[3, 2] = camera.K[:2], 1, 1
        matrix = pose(camera) if i else np.linalg.inv(pose(camera))
        k1, k2, p1, p2, k3 = camera.dist.tolist()
        content = {
            'class_name': 'FisheyeCameraParameter',
            'convention': 'opencv',
            'name': camera.name,
            'width': camera.size[0],
            'height': camera.size[1],
            'intrinsic': K.tolist(),
            'extrinsic_r': matrix[:3, :3].tolist(),
            'extrinsic_t': matrix[:3, 3].tolist(),
            'world2cam': bool(i),
            **dict(k1=k1, k2=k2, k3=k3, k4=0.0, k5=0.0, k6=0.0, p1=p1, p2=p2),
        }
        paths.append(folder / f'fisheye_param_{i:02d}.json')
        paths[-1].write_text(json.dumps(content))
    return paths


def _jarvis(rig, folder):
    paths = []
    for camera in rig:
        values = {
            'intrinsicMatrix': camera.K.T,
            'distortionCoefficients': camera.dist[None],
            'R': camera.R_w2c.T,
            'T': camera.t_w2c[:, None],
        }
        text = '%YAML:1.0\n---\n'
        text += ''.join(f'{key}: {storage_matrix(value)}\n' for key, value in values.items())
        paths.append(folder / f'{camera.name}.yaml')
        paths[-1].write_text(text)
    return paths


def _mccalib(rig, folder):
    text = f'%YAML:1.0\n---\nnb_camera: {len(rig)}\n'
    for i, camera in enumerate(relative(rig)):
        text += (
            f'camera_{i}:\n   camera_matrix: {storage_matrix(camera.K)}\n'
            f'   distortion_vector: {storage_matrix(camera.dist)}\n'
            f'   distortion_type: 0\n   camera_group: 0\n   img_width: {camera.size[0]}\n'
            f'   img_height: {camera.size[1]}\n'
            f'   camera_pose_matrix: {storage_matrix(np.linalg.inv(pose(camera)))}\n'
        )
    (folder / 'calibrated_cameras_data.yml').write_text(text)
    return [folder / 'calibrated_cameras_data.yml']


def _matlab(rig, folder):
    cameras = {}
    for number, camera in enumerate(relative(rig), start=1):
        k1, k2, p1, p2, k3 = camera.dist.tolist()
        cameras[f'CameraParameters{number}'] = {
            'IntrinsicMatrix': (camera.K + [[0, 0, 1], [0, 0, 1], [0, 0, 0]]).T,
            'RadialDistortion': [k1, k2, k3],
            'TangentialDistortion': [p1, p2],
            'ImageSize': camera.size[::-1],
            'WorldUnits': 'mm',
        }
    second = relative(rig).cameras[1]
    struct = {
        **cameras,
        'RotationOfCamera2': second.R_w2c.T,
        'TranslationOfCamera2': second.t_w2c.reshape(1, 3),
    }
    savemat(folder / 'stereoParams.mat', {'stereoParams': struct}, do_compression=True)
    return [folder / 'stereoParams.mat']


def _bouguet(rig, folder):
    values = {}
    for side, camera in zip(('left', 'right'), rig):
        values = {
            **values,
            **{
                f'fc_{side}': np.diag(camera.K)[:2].reshape(2, 1),
                f'cc_{side}': camera.K[:2, 2].reshape(2, 1),
                f'alpha_c_{side}': 0.0,
                f'kc_{side}': camera.dist.reshape(5, 1),
            },
        }
    second = relative(rig).cameras[1]
    values = {
        **values,
        **{'R': second.R_w2c, 'T': second.t_w2c.reshape(3, 1), 'nx': 1280.0, 'ny': 720.0},
    }
    savemat(folder / 'Calib_Results_stereo.mat', values)
    return [folder / 'Calib_Results_stereo.mat']


def _storage_text(values):
    return '%YAML:1.0\n---\n' + ''.join(
        f'{key}: {storage_matrix(value)}\n' for key, value in values.items()
    )


def _openpose(rig, folder):
    paths = []
    for camera in rig:
        values = {
            'CameraMatrix': pose(camera)[:3],
            'Intrinsics': camera.K,
            'Distortion': np.pad(camera.dist, (0, 3)).reshape(8, 1),
        }
        paths.append(folder / f'{camera.name}.yml')
        paths[-1].write_text(_storage_text(values))
    return paths


def _file_pairs(rig, folder):
    paths = []
    for camera in rig:
        lens = {'camera_matrix': camera.K, 'distortion_coefficients': camera.dist}
        rvec = Rotation.from_matrix(np.array(camera.R_w2c)).as_rotvec()
        place = {'rvec': rvec.reshape(3, 1), 'tvec': camera.t_w2c.reshape(3, 1)}
        for kind, values in (('intr', lens), ('extr', place)):
            paths.append(folder / f'{kind}_{camera.name}.yml')
            paths[-1].write_text(_storage_text(values))
    return paths


def _krt_arrays(rig, folder):
    path = folder / 'cameras.npz'
    np.savez(
        path,
        K=np.stack([camera.K for camera in rig]),
        R_w2c=np.stack([camera.R_w2c for camera in rig]),
        t_w2c=np.stack([camera.t_w2c for camera in rig]),
        dist=np.stack([camera.dist for camera in rig]),
        size=np.array([camera.size for camera in rig]),
        names=np.array(rig.names),
    )
    return [path]


def _krt_yaml(rig, folder):
    path = folder / 'cameras.yaml'
    content = json.loads(_krt(rig, folder)[0].read_text())
    (folder / 'cameras.json').unlink()
    lines = (
        [f'{name}:', *(f'  {key}: {json.dumps(value)}' for key, value in entry.items())]
        for name, entry in content.items()
    )
    path.write_text('\n'.join(line for entry in lines for line in entry) + '\n')
    return [path]


def _krt_flat(rig, folder):
    path = folder / 'cameras.toml'
    values = {
        f'{key}_{camera.name}': value
        for camera in rig
        for key, value in (
            ('K', camera.K), ('R_w2c', camera.R_w2c), ('t_w2c', camera.t_w2c),
            ('dist', camera.dist), ('size', np.array(camera.size)),
        )
    }  # fmt: skip
    path.write_text(''.join(f'{key} = {value.tolist()}\n' for key, value in values.items()))
    return [path]


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
    'thu': _thu,
    'multical': _multical,
    'opencap': _opencap,
    'aist': _aist,
    'human36m': _human36m,
    'bodypose3d': _bodypose3d,
    'egoexo4d': _egoexo4d,
    'optitrack': _optitrack,
    'calibio': _calibio,
    'xrprimer': _xrprimer,
    'jarvis': _jarvis,
    'mccalib': _mccalib,
    'matlab': _matlab,
}
# Other layouts of a format, which is the first word of the name.
LAYOUTS = {
    'opencv openpose': _openpose,
    'opencv pairs': _file_pairs,
    'matlab bouguet': _bouguet,
    'krt arrays': _krt_arrays,
    'krt yaml': _krt_yaml,
    'krt flat': _krt_flat,
}
# What the tools call the files of the formats that are written; those of folders have their names.
FILE_NAMES = {
    'panoptic': 'calibration_sequence.json',
    'campus': 'calibration.json',
    'opencv': 'rig.yml',
    'anipose': 'calibration.toml',
    'pose2sim': 'Calib.toml',
    'nerfstudio': 'transforms.json',
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
    'thu': ('m', 'z'),
    'multical': ('m', 'z'),
    'opencap': ('mm', 'z'),
    'aist': ('cm', 'y'),
    'human36m': ('mm', 'z'),
    'bodypose3d': ('mm', 'z'),
    'egoexo4d': ('m', 'z'),
    'optitrack': ('m', 'y'),
    'calibio': ('m', 'z'),
    'xrprimer': ('mm', 'z'),
    'jarvis': ('mm', 'z'),
    'mccalib': ('mm', 'z'),
    'matlab': ('mm', 'z'),
    **{format: written_world(format) for format in WRITTEN},
}
# What the samples state where it is not the rig's 1280x720, for which each format is read.
SIZES = {'aist': (1920, 1080)}


def image_size(format):
    """The image size with which a sample may be read."""
    return SIZES.get(format, (1280, 720))


def format_of(layout):
    """The format of a layout, which may be its only one."""
    return layout.partition(' ')[0]


def sample(format, folder, rig=None):
    """Write a rig of two cameras, or the sample rig, in a format or layout; paths of its files."""
    folder.mkdir(parents=True, exist_ok=True)
    rig = rig or sample_rig()
    if format in (*MAKERS, *LAYOUTS):
        return {**MAKERS, **LAYOUTS}[format](rig, folder)
    target = folder / FILE_NAMES.get(format, 'rig')
    write_rig(rig, target, format)
    return sorted(target.iterdir()) if target.is_dir() else [target]
