"""Files of other purposes than keypoints, as they lie about beside recordings, made by a seed."""

from __future__ import annotations

import numpy as np
from keypoint_layouts import save_rows
from tool_files import save

WORDS = ('camera', 'video', 'images', 'people', 'data', 'name', 'score', 'frame', 'bbox', 'id',
         'width', 'height', 'cam1', 'cam2', 'label', 'x', 'y', 'track', 'frames', 'annotations',
         'keypoints', 'categories', 'results', 'poses', 'joints', 'version')  # fmt: skip


def some_value(rng, depth=3):
    """Any JSON, whose keys are words that keypoint files have too."""
    kind = rng.integers(0, 7 if depth else 4)
    if kind == 0:
        return float(rng.normal(0, 1000))
    if kind == 1:
        return int(rng.integers(-5, 4000))
    if kind == 2:
        return str(rng.choice(WORDS))
    if kind == 3:
        return [None, True, False, ''][rng.integers(4)]
    count = int(rng.integers(0, 5))
    if kind == 4:
        return [some_value(rng, depth - 1) for _ in range(count)]
    keys = rng.choice(WORDS, count, replace=False)
    return {str(key): some_value(rng, depth - 1) for key in keys}


def numbers(rng, *shape):
    return np.round(rng.uniform(0, 1000, shape), 3).tolist()


def manifest(rng, path):
    images = [{'id': i, 'file_name': f'cam1/{i:06d}.jpg', 'width': 1920} for i in range(3)]
    kinds = [
        {'images': images},
        {'images': images, 'annotations': [], 'categories': []},
        {'files': [image['file_name'] for image in images], 'version': 1},
        [{'name': f'cam{i}', 'path': f'cam{i}.mp4'} for i in range(3)],
        {'people': [{'name': 'A', 'age': 30}, {'name': 'B', 'age': 31}], 'place': 'lab'},
        {'people': int(rng.integers(9)), 'cameras': 4},
        {'data': [{'frame_index': 1, 'file': '1.jpg'}], 'label': 'walking'},
    ]
    save(path / 'manifest.json', kinds[rng.integers(len(kinds))])


def notebook(rng, path):
    cells = [{'cell_type': 'code', 'source': ['import numpy'], 'outputs': [], 'metadata': {}}]
    save(path / 'analysis.json', {'cells': cells, 'metadata': {}, 'nbformat': 4})


def training_log(rng, path):
    rows = [{'epoch': i, 'loss': float(rng.random()), 'lr': 1e-3} for i in range(4)]
    save(path / 'log.json', rows)


def log(rng, path):
    path.mkdir(parents=True)
    lines = [f'[2024-01-0{i + 1}] epoch {i} loss {rng.random():.4f}' for i in range(8)]
    (path / f'train_{rng.integers(99)}.txt').write_text('\n'.join(lines))


def calibration(rng, path):
    cameras = [
        {'name': f'cam{i}', 'K': numbers(rng, 3, 3), 'R': numbers(rng, 3, 3), 't': numbers(rng, 3)}
        for i in range(int(rng.integers(1, 5)))
    ]
    kinds = [{'cameras': cameras}, cameras, {each['name']: each for each in cameras}]
    save(path / 'calibration.json', kinds[rng.integers(3)])


def calibration_text(rng, path):
    path.mkdir(parents=True)
    for camera in range(3):
        np.savetxt(path / f'cam_{camera}.txt', rng.uniform(0, 1, (int(rng.integers(3, 5)), 4)))


def chessboard(rng, path):
    """What EasyMocap's detection of the board writes."""
    content = {'keypoints3d': numbers(rng, 6, 3), 'keypoints2d': numbers(rng, 6, 3),
               'pattern': [3, 2], 'visited': False}  # fmt: skip
    save(path / 'cam1' / '000000.json', content)


def boxes_coco(rng, path):
    images = [{'id': i, 'file_name': f'cam1_{i}.jpg'} for i in range(3)]
    found = [{'id': i, 'image_id': i, 'category_id': 1, 'bbox': numbers(rng, 4)} for i in range(3)]
    categories = [{'id': 1, 'name': 'person'}]
    kinds = [
        {'images': images, 'annotations': found, 'categories': categories},
        [{key: each[key] for key in ('image_id', 'category_id', 'bbox')} for each in found],
    ]
    save(path / 'instances.json', kinds[rng.integers(2)])


