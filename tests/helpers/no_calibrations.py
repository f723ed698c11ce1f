"""Files of other purposes, made at random: what a folder of a project holds beside calibrations."""

import json

import numpy as np

WORDS = 'alpha beta camera size name value index left right front type mode data x y z id'.split()


def words(rng, count):
    return [WORDS[i] for i in rng.integers(len(WORDS), size=count)]


def numbers(rng, *shape):
    return rng.normal(0, 100, shape).round(3).tolist()


def package_manifest(rng):
    packages = {
        f'{w}-{i}': f'^{rng.integers(9)}.{rng.integers(9)}.0' for i, w in enumerate(words(rng, 6))
    }
    return {
        'name': 'app',
        'version': '1.0.0',
        'scripts': {'build': 'make'},
        'dependencies': packages,
    }


def notebook(rng):
    cells = [
        {'cell_type': 'code', 'source': words(rng, 5), 'outputs': [], 'execution_count': int(i)}
        for i in range(rng.integers(1, 6))
    ]
    return {'cells': cells, 'metadata': {'kernelspec': {'name': 'python3'}}, 'nbformat': 4}


def coco(rng):
    images = [
        {'id': i, 'file_name': f'{i:06d}.jpg', 'width': 1920, 'height': 1080} for i in range(4)
    ]
    people = [
        {'id': i, 'image_id': i, 'category_id': 1, 'bbox': numbers(rng, 4), 'area': 5.0,
         'keypoints': numbers(rng, 51), 'num_keypoints': 17, 'iscrowd': 0}
        for i in range(4)
    ]  # fmt: skip
    return {'images': images, 'annotations': people, 'categories': [{'id': 1, 'name': 'person'}]}


def openpose(rng):
    people = [{'person_id': [-1], 'pose_keypoints_2d': numbers(rng, 75)} for _ in range(3)]
    return {'version': 1.3, 'people': people}


def detections(rng):
    return [
        {
            'frame_id': i,
            'instances': [{'keypoints': numbers(rng, 17, 2), 'keypoint_scores': numbers(rng, 17)}],
        }
        for i in range(3)
    ]


def poses_3d(rng):
    return {
        str(i): {'poses': numbers(rng, 2, 17, 3), 'translation': numbers(rng, 3)} for i in range(3)
    }


def body_model(rng):
    return {
        'betas': numbers(rng, 10), 'transl': numbers(rng, 3), 'global_orient': numbers(rng, 3),
        'body_pose': numbers(rng, 63), 'rotation': np.eye(3).tolist(),
    }  # fmt: skip


def webcams(rng):
    return {
        'cameras': [
            {'name': f'cam{i}', 'ip': f'10.0.0.{i}', 'resolution': [1920, 1080], 'fps': 30,
             'position': numbers(rng, 3), 'rotation': numbers(rng, 3), 'id': i}
            for i in range(4)
        ]
    }  # fmt: skip


def recorder(rng):
    return [
        {
            'serial': int(rng.integers(1e6)),
            'width': 1280,
            'height': 720,
            'exposure': 5.0,
            'gain': 1.0,
        }
        for _ in range(3)
    ]


def scene(rng):
    return {
        'camera': {'type': 'perspective', 'fov': 45.0, 'position': numbers(rng, 3),
                   'matrix': numbers(rng, 16), 'near': 0.1},
        'objects': [{'name': w, 'transform': numbers(rng, 4, 4)} for w in words(rng, 3)],
    }  # fmt: skip


def boxes(rng):
    eye = np.eye(3).tolist()
    return {
        str(i): {'size': numbers(rng, 3), 'center': numbers(rng, 3), 'R': eye} for i in range(3)
    }


def intrinsics_only(rng):
    return {f'cam{i}': {'K': np.eye(3).tolist(), 'dist': [0.0] * 5} for i in range(3)}


def poses_only(rng):
    return {f'cam{i}': {'R': np.eye(3).tolist(), 't': numbers(rng, 3)} for i in range(3)}


def settings(rng):
    return {
        word: {inner: int(rng.integers(10)) for inner in words(rng, 3)} for word in words(rng, 4)
    }


def random_tree(rng, depth=3):
    kind = rng.integers(6) if depth else rng.integers(3)
    if kind == 0:
        return float(rng.normal())
    if kind == 1:
        return WORDS[rng.integers(len(WORDS))]
    if kind == 2:
        return numbers(rng, rng.integers(1, 6))
    if kind == 3:
        return [random_tree(rng, depth - 1) for _ in range(rng.integers(1, 4))]
    return {word: random_tree(rng, depth - 1) for word in words(rng, rng.integers(1, 5))}


def tree(rng):
    return {'data': random_tree(rng), 'items': [random_tree(rng) for _ in range(3)]}


JSONS = [package_manifest, notebook, coco, openpose, detections, poses_3d, body_model, webcams,
         recorder, scene, boxes, settings, tree]  # fmt: skip
# Parts of a calibration, which are no calibration by themselves.
HALVES = [intrinsics_only, poses_only]


def as_toml(rng):
    lines = ['title = "x"']
    for i, word in enumerate(words(rng, 4)):
        lines += [
            f'[{word}_{i}]',
            f'name = "{word}"',
            f'size = {numbers(rng, 2)}',
            'enabled = true',
        ]
    return '\n'.join(lines) + '\n'


def as_yaml(rng):
    lines = ['version: 2', 'services:']
    for i, word in enumerate(words(rng, 4)):
        lines += [
            f'  {word}{i}:',
            f'    image: {word}:latest',
            f'    ports: {[int(v) for v in rng.integers(9999, size=2)]}',
        ]
    return '\n'.join(lines) + '\n'


def as_xml(rng):
    inner = ''.join(
        f'<{word} id="{i}" value="{rng.normal():.3f}">{rng.normal():.3f}</{word}>'
        for i, word in enumerate(words(rng, 6))
    )
    root = ['svg', 'annotation', 'project', 'rss', 'robot', 'opencv_storage'][rng.integers(6)]
    return f'<?xml version="1.0"?><{root}>{inner}</{root}>'


def as_log(rng):
    return ''.join(
        f'2024-01-{i:02d} 12:00:00 INFO {" ".join(words(rng, 4))} took {rng.normal():.3f} s\n'
        for i in range(1, 9)
    )


def as_csv(rng):
    rows = [','.join(words(rng, 4))] + [','.join(map(str, row)) for row in numbers(rng, 6, 4)]
    return '\n'.join(rows) + '\n'


def as_numbers(rng):
    shape = rng.integers(1, 6), rng.integers(1, 8)
    return '\n'.join(' '.join(map(str, row)) for row in numbers(rng, *shape)) + '\n'


TEXTS = {
    '.toml': as_toml,
    '.yaml': as_yaml,
    '.xml': as_xml,
    '.log': as_log,
    '.csv': as_csv,
    '.txt': as_numbers,
}


def other_files(folder, count, seed=0):
    """Write so many files; their paths."""
    rng = np.random.default_rng(seed)
    makers = [*((maker, '.json') for maker in [*JSONS, *HALVES]),
              *((maker, ending) for ending, maker in TEXTS.items())]  # fmt: skip
    paths = []
    for i in range(count):
        maker, ending = makers[i % len(makers)]
        content = maker(rng)
        path = folder / f'{i:04d}_{maker.__name__}{ending}'
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        paths.append(path)
    return paths
