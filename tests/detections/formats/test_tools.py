"""Each tool's numbers where they come from: its own tables of joints, formulas and file names."""

import shutil

import numpy as np
import pytest
from dataset_files import small_rig
from errors import fails
from keypoint_layouts import (
    SIZE,
    easymocap,
    freemocap,
    openpose_folders,
    people,
    person_33,
    save_rows,
    shares,
    sleap,
    yolo_line,
)
from tool_files import (
    CAMERAS,
    expected,
    flat,
    mmpose_instances,
    openpose_json,
    person,
    results,
    save,
)

from mmpose_ours.detections import read_detections, read_keypoints
from mmpose_ours.detections.format_table import recognise
from mmpose_ours.detections.formats.source import Source
from mmpose_ours.errors import FileFormatError, LimitError
from mmpose_ours.io.limits import limited
from mmpose_ours.structures.skeletons import SKELETONS

RIG = small_rig(CAMERAS, size=SIZE)

# OpenPose's cocoJsonSaver.cpp: COCO's joints as indices of its 18.
OPENPOSE_COCO = [0, 15, 14, 17, 16, 5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10]
# AlphaPose's pPose_nms.py: OpenPose's 18 joints as places in COCO's list of triples, of which the
# 18th is the middle of both shoulders.
ALPHAPOSE_OPEN = [0, 51, 18, 24, 30, 15, 21, 27, 36, 42, 48, 33, 39, 45, 6, 3, 12, 9]
# EasyMocap's mediapipe_wrapper.py: BODY_25 as indices of BlazePose's joints. The neck and the
# middle of the hips, 1 and 8, are computed, and both toes of a foot are the same.
EASYMOCAP_MEDIAPIPE = [0, 0, 12, 14, 16, 11, 13, 15, 0, 24, 26, 28, 23, 25, 27, 5, 2, 8, 7, 31, 31,
                       29, 32, 32, 30]  # fmt: skip


def test_openposes_coco_json_is_cocos_order(tmp_path):
    """And a joint that is missing is -1, -1, 0."""
    found = person('coco18')[OPENPOSE_COCO]
    found[3] = -1, -1, 0
    save(tmp_path / 'cam_a.json', results(12, found))
    read = read_detections(tmp_path)
    want = expected()
    want[3] = 0
    np.testing.assert_array_equal(read['12']['cam_a'], [want])


def test_one_results_file_of_several_cameras_needs_its_images(tmp_path):
    save(tmp_path / 'results.json', results(12, person()))
    with fails(FileFormatError, code='missing-value', file=tmp_path, expected='images'):
        read_detections(tmp_path, CAMERAS)
    assert list(read_detections(tmp_path / 'results.json', ['cam_a'])['12']) == ['cam_a']


def test_results_with_file_names_need_no_other_file(tmp_path):
    found = [
        {**result, 'file_name': f'{camera}/000007.jpg'}
        for camera in CAMERAS
        for result in results('7', person())
    ]
    read = read_detections(save(tmp_path / 'coco_instances_results.json', found))
    assert {camera: len(rows) for camera, rows in read['7'].items()} == dict.fromkeys(CAMERAS, 1)


def test_alphaposes_open_form_is_openposes_order(tmp_path):
    values = flat(person())
    values += [(values[15 + i] + values[18 + i]) / 2 for i in range(3)]
    joints = [values[at + i] for at in ALPHAPOSE_OPEN for i in range(3)]
    content = {'version': 'AlphaPose v0.3', 'people': [{'pose_keypoints_2d': joints}]}
    read = read_detections(save(tmp_path / 'alphapose-results.json', {'cam_a_3.jpg': content}))
    np.testing.assert_array_equal(read['3']['cam_a'], [expected()])


def test_body_25_of_easymocap_is_as_its_own_table_has_it():
    body, blaze = SKELETONS['body25'].joints, SKELETONS['blazepose33'].joints
    for index, other in enumerate(EASYMOCAP_MEDIAPIPE):
        if index not in (1, 8) and 'toe' not in body[index]:
            assert body[index] == blaze[other]


