"""Tuned constants of cross-view association and temporal tracking, in one table.

The kernels and their callers import their thresholds, standard deviations and weights from here.
Limits that bound memory (``MAX_SINGLE_RAYS``, ``MAX_RECORDINGS``) stay in the
modules whose memory they bound. Lengths are in mm. *Chosen by* is given where it is known; a
constant without it was set by judgement.
"""

from __future__ import annotations

# --- Pairs of detections (proposals.py) ---

# mm. Ray-to-ray distances are clamped to this, and rays that come closest behind a camera get
# it, so that one outlier joint cannot dominate the mean over the joints of a pair. It must be
# larger than MAX_GAP_MM: the order in which pairs are tried is rank * GAP_LIMIT_MM + mean gap.
GAP_LIMIT_MM = 300.0
# mm. Default of ``Proposer.max_gap_mm``: largest mean ray-to-ray distance over the common joints
# of two detections with which the pair becomes a hypothesis.
MAX_GAP_MM = 150.0
# Joints. Two detections form a hypothesis only if both contain at least this many common joints.
MIN_COMMON_JOINTS = 4
# Joints. A detection is compared with a hypothesis only if they have at least this many joints in
# common. Chosen by: one fewer than MIN_COMMON_JOINTS, since the hypothesis has only those joints
# that both detections of its pair contain, and a third detection may lack one of them.
MIN_HYPOTHESIS_JOINTS = 3
# Sine of the angle between two rays. Smaller sines are replaced by this, so that the depths of
# nearly parallel rays, which geometry does not determine, stay finite.
MIN_SINE = 0.02

# --- Agreement of detections with hypotheses (proposals.py, hypotheses.py) ---

# mm. Default of ``Proposer.sigma_mm``: standard deviation of the Gaussian on point-to-ray distance.
AGREEMENT_SIGMA_MM = 100.0
# Agreement, 0 to 1. Default of ``Proposer.min_agreement``: inlier threshold of a detection.
MIN_AGREEMENT = 0.3
# Agreement, 0 to 1. A detection that agrees at least this much with a person who is already found
# does not become a single-view person.
EXPLAINED_AGREEMENT = 0.25
# Joints. Default of ``PeopleFinder.min_single_joints``: joints that a detection needs to become a
# single-view person.
MIN_SINGLE_JOINTS = 5

# --- Triangulation (rays.py, proposals.py) ---

# Weight of the prior mean (0, 0, 0), the middle of the capture volume, where one ray of weight 1
# weighs 1. Small: it only keeps the equations of joints with fewer than two rays solvable.
WEAK_PRIOR_WEIGHT = 1e-4
# mm. Scale c of the Geman-McClure weight 1 / (1 + d^2 / c^2)^2 of a ray at the distance d.
TRIANGULATION_SCALE_MM = 120.0

# --- Person frame and body prior (person_frame.py, body.py) ---

# People whose trunk has a smaller sine of elevation lie or are upside down: 20 degrees. And the
# height at which their hips are put, that of standing people.
MIN_UPRIGHT, HIPS_MM = 0.34, 930.0
# Headings that are tried for people whose heading cannot be computed from triangulated joints.
HEADINGS = 8
# Joints that must be triangulated, at least, to locate a person by them.
MIN_LOCATED_JOINTS = 3
# mm. A ray's intersection with a horizontal plane that is farther from the camera is ignored, and
# the depth that is used if no joint of a detection has a usable intersection.
MAX_DEPTH_MM, DEFAULT_DEPTH_MM = 15000.0, 4000.0
# Sine of a ray's elevation. Rays that are closer to horizontal have no usable intersection.
MIN_ELEVATION_SINE = 0.03

# --- Height of the floor (people.py) ---

# mm. Height of the ankle joints of standing people above the floor, and the standard deviation
# of that height.
ANKLE_MM, ANKLE_STD_MM = 94.0, 50.0
# mm. Difference between the height of the true floor and that of z = 0 in a calibration: its
# standard deviation; and the largest one that a person's ankles may indicate (beyond it the person
# is taken not to stand on the floor).
FLOOR_STD_MM, FLOOR_LIMIT_MM = 80.0, 300.0

# --- Temporal tracking (carry_over.py) ---

# mm. Standard deviation of a joint's motion from one frame to the next.
MOTION_STD_MM = 80.0
# mm. A pose with a smaller mean joint distance to a pose of the previous frame is the same person.
SAME_PERSON_MM = 350.0

# --- Duplicate suppression (duplicate_suppression.py) ---

# mm. A pose whose mean ray-to-limb distance to a higher-scored pose is at most this is a duplicate.
# Chosen by: 19 of 20 duplicates of MediaPipe are below it. Of the people whom five cameras of
# Shelf confirm, 1 in 1000 is below it where two or three cameras show the person, and 1 in 150
# where one camera does.
SUPPRESSION_MM = 110.0
# mm. Ray-to-limb distances are clamped to this; it is also the distance of the one pseudo-ray that
# is added to the mean of each person, so that a person with few joints is suppressed less easily.
RAY_TO_LIMB_LIMIT_MM = 300.0
# Points at equal distances that represent a limb, its two ends included.
POINTS_PER_LIMB = 4

# --- Inputs of the network (network_inputs.py) ---

# mm. Units of the inputs, so that they are around 1: offsets of joints from rays, and depths.
OFFSET_UNIT_MM, DEPTH_UNIT_MM = 100.0, 5000.0
# mm. Offsets of joints from rays are shortened to this length.
MAX_OFFSET_MM = 500.0
# The number of views is clamped to this.
MAX_VIEWS = 8
# m. Distance of the nearest other person, where there is none or it is farther.
NO_NEIGHBOUR_M = 2.0
# Numbers per ray, and per person.
NUM_RAY_INPUTS, NUM_PERSON_INPUTS = 9, 11

# --- Lengths of segments (segments.py) ---

# Standard deviation of a segment around its person's length, as a share of it.
LENGTH_STIFFNESS = 0.02
# Gauss-Newton steps.
LENGTH_STEPS = 6
# Standard deviation, as a share, of a person's hands (or feet) around their usual share of the
# stature.
PART_SIZE_SPREAD = 0.25
# Standard deviation of a measured length beyond that of its ends, as a share: joints of detectors
# are not quite points of a body.
MODEL_SPREAD = 0.05
# Measured lengths outside of this range, as shares of what is expected, are of wrong joints.
PLAUSIBLE_LENGTHS = (0.4, 2.2)

# --- Joints of parts (parts.py) ---

# Scale of the Geman-McClure weight 1 / (1 + d^2 / c^2)^2, in standard deviations of a ray, and the
# distance up to which a ray counts as agreeing.
PART_SCALE_STDS, INLIER_STDS = 3.0, 3.0
# Views with the most joints of a part, whose pairs make its hypotheses.
MAX_HYPOTHESIS_VIEWS = 8
# IRLS steps.
PART_STEPS = 3
# A view that agrees on a smaller share of the joints that it shows of a part takes no part in it;
# not asked of parts with fewer joints than the second number.
LEAST_TRUST, LEAST_JOINTS = 0.34, 3
# What is usually so counts as so many residuals of a part.
USUAL_FREEDOM = 10.0
# Sine of the angle between rays below which they do not tell where they meet.
MIN_PART_SINE = 0.05
# mm^-2. Added to the diagonals of the equations, which keeps them solvable.
WEAK_PRECISION = 1e-9
