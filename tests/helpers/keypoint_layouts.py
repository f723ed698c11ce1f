"""The same people in the layout of every tool.

Frame 7: two people in cam_a, nobody in cam_b; frame 8: one in cam_b, and no image of cam_a where
the layout can say so.
"""

from __future__ import annotations

import csv

import numpy as np
from tool_files import CAMERAS, flat, mmpose_instances, openpose_json, person, results, save

from mmpose_ours.structures.skeletons import SKELETONS

# Of the images of normalised layouts; powers of two, so that shares are exact.
SIZE = (512, 256)


def people(skeleton='coco17'):
    """The two people."""
    return person(skeleton), person(skeleton, 10.0)


def shares(rows):
    """(J, 3) in shares of the width and the height."""
    return rows / (*SIZE, 1)


def openpose_folders(root, skeleton='body25', ending='_keypoints'):
    first, second = people(skeleton)
    save(root / 'cam_a' / f'v_000000000007{ending}.json', openpose_json(first, second))
    save(root / 'cam_b' / f'v_000000000007{ending}.json', openpose_json())
    save(root / 'cam_b' / f'v_000000000008{ending}.json', openpose_json(first))
    return root


def flat_openpose(root):
    first, second = people('coco18')
    save(root / 'cam_a_000007_keypoints.json', openpose_json(first, second))
    save(root / 'cam_b_000007_keypoints.json', openpose_json())
    save(root / 'cam_b_000008_keypoints.json', openpose_json(first))
    return root


def first_openpose(root):
    """Version 1.0: without ``_2d``."""
    for camera, frame, count in (('cam_a', 7, 2), ('cam_b', 7, 0), ('cam_b', 8, 1)):
        found = [
            {'pose_keypoints': flat(rows), 'face_keypoints': [], 'hand_left_keypoints': []}
            for rows in people('coco18')[:count]
        ]
        name = f'{camera}_{frame:012d}_keypoints.json'
        save(root / camera / name, {'version': 1.0, 'people': found})
    return root


def controlnet(root):
    """Shares of a canvas; None where there is no hand."""
    for camera, frame, count in (('cam_a', 7, 2), ('cam_b', 7, 0), ('cam_b', 8, 1)):
        found = [
            {'pose_keypoints_2d': flat(shares(rows)), 'face_keypoints_2d': None,
             'hand_left_keypoints_2d': None, 'hand_right_keypoints_2d': None}
            for rows in people('coco18')[:count]
        ]  # fmt: skip
        canvas = {'canvas_width': SIZE[0], 'canvas_height': SIZE[1]}
        save(root / camera / f'{frame}.json', {'people': found, 'animals': [], **canvas})
    return root


def comfyui(root):
    """A list of frames per camera, in pixels of the canvas."""
    for camera, counts in (('cam_a', {7: 2}), ('cam_b', {8: 1})):
        frames = [
            {'people': [{'pose_keypoints_2d': flat(rows)}
                        for rows in people('coco18')[: counts.get(frame, 0)]],
             'canvas_width': SIZE[0], 'canvas_height': SIZE[1]}
            for frame in range(9)
        ]  # fmt: skip
        save(root / f'{camera}.json', frames)
    return root


def pose2sim(root):
    first, second = people('halpe26')
    save(root / 'pose' / 'cam_a_json' / 'cam_a_000007.json', openpose_json(first, second))
    save(root / 'pose' / 'cam_b_json' / 'cam_b_000007.json', openpose_json())
    save(root / 'pose' / 'cam_b_json' / 'cam_b_000008.json', openpose_json(first))
    return root


def mmpose_images(root):
    first, second = people()
    save(root / 'cam_a' / '000007.json', mmpose_instances(first, second))
    save(root / 'cam_b' / '000007.json', [])
    save(root / 'cam_b' / '000008.json', mmpose_instances(first))
    return root


def mmpose_nested(root):
    """The predictions of ``MMPoseInferencer`` as they are, in the folder that it makes."""
    first, second = people()
    save(root / 'cam_a' / 'predictions' / '000007.json', [mmpose_instances(first, second)])
    save(root / 'cam_b' / 'predictions' / '000007.json', [[]])
    save(root / 'cam_b' / 'predictions' / '000008.json', [mmpose_instances(first)])
    return root


