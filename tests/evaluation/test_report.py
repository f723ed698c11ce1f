import json
import subprocess
import sys

import numpy as np
import pytest
from campus_people import STANDING, standing
from errors import fails
from scipy.io import savemat

from mmpose_ours.cli.main import main
from mmpose_ours.errors import InputError, LimitError
from mmpose_ours.evaluation import evaluate_files
from mmpose_ours.evaluation.frame_ranges import format_frames, name_frames, parse_frames
from mmpose_ours.predictions.reading import write_predictions
from mmpose_ours.structures.poses import Poses3D
from mmpose_ours.structures.skeletons import SKELETONS

FRAMES = 400


@pytest.fixture
def campus(tmp_path):
    """Truth with one person in frames 350 to 353, and predictions that lack frame 352."""
    actors = np.empty((1, 3), dtype=object)
    for index in range(3):
        column = np.empty((FRAMES, 1), dtype=object)
        for frame in range(FRAMES):
            there = index == 0 and 350 <= frame <= 353
            column[frame, 0] = STANDING / 1000 if there else np.empty((1, 0))
        actors[0, index] = column
    savemat(str(tmp_path / 'actorsGT.mat'), {'actor3D': actors})
    frames = {frame: standing()[None] for frame in (350, 351)}
    frames[353] = np.stack([standing(), standing(3000)])
    write_predictions(tmp_path / 'pred.json', frames, 'campus14')
    return tmp_path


@pytest.fixture
def panoptic(tmp_path):
    body = np.arange(45.0).reshape(15, 3) * 30
    write_predictions(tmp_path / 'gt.json', {0: body[None], 1: np.empty((0, 15, 3))}, 'panoptic15')
    found = np.stack([body + [0, 0, 30], body + 4000])
    people = Poses3D(SKELETONS['panoptic15'], found, np.array([0.9, 0.8]))
    write_predictions(tmp_path / 'pred.json', {0: people, 1: np.empty((0, 15, 3))}, 'panoptic15')
    return tmp_path


def arguments(folder, dataset='campus', gt='actorsGT.mat', **options):
    options = {'dataset': dataset, 'gt': folder / gt, 'pred': folder / 'pred.json', **options}
    return ['evaluate'] + [str(x) for key, value in options.items() for x in (f'--{key}', value)]


def test_frame_ranges():
    assert parse_frames('350-352, 7,351') == [7, 350, 351, 352]
    assert format_frames([352, 7, 350, 351]) == '7,350-352'
    assert name_frames(['a', 'b']) == 'a,b'
    assert name_frames(list(range(0, 100, 2)), 10) == '0,2,4,6,8,...'
    for text in ('', 'a', '1-', '-3', '1--2'):
        with fails(InputError, code='invalid-input', found=text):
            parse_frames(text)
    with fails(InputError, code='invalid-input', found=''):
        parse_frames('1,,2')
    with fails(InputError, code='out-of-range', found='3-1', expected='1-3'):
        parse_frames('3-1')
    for text in ('0-4000000', '0-999999999999999999', '1-2000000,2-2000002'):
        with fails(LimitError, limit='frames'):
            parse_frames(text)
    with fails(InputError, code='invalid-input', found='9' * 5000):
        parse_frames('9' * 5000)


PUBLISHED = {
    'crossview': ([97.14, 94.13, 98.62], 96.63, [476, 1779, 1361]),
    'voxelpose': ([96.12, 94.13, 98.48], 96.24, [471, 1779, 1359]),
}


@pytest.mark.parametrize('head', sorted(PUBLISHED))
def test_published_figures_on_campus(shared_data, head):
    folder = shared_data / 'campus'
    report = evaluate_files(
        'campus',
        folder / 'actorsGT.mat',
        folder / 'published_tracker_result_3d.json',
        frames='350-470,650-750',
        head=head,
    )
    percents, average, correct = PUBLISHED[head]
    assert [round(actor['pcp'], 2) for actor in report['actors']] == percents
    assert round(report['pcp'], 2) == average
    assert [actor['correct'] for actor in report['actors']] == correct
    assert [actor['total'] for actor in report['actors']] == [490, 1890, 1380]
    assert report['frames'] == 222 and report['empty_frames'] == 0
    assert report['warnings'] == []


def test_published_frames_are_the_default(shared_data):
    folder = shared_data / 'campus'
    files = (folder / 'actorsGT.mat', folder / 'published_tracker_result_3d.json')
    assert evaluate_files('campus', *files)['frame_ranges'] == '350-470,650-750'


