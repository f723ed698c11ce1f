# People found by geometry, joints and whether they are there by a net that knows bodies. Nothing
# here depends on a rig.
model = dict(
    type='KeypointPrior',
    joints='coco17',
    data_preprocessor=dict(type='RayPreprocessor'),
    proposals=dict(max_people=10, max_pairs=64),
    net=dict(width=128, layers=3, heads=4),
    single_views=True,
    temporal=False,
    score_threshold=0.3,
    single_threshold=0.5,
    duplicate_mm=200.0,
)