def mmpose_demo_of_images(root):
    """As ``topdown_demo_with_mmdet.py --save-predictions`` writes them, here in one folder."""
    meta = {'dataset_name': 'coco', 'num_keypoints': 17, 'sigmas': {'__ndarray__': [0.1]}}
    for image, found in (('cam_a_000007', people()), ('cam_b_000007', ()),
                         ('cam_b_000008', people()[:1])):  # fmt: skip
        content = {'meta_info': meta, 'instance_info': mmpose_instances(*found)}
        save(root / f'results_{image}.json', content)
    return root


def mmpose_videos(root):
    first, second = people()
    frames = [{'frame_id': 7, 'instances': mmpose_instances(first, second)}]
    save(root / 'cam_a.json', frames)
    frames = [
        {'frame_id': 7, 'instances': []},
        {'frame_id': 8, 'instances': mmpose_instances(first)},
    ]
    save(root / 'results_cam_b.json', {'meta_info': {}, 'instance_info': frames})
    return root


def mmpose_0x(root):
    for camera, frame, count in (('cam_a', 7, 2), ('cam_b', 7, 0), ('cam_b', 8, 1)):
        found = [
            {'bbox': [5.0, 5.0, 60.0, 90.0, 0.9], 'keypoints': rows.tolist()}
            for rows in people()[:count]
        ]
        save(root / camera / f'{frame}.json', found)
    return root


def alphapose(root):
    first, second = people('halpe26')
    save(root / 'cam_a' / 'alphapose-results.json', results('000007.jpg', first, second))
    save(root / 'cam_b' / 'alphapose-results.json', results('000008.jpg', first))
    return root


def alphapose_open(root):
    """``--format open``, with ``sep-json`` beside the file of all."""
    first, second = people('coco18')
    for camera, image, found in (('cam_a', '7', (first, second)), ('cam_b', '8', (first,))):
        content = {**openpose_json(*found), 'version': 'AlphaPose v0.3'}
        save(root / camera / 'alphapose-results.json', {f'{image}.jpg': content})
        save(root / camera / 'sep-json' / f'{image}.json', content)
    return root


def alphapose_cmu(root):
    first, second = people('coco18')
    found = {
        'cam_a_7.jpg': {'version': 'AlphaPose v0.3',
                        'bodies': [{'joints': flat(rows)} for rows in (first, second)]},
        'cam_b_8.jpg': {'version': 'AlphaPose v0.3', 'bodies': [{'joints': flat(first)}]},
    }  # fmt: skip
    save(root / 'alphapose-results.json', found)
    return root


def coco(root):
    images = [
        {'id': 1, 'file_name': 'cam_a/000007.jpg'},
        {'id': 2, 'file_name': 'cam_b/000007.jpg'},
        {'id': 3, 'file_name': 'cam_b/000008.jpg'},
    ]
    found = results(1, person(), person(shift=10.0)) + results(3, person())
    save(root / 'images.json', {'images': images, 'categories': []})
    save(root / 'results.json', found)
    return root


def coco_by_camera(root):
    """An object with images and people per camera, as annotation tools export it."""
    for camera, found in (('cam_a', results(1, *people())), ('cam_b', results(2, person()))):
        images = [{'id': 1, 'file_name': '000007.jpg'}, {'id': 2, 'file_name': '000008.jpg'}]
        images = images[:1] if camera == 'cam_a' else images
        save(root / f'{camera}.json', {'images': images, 'annotations': found})
    return root


def coco_numbers(root):
    """A list of results per camera, the number of the frame in ``image_id``."""
    save(root / 'cam_a.json', results(7, *people()))
    save(root / 'cam_b_results.json', results(8, person()))
    return root


def easymocap(root):
    for camera, frame, count in (('cam_a', 7, 2), ('cam_b', 7, 0), ('cam_b', 8, 1)):
        annots = [
            {'personID': index, 'bbox': [1.0, 2.0, 3.0, 4.0, 0.9], 'keypoints': rows.tolist(),
             'isKeyframe': False}
            for index, rows in enumerate(people('body25')[:count])
        ]  # fmt: skip
        content = {'filename': f'images/{camera}/{frame:06d}.jpg', 'height': 1080, 'width': 1920,
                   'annots': annots, 'isKeyframe': False}  # fmt: skip
        save(root / 'annots' / camera / f'{frame:06d}.json', content)
    save(root / 'info.json', {'sequence': 'a recording beside it'})
    return root


