# The baseline on your own cameras, without training:
#   python tools/test.py configs/ours/triangulation_ours.py mmpose-ours://none
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/triangulation.py',
    '../_base_/ours_data.py',
]

train_dataloader = None
val_dataloader = None
val_evaluator = None
test_cfg = dict()
# Without a truth file the only figure is the number of people; they are in this file.
test_evaluator = dict(out_file='work_dirs/triangulation_ours/predictions.json')