@pytest.mark.parametrize('part, count', [('handl2d', 21), ('face2d', 70), ('face2d', 478)])
def test_easymocaps_hands_and_faces(tmp_path, part, count):
    """A face mesh of MediaPipe is left out."""
    annot = {'personID': 0, 'bbox': [0] * 5, 'keypoints': person('body25').tolist(),
             part: [[5.0, 6.0, 0.5]] * count}  # fmt: skip
    save(tmp_path / 'cam_a' / '000001.json', {'filename': '1.jpg', 'annots': [annot]})
    read = read_keypoints(tmp_path)['1']['cam_a']
    name = {21: 'body25_hands', 70: 'body25_face', 478: 'body25'}[count]
    assert read.skeleton == SKELETONS[name]
    np.testing.assert_array_equal(read.to(SKELETONS['coco17']).array, [expected()])
    if count == 21:
        assert read.array[0, 25].tolist() == [5, 6, 0.5] and read.array[0, 46].tolist() == [0] * 3


def test_easymocaps_recording_and_its_lists(tmp_path):
    easymocap(tmp_path / 'a')
    assert recognise(Source(tmp_path / 'a' / 'annots'))[0] == 'easymocap'
    people = [{'personID': 0, 'bbox': [0] * 5, 'keypoints': person().tolist()}]
    save(tmp_path / 'b' / 'cam_a' / '000001.json', people)
    assert recognise(Source(tmp_path / 'b'))[0] == 'easymocap'
    np.testing.assert_array_equal(read_detections(tmp_path / 'b')['1']['cam_a'], [expected()])


def test_easymocaps_boxes_alone_are_refused(tmp_path):
    content = {'filename': '1.jpg', 'annots': [{'personID': 0, 'bbox': [1, 2, 3, 4, 0.9]}]}
    file = save(tmp_path / 'cam_a' / '000001.json', content)
    fields = dict(file=file, camera='cam_a', frame=1, expected='keypoints')
    with fails(FileFormatError, code='missing-value', **fields):
        read_detections(tmp_path)


def test_ultralytics_divides_by_width_and_height(tmp_path):
    """results.py: xyn = xy / (width, height), and a joint below a score of 0.5 is at 0, 0."""
    rows = person()
    rows[5] = 0, 0, 0.25
    labels = tmp_path / 'cam_a' / 'labels'
    labels.mkdir(parents=True)
    (labels / 'video_7.txt').write_text(yolo_line(rows))
    read = read_detections(tmp_path, rig=small_rig(['cam_a'], size=SIZE))
    want = expected()
    want[5] = 0
    np.testing.assert_array_equal(read['7']['cam_a'], [want])
    with fails(FileFormatError, code='missing-value', file=tmp_path, camera='cam_a'):
        read_detections(tmp_path)


@pytest.mark.parametrize('more', [(), (0.9,), (0.9, 12), (12,)])
@pytest.mark.parametrize('size', [2, 3])
def test_yolos_lines_with_and_without_scores_confidence_and_track(tmp_path, size, more):
    labels = tmp_path / 'labels'
    labels.mkdir()
    for camera in CAMERAS:
        words = yolo_line(person()).split()
        joints = np.reshape(words[5:], (-1, 3))[:, :size].ravel()
        (labels / f'{camera}_3.txt').write_text(' '.join([*words[:5], *joints, *map(str, more)]))
    read = read_detections(tmp_path, rig=RIG)
    want = expected()
    if size == 2:
        want[:, 2] = 1
    np.testing.assert_array_equal(read['3']['cam_b'], [want])


def test_yolos_annotations_have_flags(tmp_path):
    rows = person()
    rows[:, 2] = [2, 1] * 8 + [0]
    labels = tmp_path / 'cam_a'
    labels.mkdir()
    (labels / '000003.txt').write_text(yolo_line(rows))
    scores = read_detections(tmp_path, rig=small_rig(['cam_a'], size=SIZE))['3']['cam_a'][0, :, 2]
    assert scores.tolist() == [1] * 16 + [0]


def test_yolos_lines_of_another_length_are_refused(tmp_path):
    labels = tmp_path / 'cam_a'
    labels.mkdir()
    for frame in range(30):
        (labels / f'{frame}.txt').write_text(yolo_line(person()))
    (labels / '30.txt').write_text('0 0.5 0.5 0.1 0.1\n')
    file = dict(file=labels / '30.txt', camera='cam_a', frame=30)
    with fails(FileFormatError, code='wrong-shape', found=5, expected=(56, 58), **file):
        read_detections(tmp_path, rig=small_rig(['cam_a'], size=SIZE))


