"""Guard of addresses that users give: nothing inside a private network may be reached through us (SSRF).

Checking the name when it is saved is not enough, because a name can be pointed elsewhere later: the addresses are
checked at connect time, and the connection goes to the very address that was checked.
"""

import ipaddress
import socket
from urllib.parse import urlsplit

from django.conf import settings

from connectors.failures import ForbiddenAddress

NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the public internet: not private, loopback, link-local or reserved."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if ip in NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    return ip.is_global and not ip.is_multicast


def private_allowed() -> bool:
    """Tell whether private destinations are allowed here (development, or an operator's explicit choice)."""
    return bool(settings.ALLOW_PRIVATE_DESTINATIONS)


def checked_address(host: str, port: int) -> str:
    """Resolve a host and return one public address of it.

    Raises ForbiddenAddress when any of its addresses is not public, OSError when it does not resolve.
    """
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not found or not all(is_public(address) for address in found):
        raise ForbiddenAddress(host)
    return found[0]


def refuse_private_literal(url: str) -> None:
    """Refuse an address whose host is plainly private, without resolving names. Raises ForbiddenAddress."""
    host = urlsplit(url).hostname or ""
    literal = _as_literal(host)
    if not private_allowed() and (host.lower() == "localhost" or (literal and not is_public(literal))):
        raise ForbiddenAddress(host)


def _as_literal(host: str) -> str:
    """Return the IP address that a host spells, also in the old forms (`127.1`, `0x7f000001`), else nothing."""
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return ""