def boxes_easymocap(rng, path):
    save(path / 'cam1' / '000000.json', {'bbox': numbers(rng, 3, 5), 'frame': 0})


def boxes_yolo(rng, path):
    """Boxes, with confidence and track, with corners, or outlines of regions."""
    path.mkdir(parents=True)
    for frame in range(int(rng.integers(1, 6))):
        lines = []
        for _ in range(int(rng.integers(1, 4))):
            kind = rng.integers(3)
            box = [*rng.uniform(0.2, 0.8, 2), *rng.uniform(0.05, 0.3, 2)]
            if kind == 1:
                box = [*rng.uniform(0, 1, 8)]
            if kind == 2:
                angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 30))))
                shape = 0.5 + 0.2 * np.stack([np.cos(angles), np.sin(angles)], 1)
                box = [*shape.ravel()]
            more = [float(rng.random()), int(rng.integers(1, 9))][: int(rng.integers(0, 3))]
            lines.append(' '.join(f'{value:.6g}' for value in (0, *box, *more)))
        (path / f'video_{frame + 1}.txt').write_text('\n'.join(lines) + '\n')


def table(rng, path):
    kinds = [
        [['frame', 'x', 'y', 'score'], *numbers(rng, 4, 4)],
        [['time', 'cam1', 'cam2'], *numbers(rng, 4, 3)],
        [['track', 'frame_idx', 'x1', 'y1', 'x2', 'y2'], *numbers(rng, 4, 6)],
        [['scorer', 'points', 'rank'], ['a', 1, 2]],
        [['', 'nose_x', 'nose_y', 'nose_z'], *numbers(rng, 4, 4)],
        numbers(rng, 5, 52),
    ]
    save_rows(path / 'table.csv', kinds[rng.integers(len(kinds))])


def anipose_3d(rng, path):
    header = ['nose_x', 'nose_y', 'nose_z', 'nose_error', 'nose_score', 'fnum']
    save_rows(path / 'poses_3d.csv', [header, *numbers(rng, 4, 6)])


def arrays(rng, path):
    path.mkdir(parents=True)
    shapes = [(4, 10, 33, 3), (4, 10, 17, 2), (17, 3), (5,), (10, 17, 3), (3, 3), (2, 5, 553, 3)]
    shape = shapes[rng.integers(len(shapes))]
    names = ('points.npy', 'mediapipe_3dData_numFrames_numTrackedPoints_spatialXYZ.npy',
             'charuco_2dData_numCams_numFrames_numTrackedPoints_pixelXY.npy',
             'cam_1.npy')  # fmt: skip
    np.save(path / names[rng.integers(len(names))], rng.uniform(0, 1000, shape))


def any_json(rng, path):
    save(path / 'cam1' / '000001.json', some_value(rng))


def any_text(rng, path):
    path.mkdir(parents=True)
    count, width = int(rng.integers(1, 9)), int(rng.integers(1, 80))
    rows = rng.uniform(0, 1, (count, width))
    lines = (' '.join(f'{value:.5f}' for value in row) for row in rows)
    (path / 'numbers_1.txt').write_text('\n'.join(lines))


def result_3d(rng, path):
    kinds = [
        [{'id': 0, 'keypoints3d': numbers(rng, 25, 4)}],
        {'frames': [{'people': [{'id': 1, 'joints3d': numbers(rng, 17, 3)}]}]},
        {'bodies': [{'id': 0, 'joints19': numbers(rng, 76)}], 'univTime': 1.5, 'version': 0.7},
        {'actionLabel': 'walk', 'poses': numbers(rng, 3, 17, 3)},
    ]
    save(path / 'body3DScene_00000001.json', kinds[rng.integers(len(kinds))])


MAKERS = (
    manifest, notebook, training_log, log, calibration, calibration_text, chessboard, boxes_coco,
    boxes_easymocap, boxes_yolo, table, anipose_3d, arrays, any_json, any_text, result_3d,
)  # fmt: skip


def make(number, folder, seed=7):
    """One of them; its folder."""
    rng = np.random.default_rng([seed, number])
    maker = MAKERS[number % len(MAKERS)]
    path = folder / f'{number}_{maker.__name__}'
    maker(rng, path)
    return path
