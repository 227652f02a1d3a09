"""A taken port gives the next free one."""

import socket

from retailops.runtime import ports


def test_a_taken_port_gives_the_next_free_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]

        chosen = ports.choose("127.0.0.1", number)

        assert not ports.is_free("127.0.0.1", number)
        assert number < chosen < number + ports.TRIES


def test_the_port_of_the_last_run_comes_first() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as released:
        number, last = taken.getsockname()[1], released.getsockname()[1]
        released.close()

        assert ports.choose("127.0.0.1", last, number) == last


def test_no_port_of_a_last_run_is_no_choice() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
    assert ports.choose("127.0.0.1", 0, number) >= number
