# The learned prior on your own cameras. As it comes, without training:
#   python tools/test.py configs/ours/keypoint_prior_ours.py mmpose-ours://keypoint_prior
# Training goes on from there, for your cameras and, with `faults`, your detector.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/keypoint_prior.py',
    '../_base_/ours_data.py',
    '../_base_/schedule_prior.py',
]

load_from = 'mmpose-ours://keypoint_prior'
train_dataloader = dict(batch_size=64, dataset=dict(num_samples=9600, scene=dict(min_views=1)))
# Without a truth file the only figure is the number of people; they are in this file.
test_evaluator = dict(out_file='work_dirs/keypoint_prior_ours/predictions.json')
