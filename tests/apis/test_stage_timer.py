import pytest

from mmpose_ours.apis import stage_timer as stopwatch
from mmpose_ours.apis.stage_timer import StageTimer, format_seconds


def test_a_stage_inside_of_another_counts_for_itself_only(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(stopwatch.time, 'perf_counter', lambda: now[0])
    watch = StageTimer()
    with watch.stage('outer'):
        now[0] += 1
        with pytest.raises(KeyError), watch.stage('inner'):
            now[0] += 0.5
            raise KeyError
        now[0] += 2
    now[0] += 9  # of no stage
    with watch.stage('short'):
        now[0] += 1e-6
    assert watch.seconds == pytest.approx({'outer': 3, 'inner': 0.5, 'short': 1e-6})
    assert watch.summary(2) == 'outer 1.5 s, inner 250.0 ms'
    assert format_seconds(0.0123) == '12.3 ms'
