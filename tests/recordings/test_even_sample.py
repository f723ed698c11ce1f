"""An even sample of a stream of unknown length."""

from mmpose_ours.recordings.even_sample import EvenSample


def test_items_are_evenly_spaced_and_few():
    sample = EvenSample(8)
    for index in range(100):
        sample.add(index, str(index))
        assert len(sample.items) <= 8
    kept = list(sample.items)
    assert kept == list(range(0, 97, 16))
    assert sample.items[32] == '32'
