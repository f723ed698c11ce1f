# The baseline with a Gaussian body prior that covers the feet, without training:
#   python tools/test.py configs/ours/triangulation_ours_halpe26.py mmpose-ours://none
_base_ = ['./triangulation_ours.py']

model = dict(joints='halpe26')
test_dataloader = dict(dataset=dict(metainfo=dict(joints='halpe26')))
test_evaluator = dict(out_file='work_dirs/triangulation_ours_halpe26/predictions.json')
