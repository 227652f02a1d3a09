"""Tests cannot reach beyond this machine."""

import socket

import pytest
from pytest_socket import SocketConnectBlockedError


def test_a_connection_to_the_outside_is_refused() -> None:
    with socket.socket() as outside, pytest.warns(UserWarning, match="192.0.2.1"):  # noqa: SIM117 - the socket stands before the warning is awaited
        with pytest.raises(SocketConnectBlockedError):
            outside.connect(("192.0.2.1", 443))


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()
