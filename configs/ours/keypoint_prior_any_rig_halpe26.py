# The learned prior with feet: synthetic people of HALPE-26, random rigs and detectors. No weights
# come with the package; this makes some:
#   bash tools/dist_train.sh configs/ours/keypoint_prior_any_rig_halpe26.py 2
_base_ = ['./keypoint_prior_any_rig.py']

model = dict(joints='halpe26')
skeleton = dict(metainfo=dict(joints='halpe26'))
train_dataloader = dict(dataset=skeleton)
val_dataloader = dict(dataset=skeleton)
test_dataloader = dict(dataset=skeleton)
