# Geometry alone: nothing to train.
model = dict(
    type='TriangulatePose',
    joints='coco17',
    data_preprocessor=dict(type='RayPreprocessor'),
    proposals=dict(max_people=10, max_pairs=64),
    single_views=False,
    temporal=False,
    fill=True,
    duplicate_mm=200.0,
)
