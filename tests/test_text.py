"""Arguments as the reader of a message gives them."""

from mmpose_ours.text import argument, arguments_as_options


def test_options_of_another_command_say_so():
    with arguments_as_options({'skeleton': 'mmpose-ours keypoints'}):
        assert argument('skeleton', 'mpii16') == '--skeleton mpii16 of `mmpose-ours keypoints`'
        assert argument('skeleton') == '--skeleton of `mmpose-ours keypoints`'
        assert argument('rename', {'a': 'b'}) == '--rename a=b'
    with arguments_as_options():
        assert argument('skeleton') == '--skeleton'