def test_dwpose_on_a_resized_canvas(tmp_path):
    """A canvas of half the size: shares and pixels of it are the same people."""
    canvas = {'canvas_width': SIZE[0] // 2, 'canvas_height': SIZE[1] // 2}
    first = person('coco18')
    for camera, rows in zip(CAMERAS, (shares(first), first * (0.5, 0.5, 1))):
        found = [{'pose_keypoints_2d': flat(rows), 'face_keypoints_2d': None}]
        save(tmp_path / camera / '1.json', {'people': found, **canvas})
    with_sizes = read_detections(tmp_path, rig=RIG)['1']
    without = read_detections(tmp_path)['1']
    for camera in CAMERAS:
        np.testing.assert_array_equal(with_sizes[camera], [expected()])
        np.testing.assert_array_equal(without[camera], [expected() * (0.5, 0.5, 1)])


def test_dwposes_face_and_missing_fingers(tmp_path):
    """68 points of a face; ControlNet has a finger that was not found at -1 / width, score 1."""
    hand = [[0.25, 0.25, 1.0]] * 20 + [[-1 / SIZE[0], -1 / SIZE[1], 1.0]]
    found = {'pose_keypoints_2d': flat(shares(person('coco18'))),
             'face_keypoints_2d': [0.5, 0.5, 1.0] * 68, 'hand_right_keypoints_2d': None,
             'hand_left_keypoints_2d': flat(hand)}  # fmt: skip
    canvas = {'canvas_width': SIZE[0], 'canvas_height': SIZE[1]}
    save(tmp_path / 'cam_a' / '1.json', {'people': [found], **canvas})
    read = read_keypoints(tmp_path)['1']['cam_a']
    assert len(read.skeleton) == 18 + 68 + 42
    left = read.skeleton.index('left_hand_root')[0]
    assert read.array[0, left].tolist() == [128, 64, 1]
    assert read.array[0, left + 20].tolist() == [0, 0, 0], 'the last finger'
    np.testing.assert_array_equal(read.to(SKELETONS['coco17']).array, [expected()])


def test_freemocap_has_one_person_without_scores(tmp_path):
    """skellytracker: body, right hand, left hand, face; the third number is a depth."""
    freemocap(tmp_path)
    read = read_keypoints(tmp_path)
    assert list(read) == [str(frame) for frame in range(9)]
    first = read['7']['cam_a']
    joints = first.skeleton.joints
    assert joints[:33] == SKELETONS['blazepose33'].joints and len(joints) == 553
    assert joints[33] == 'right_hand_root' and joints[54] == 'left_hand_root'
    want = person_33().astype(np.float32)
    want[:, 2] = 1
    np.testing.assert_array_equal(first.array[0, :33], want)
    assert len(read['7']['cam_b']) == 0 and len(read['8']['cam_b']) == 1


def test_freemocaps_cameras_are_those_wanted_where_there_are_no_videos(tmp_path):
    freemocap(tmp_path)
    shutil.rmtree(tmp_path / 'synchronized_videos')
    assert list(read_keypoints(tmp_path, ['north', 'south'])['7']) == ['north', 'south']
    with fails(FileFormatError, code='conflict', found=2):
        read_keypoints(tmp_path)
    with fails(FileFormatError, code='conflict', found=2, expected=3):
        read_keypoints(tmp_path, ['a', 'b', 'c'])


def test_freemocaps_arrays_of_another_shape_are_refused(tmp_path):
    name = 'mediapipe2dData_numCams_numFrames_numTrackedPoints_pixelXY.npy'
    np.save(tmp_path / name, np.zeros((3, 4)))
    with fails(FileFormatError, code='wrong-shape', file=tmp_path / name, found=(3, 4)):
        read_keypoints(tmp_path)
    np.save(tmp_path / name, np.zeros((2, 3, 17, 2)))
    with limited(frames=2), pytest.raises(LimitError):
        read_keypoints(tmp_path, CAMERAS)


def dlc_rows(*rows, joints=('snout', 'tail'), index=('scorer', 'bodyparts', 'coords')):
    columns = [(joint, coord) for joint in joints for coord in ('x', 'y', 'likelihood')]
    cells = {'scorer': ['DLC_x'] * len(columns), 'bodyparts': [joint for joint, _ in columns],
             'coords': [coord for _, coord in columns]}  # fmt: skip
    return [*([name, *cells[name]] for name in index), *rows]


@pytest.mark.parametrize(
    'name',
    ['cam1DLC_resnet50_reachingAug20shuffle1_30000.csv', 'cam1DLC_HrnetW32_x_snapshot_200_el.csv',
     'cam1DeepCut_resnet50_x.csv', 'cam1_superanimal_quadruped_hrnet_w32_x.csv', 'cam1.csv'],
)  # fmt: skip
def test_deeplabcut_names_files_after_the_video(tmp_path, name):
    save_rows(tmp_path / name, dlc_rows([0, 1.5, 2.5, 0.75, '', '', ''], ['1.0', *[''] * 6]))
    read = read_keypoints(tmp_path)
    people = read['0']['cam1']
    assert people.skeleton.joints == ('snout', 'tail')
    assert people.array.tolist() == [[[1.5, 2.5, 0.75], [0, 0, 0]]]
    assert len(read['1']['cam1']) == 0


def test_deeplabcuts_labels_are_of_images(tmp_path):
    """Without likelihood; the image in one cell or in three."""
    for camera, cells in (('cam1', ['labeled-data/cam1/img012.png']),
                          ('cam2', ['labeled-data', 'cam2', 'img012.png'])):  # fmt: skip
        blank = [''] * (len(cells) - 1)
        rows = [['scorer', *blank, 'Dan', 'Dan'], ['bodyparts', *blank, 'snout', 'snout'],
                ['coords', *blank, 'x', 'y'], [*cells, 3.5, 4.5]]  # fmt: skip
        save_rows(tmp_path / camera / 'CollectedData_Dan.csv', rows)
    read = read_keypoints(tmp_path)
    assert read['12']['cam1'].array.tolist() == read['12']['cam2'].array.tolist()
    assert read['12']['cam1'].array.tolist() == [[[3.5, 4.5, 1.0]]]
    assert list(read_keypoints(tmp_path / 'cam1')['12']) == ['cam1']


@pytest.mark.parametrize(
    'row, found',
    [
        ([0, 'much', 2, 0.5], 'much'),
        (['x', 1, 2, 0.5], 'x'),
        ([1.5, 10, 20, 0.5], '1.5'),
        (['-1', 10, 20, 0.5], '-1'),
    ],
)
def test_deeplabcuts_cells_are_numbers(tmp_path, row, found):
    file = save_rows(tmp_path / 'cam1.csv', dlc_rows(row, joints=('snout',)))
    with fails(FileFormatError, file=file, found=found):
        read_keypoints(tmp_path)


def test_deeplabcuts_filtered_file_beside_the_other_is_ambiguous(tmp_path):
    for ending in ('', '_filtered'):
        save_rows(tmp_path / f'cam1DLC_x{ending}.csv', dlc_rows([0, 1, 2, 0.5], joints=('snout',)))
    with fails(FileFormatError, code='ambiguous', file=tmp_path, camera='cam1'):
        read_keypoints(tmp_path)


def test_tables_with_semicolons_and_many_rows(tmp_path):
    rows = dlc_rows(*([frame, 10, 20, 0.5] for frame in range(4)), joints=('snout',))
    text = '\n'.join(';'.join(map(str, row)) for row in rows)
    (tmp_path / 'cam1.csv').write_text(f'\ufeff{text}\n', encoding='utf-8')
    assert list(read_keypoints(tmp_path)) == ['0', '1', '2', '3']
    with limited(frames=5), pytest.raises(LimitError):
        read_keypoints(tmp_path)
    with limited(motion_bytes=50), pytest.raises(FileFormatError):
        read_keypoints(tmp_path)


@pytest.mark.parametrize(
    'name, camera',
    [
        ('labels.v001.000_cam1.analysis.csv', 'cam1'),
        ('cam1.analysis.csv', 'cam1'),
        ('cam1.mp4.predictions.analysis.csv', 'cam1'),
        ('cam1.csv', 'cam1'),
    ],
)
def test_sleap_names_files_after_the_video(tmp_path, name, camera):
    save_rows(tmp_path / name, [['track', 'frame_idx', 'instance.score', 'a.x', 'a.y', 'a.score'],
                                ['', 4, 0.5, 7, 8, 0.25]])  # fmt: skip
    read = read_keypoints(tmp_path)
    assert read['4'][camera].array.tolist() == [[[7, 8, 0.25]]]


def test_sleaps_labels_have_no_scores_and_files_the_same_nodes(tmp_path):
    header = ['track', 'frame_idx', 'instance.score', 'a.x', 'a.y', 'b.x', 'b.y']
    save_rows(tmp_path / 'cam1.csv', [header, ['', 2, '', 10, 20, '', '']])
    assert read_keypoints(tmp_path)['2']['cam1'].array.tolist() == [[[10, 20, 1], [0, 0, 0]]]
    sleap(tmp_path)
    with fails(FileFormatError, code='conflict', expected=['a', 'b']):
        read_keypoints(tmp_path)


def test_mmposes_demo_of_one_folder_per_camera(tmp_path):
    meta = {'dataset_name': 'halpe26', 'keypoint_id2name': dict(enumerate('ab'))}
    content = [{**each, 'keypoints': [[1, 2], [3, 4]], 'keypoint_scores': [0.5, 0.25]}
               for each in mmpose_instances(person())]  # fmt: skip
    save(tmp_path / 'cam_a' / 'results_000003.json', {'meta_info': meta, 'instance_info': content})
    save(tmp_path / 'cam_a' / 'results_000004.json', {'meta_info': meta, 'instance_info': []})
    read = read_keypoints(tmp_path)
    assert read['3']['cam_a'].skeleton.joints == ('a', 'b')
    assert read['3']['cam_a'].array.tolist() == [[[1, 2, 0.5], [3, 4, 0.25]]]
    assert len(read['4']['cam_a']) == 0


def test_mmposes_3d_keypoints_are_refused(tmp_path):
    """The lifters' predictions have the same keys."""
    content = [{'keypoints': [[1, 2, 3]] * 17, 'keypoint_scores': [0.5] * 17}]
    file = save(tmp_path / 'cam_a' / '000003.json', content)
    with fails(FileFormatError, code='wrong-shape', file=file, camera='cam_a', frame=3, found=3):
        read_keypoints(tmp_path)


def test_a_folder_of_numbers_is_a_camera(tmp_path):
    for frame in (3, 4):
        save(tmp_path / 'cam_a' / f'{frame:06d}.json', openpose_json(person()))
    assert list(read_detections(tmp_path / 'cam_a')['3']) == ['cam_a']


def test_kinetics_joints_and_scores_belong_together(tmp_path):
    skeleton = {'pose': [0.5] * 34, 'score': [0.5] * 18}
    data = {'data': [{'frame_index': 1, 'skeleton': [skeleton]}], 'label': 'x'}
    file = save(tmp_path / 'cam_a.json', data)
    with fails(FileFormatError, code='wrong-shape', file=file, camera='cam_a', frame=1):
        read_detections(tmp_path)


def test_openpose_files_without_hands_beside_files_with_them(tmp_path):
    openpose_folders(tmp_path)
    first, _ = people('body25')
    content = openpose_json(first)
    content['people'][0]['hand_left_keypoints_2d'] = [1.0, 2.0, 0.5] * 21
    save(tmp_path / 'cam_a' / 'v_000000000008_keypoints.json', content)
    read = read_keypoints(tmp_path)
    assert read['7']['cam_a'].skeleton == SKELETONS['body25_hands']


@pytest.mark.parametrize('name', ['cam_a_frame_{}', 'cam_a-img{}', 'cam_a.{}', 'cam_a_{:06d}'])
def test_a_word_between_the_camera_and_the_number(tmp_path, name):
    for frame in (3, 4):
        save(tmp_path / f'{name.format(frame)}_keypoints.json', openpose_json(person()))
    read = read_detections(tmp_path)
    assert {frame: list(views) for frame, views in read.items()} == {'3': ['cam_a'], '4': ['cam_a']}


def test_images_called_frame_are_of_their_folder(tmp_path):
    save(tmp_path / 'gate' / 'frame_000012.json', openpose_json(person()))
    assert list(read_detections(tmp_path / 'gate')['12']) == ['gate']


def test_results_as_annotations_without_images(tmp_path):
    save(tmp_path / 'cam_a.json', {'annotations': results(5, person()), 'info': {}})
    np.testing.assert_array_equal(read_detections(tmp_path)['5']['cam_a'], [expected()])


@pytest.mark.parametrize('names', [('cam1', 'cam2'), ('left', 'right'), ('cam_01', 'cam_02')])
def test_one_image_per_camera_named_after_it(tmp_path, names):
    for name in names:
        content = {'meta_info': {}, 'instance_info': mmpose_instances(person())}
        save(tmp_path / f'results_{name}.json', content)
    wanted = [name.replace('_0', '') for name in names]
    assert {frame: [*views] for frame, views in read_detections(tmp_path, wanted).items()} == {
        '0': wanted
    }


def test_cameras_and_images_of_numbers_alone(tmp_path):
    for camera in ('1', '2'):
        for frame in (1, 2):
            save(tmp_path / 'a' / camera / f'{frame}.json', openpose_json(person()))
            save(tmp_path / '1' / f'{frame}.json', openpose_json(person()))
    assert list(read_detections(tmp_path / 'a', ['1', '2'])) == ['1', '2']
    assert list(read_detections(tmp_path / '1', ['1'])) == ['1', '2']