def kinetics(root):
    for camera, frame, found in (
        ('cam_a', 7, people('coco18')),
        ('cam_b', 8, people('coco18')[:1]),
    ):
        skeletons = [
            {'pose': flat(shares(rows)[:, :2]), 'score': flat(rows[:, 2])} for rows in found
        ]
        frames = [{'frame_index': frame, 'skeleton': skeletons}]
        if camera == 'cam_b':
            frames.insert(0, {'frame_index': 7, 'skeleton': []})
        save(root / f'{camera}.json', {'data': frames, 'label': 'walking', 'label_index': 3})
    return root


def openpifpaf(root):
    for camera, frame, found in (
        ('cam_a', 7, people()),
        ('cam_b', 7, ()),
        ('cam_b', 8, people()[:1]),
    ):
        content = [
            {'keypoints': flat(rows), 'bbox': [1.0, 2.0, 3.0, 4.0], 'score': 0.8, 'category_id': 1}
            for rows in found
        ]
        save(root / camera / f'{frame:06d}.jpg.predictions.json', content)
    return root


def save_rows(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, 'w', newline='') as file:
        csv.writer(file).writerows(rows)
    return path


def deeplabcut(root):
    """Two individuals; a row of cells that are all empty is an image without people."""
    joints = SKELETONS['coco17'].joints
    columns = [(who, joint, coord) for who in ('m1', 'm2') for joint in joints
               for coord in ('x', 'y', 'likelihood')]  # fmt: skip
    header = [
        ['scorer', *['DLC_resnet50_x'] * len(columns)],
        ['individuals', *(who for who, *_ in columns)],
        ['bodyparts', *(joint for _, joint, _ in columns)],
        ['coords', *(coord for *_, coord in columns)],
    ]
    nobody = [''] * (3 * len(joints))
    first, second = map(flat, people())
    rows = {'cam_a': [[7, *first, *second]], 'cam_b': [[7, *nobody * 2], [8, *first, *nobody]]}
    for camera in CAMERAS:
        save_rows(root / f'{camera}DLC_resnet50_xshuffle1_50000_el.csv', header + rows[camera])
    return root


def deeplabcut_one(root):
    """One individual, and of the first camera a column more, as Lightning Pose has it."""
    joints = SKELETONS['coco17'].joints
    first = person()
    for camera, frame in (('cam_a', 7), ('cam_b', 7), ('cam_b', 8)):
        save_rows(
            root / camera / f'{camera}.csv',
            [
                ['scorer', *['heatmap_tracker'] * (4 * len(joints))],
                ['bodyparts', *(joint for joint in joints for _ in range(4))],
                ['coords', *['x', 'y', 'likelihood', 'x_ens_var'] * len(joints)],
                [frame, *(x for row in first for x in (*row, 77.5))],
            ],
        )
    return root


def sleap(root):
    """Nodes in the order of the alphabet and scores first, as sleap-io writes them."""
    joints = SKELETONS['coco17'].joints
    order = sorted(joints)
    columns = [f'{joint}.{coord}' for joint in order for coord in ('score', 'x', 'y')]
    header = ['track', 'frame_idx', 'instance.score', *columns]

    def row(frame, rows):
        cells = [rows[joints.index(joint)][[2, 0, 1]] for joint in order]
        return ['track_0', frame, 0.9, *np.ravel(cells)]

    first, second = people()
    for name, rows in {
        'labels.v001.000_cam_a': [row(7, first), row(7, second)],
        'labels.v001.001_cam_b': [['', 7, ''], row(8, first)],
    }.items():
        save_rows(root / f'{name}.analysis.csv', [header, *rows])
    return root


def yolo_line(rows, *more):
    """A line of a person, as ``save_txt`` of Ultralytics makes it."""
    rows = shares(rows)
    low, high = rows[:, :2].min(0), rows[:, :2].max(0)
    values = [*(low + high) / 2, *high - low, *rows.ravel(), *more]
    return ' '.join(['0', *(f'{value:.17g}' for value in values)]) + '\n'


