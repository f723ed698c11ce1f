"""Our code against stock MMPose 0.29, measured side by side: ``make bench``.

``bench.py`` sets one :mod:`~benchmarks.problem` (rig, people, sizes), starts two worker
processes, ours in ``.venv`` and the stock one in ``.venv-stock``, checks that both compute the
same numbers, and then has them work in turn.
"""