def test_truth_scores_full_marks_on_shelf(shared_data, tmp_path):
    from mmpose_ours.evaluation import read_actors

    truth = read_actors(shared_data / 'shelf/actorsGT.mat')
    people = {f: truth[f][np.isfinite(truth[f]).all((-1, -2))] for f in range(300, len(truth))}
    write_predictions(tmp_path / 'pred.json', people, 'campus14')
    report = evaluate_files('shelf', shared_data / 'shelf/actorsGT.mat', tmp_path / 'pred.json')
    assert report['frame_ranges'] == '300-549'
    assert 'ends at frame 549, so 51 of the 301 frames' in report['warnings'][0]
    assert [actor['pcp'] for actor in report['actors']] == [100] * 4
    assert report['averaged_actors'] == [1, 2, 3] and report['unmatched'] == 0


def test_table(campus, capsys):
    assert main(arguments(campus)) == 0
    out = capsys.readouterr().out
    assert 'campus: 50 frames (350-399), joints campus14, head voxelpose' in out
    assert 'actor 1   75.00       30 of 40  75.00' in out
    assert 'average   75.00 ' in out
    assert '3 of 4 annotated people' in out
    assert '0.02 per frame (1 in all' in out
    assert '1 with annotated people and no prediction' in out
    assert 'lacks 47 of 50 frames (352,354-399)' in out


def test_json_is_strict(campus, capsys):
    assert main([*arguments(campus, frames='350-353'), '--json']) == 0

    def refuse(constant):
        raise AssertionError(constant)

    report = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert report['pcp'] == 75
    assert report['actors'][1]['pcp'] is None
    assert report['unmatched_per_frame'] == 0.25 and report['empty_frames'] == 1
    assert report['frames_missing'] == 1


def test_panoptic_table_and_json(panoptic, capsys):
    arguments_ = arguments(panoptic, 'panoptic', 'gt.json')
    assert main(arguments_) == 0
    out = capsys.readouterr().out
    assert 'panoptic: 2 frames (0-1), 15 joints compared (panoptic15 with panoptic15)' in out
    assert '30.0 mm over those found' in out
    assert '0.50 per frame (1 of 2 predictions)' in out
    assert main([*arguments_, '--json']) == 0
    report = json.loads(capsys.readouterr().out)
    assert report['ap'] == {'25': 0, '50': 1, '75': 1, '100': 1, '125': 1, '150': 1}
    assert report['recall_500mm'] == 1


def test_joints_that_the_predictions_cannot_have_are_not_compared(panoptic):
    body = np.arange(51.0).reshape(17, 3) * 30
    write_predictions(panoptic / 'gt.json', {0: body[None]}, 'coco17')
    report = evaluate_files('panoptic', panoptic / 'gt.json', panoptic / 'pred.json')
    assert len(report['joints_compared']) == 13
    assert 'left_eye' not in report['joints_compared']


@pytest.mark.parametrize(
    ('unit', 'up', 'factor', 'order'),
    [('mm', 'z', 1e-3, [0, 1, 2]), ('cm', 'z', 1, [0, 1, 2]), ('m', '-y', 1e-3, [0, 1, 2])],
)
def test_a_wrong_unit_or_up_axis_is_diagnosed(campus, unit, up, factor, order):
    pose = (standing(2000, 3000) * factor)[:, order].tolist()
    actors = np.empty((1, 3), dtype=object)
    for index in range(3):
        actors[0, index] = np.empty((360, 1), dtype=object)
        for frame in range(360):
            there = index == 0
            actors[0, index][frame, 0] = standing(2000, 3000) / 1000 if there else np.empty((1, 0))
    savemat(str(campus / 'actorsGT.mat'), {'actor3D': actors})
    document = {'unit': unit, 'up': up, 'joints': 'campus14'}
    document['frames'] = {str(frame): [pose] for frame in range(350, 360)}
    (campus / 'pred.json').write_text(json.dumps(document))
    report = evaluate_files('campus', campus / 'actorsGT.mat', campus / 'pred.json')
    assert report['pcp'] == 0
    (warning,) = [text for text in report['warnings'] if 'as unit' in text]
    assert 'would find 100%; correct "unit" and "up"' in warning
    right = 'm' if factor == 1e-3 else 'mm'
    assert f'as unit "{right}" and up "z" it would' in warning


