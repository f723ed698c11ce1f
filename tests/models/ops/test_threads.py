"""How many threads small operations get."""

import time

import pytest

torch = pytest.importorskip('torch', reason='threads are those of torch')

from mmpose_ours.models.ops.threads import measured_threads, torch_threads  # noqa: E402


@pytest.fixture(autouse=True)
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_the_number_of_threads_holds_for_a_block_only():
    with pytest.raises(KeyError), torch_threads(1):
        assert torch.get_num_threads() == 1
        raise KeyError
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize(('seconds', 'expected'), [((0.02, 0.005), 2), ((0.02, 0.018), 1)])
def test_several_threads_only_where_they_are_much_faster(seconds, expected):
    def work():
        time.sleep(seconds[torch.get_num_threads() - 1])

    assert measured_threads(work) == expected
    assert torch.get_num_threads() == 2