def yolo(root):
    """A folder per camera, with confidences and tracks."""
    for camera, frame, found in (('cam_a', 7, people()), ('cam_b', 8, people()[:1])):
        labels = root / camera / 'labels'
        labels.mkdir(parents=True, exist_ok=True)
        lines = [yolo_line(rows, 0.75, track) for track, rows in enumerate(found, start=1)]
        (labels / f'{camera}_{frame}.txt').write_text(''.join(lines))
        (labels.parent / 'args.txt').write_text('task: pose\n')
    return root


def yolo_runs(root):
    """The folders that Ultralytics makes for two videos."""
    for folder, camera, frame, found in (
        ('predict', 'cam_a', 7, people()), ('predict2', 'cam_b', 8, people()[:1])
    ):  # fmt: skip
        labels = root / 'runs' / 'pose' / folder / 'labels'
        labels.mkdir(parents=True)
        (labels / f'{camera}_{frame}.txt').write_text(''.join(map(yolo_line, found)))
    return root


def yolo_json(root):
    for camera, frame, found in (
        ('cam_a', 7, people()),
        ('cam_b', 7, ()),
        ('cam_b', 8, people()[:1]),
    ):
        content = [
            {
                'name': 'person',
                'class': 0,
                'confidence': 0.9,
                'box': {'x1': 1.0, 'y1': 2.0, 'x2': 3.0, 'y2': 4.0},
                'keypoints': dict(zip(('x', 'y', 'visible'), rows.T.tolist())),
            }
            for rows in found
        ]
        save(root / camera / f'{frame:06d}.json', content)
    return root


def freemocap(root):
    """One person: nobody in cam_b's frame 7, and cam_a's frame 8 is there but empty."""
    points = np.full((2, 9, 33 + 21 + 21 + 478, 3), np.nan)
    body = person_33()
    points[0, 7, :33, :2] = body[:, :2]
    points[1, 8, :33, :2] = body[:, :2]
    points[..., 2] = -123.0  # MediaPipe's depth
    folder = root / 'output_data' / 'raw_data'
    folder.mkdir(parents=True)
    np.save(folder / 'mediapipe_2dData_numCams_numFrames_numTrackedPoints_pixelXY.npy', points)
    np.save(folder / 'charuco_2dData_numCams_numFrames_numTrackedPoints_pixelXY.npy', points)
    videos = root / 'synchronized_videos'
    videos.mkdir()
    for camera in CAMERAS:
        (videos / f'{camera}.mp4').write_bytes(b'')
    return root


def person_33():
    """BlazePose's joints, those of COCO where they are COCO's."""
    known = dict(zip(SKELETONS['coco17'].joints, person()))
    rows = [known.get(name, [1.0, 1.0, 0.5]) for name in SKELETONS['blazepose33'].joints]
    return np.array(rows)


# Format to its layouts in pixels, of people whose image is known to be there.
LAYOUTS = {
    'openpose': [openpose_folders, flat_openpose, first_openpose, comfyui],
    'pose2sim': [pose2sim],
    'mmpose': [mmpose_images, mmpose_nested, mmpose_demo_of_images, mmpose_videos, mmpose_0x],
    'alphapose': [alphapose, alphapose_open, alphapose_cmu],
    'coco': [coco, coco_by_camera, coco_numbers],
    'easymocap': [easymocap],
    'openpifpaf': [openpifpaf],
    'deeplabcut': [deeplabcut],
    'sleap': [sleap],
    'yolo_json': [yolo_json],
}
# Those in shares of the image, for which its size must be known.
NORMALISED = {'openpose': [controlnet], 'kinetics': [kinetics], 'yolo': [yolo, yolo_runs]}
# Those of one person without scores.
SINGLE = {'freemocap': [freemocap], 'deeplabcut': [deeplabcut_one]}
# Layouts that name images with people only.
PEOPLE_ONLY = (
    alphapose,
    alphapose_open,
    alphapose_cmu,
    coco_numbers,
    sleap,
    yolo,
    yolo_runs,
    comfyui,
)