def test_frames_in_which_nobody_is_annotated_are_reported(campus):
    write_predictions(campus / 'pred.json', {0: standing()[None]}, 'campus14')
    report = evaluate_files('campus', campus / 'actorsGT.mat', campus / 'pred.json', frames='0')
    assert report['pcp'] is None and report['unmatched'] == 1
    assert 'actorsGT.mat: nobody is annotated' in report['warnings'][0]


def error_of(capsys, argv):
    """The one line that the command prints about bad input."""
    assert main(argv) == 2
    captured = capsys.readouterr()
    assert captured.out == '' and captured.err.count('\n') == 1
    return captured.err


def test_bad_input_is_one_sentence_and_exit_code_2(campus, capsys):
    for options, message in (
        ({'frames': '350-'}, "'350-' is no range; write 350-470,650-750"),
        ({'frames': '390-410'}, 'actorsGT.mat: has no frame 400, it holds 0-399; change --frames'),
        ({'frames': '1-9'}, 'pred.json: has none of the 9 frames 1-9 to compare; number'),
        ({'pred': campus / 'absent.json'}, 'absent.json: no such file; correct --pred'),
        (
            {'pred': campus / 'actorsGT.mat'},
            'actorsGT.mat: not valid JSON (no UTF-8 text but binary data); name a file in the '
            'Predictions format',
        ),
        ({'pred': campus}, 'is a directory; name a file in that folder'),
        ({'gt': campus}, 'is a directory; name a file in that folder'),
        ({'gt': campus / 'pred.json'}, 'pred.json: not a MATLAB file'),
    ):
        assert message in error_of(capsys, arguments(campus, **options))


def test_the_truth_of_another_data_set(shared_data, tmp_path, capsys):
    write_predictions(tmp_path / 'pred.json', {350: standing()[None]}, 'campus14')
    for dataset, other, counts in (('shelf', 'campus', (3, 4)), ('campus', 'shelf', (4, 3))):
        said = error_of(capsys, arguments(tmp_path, dataset, shared_data / other / 'actorsGT.mat'))
        assert f'holds {counts[0]} actors, but {dataset} has {counts[1]}' in said
        assert f'say --dataset {other}, or name the actorsGT.mat of {dataset}' in said


def test_a_truth_that_ends_early_is_reported(campus):
    report = evaluate_files('campus', campus / 'actorsGT.mat', campus / 'pred.json')
    assert 'ends at frame 399, so 172 of the 222 frames' in report['warnings'][0]
    report = evaluate_files('campus', campus / 'actorsGT.mat', campus / 'pred.json', '350-351')
    assert report['warnings'] == []


def test_frames_that_are_no_numbers_are_not_in_an_actors_file(campus):
    files = campus / 'actorsGT.mat', campus / 'pred.json'
    with fails(InputError, code='no-match', file=files[0], frame='a', expected=(0, 399)):
        evaluate_files('campus', *files, frames=[350, 'a'])


def test_a_head_that_the_joints_cannot_make_is_an_error(campus, capsys):
    write_predictions(campus / 'pred.json', {350: np.ones((1, 15, 3))}, 'panoptic15')
    message = error_of(capsys, arguments(campus))
    assert 'panoptic15 cannot make bottom_head, top_head with --head voxelpose' in message
    assert main(arguments(campus, head='crossview')) == 0


def test_panoptic_bad_input(panoptic, capsys):
    tail = {'dataset': 'panoptic', 'gt': 'gt.json'}
    message = error_of(capsys, arguments(panoptic, frames='0-5', **tail))
    assert 'gt.json: lacks frame 2 (4 of 6); change --frames' in message
    message = error_of(capsys, arguments(panoptic, 'panoptic', '.'))
    assert 'has no body3DScene_*.json' in message
    write_predictions(panoptic / 'gt.json', {}, 'panoptic15')
    assert 'holds no frame' in error_of(capsys, arguments(panoptic, **tail))


def test_unknown_names_are_errors():
    known = ['campus', 'shelf', 'panoptic']
    with fails(InputError, code='unknown-name', found='coco', expected=known):
        evaluate_files('coco', 'a', 'b')
    known = ['voxelpose', 'crossview']
    with fails(InputError, code='unknown-name', found='nose', expected=known):
        evaluate_files('campus', 'a', 'b', head='nose')


def test_evaluation_needs_no_torch():
    code = (
        'import sys, mmpose_ours.evaluation; '
        'sys.exit(bool({"torch", "mmengine", "mmpose"} & set(sys.modules)))'
    )
    assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0
